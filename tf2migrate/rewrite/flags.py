"""Command-line flags: ``tf.app`` and ``tf.flags`` become absl, in calls, names and imports."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import libcst as cst

from tf2migrate.api.flags import MODULES, absl_name, is_flags, renamed
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import canonical_import
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.flag_parsing import MARK
from tf2migrate.rewrite.templates import Templates


# ---------------------------------------------------------------------- calls
def absl_call(name: str, call: cst.Call, flags: str = MARK) -> cst.Call:
    """The arguments that absl wants; ``name`` is absl's name of the function, ``flags`` that of its module."""
    if name == "absl.app.run":
        return _run(call, flags)
    args = [
        arg.with_changes(keyword=arg.keyword.with_changes(value=renamed(name, arg.keyword.value)))
        if arg.keyword is not None
        else arg
        for arg in call.args
    ]
    return call.with_changes(args=args)


def _run(call: cst.Call, flags: str) -> cst.Call:
    """``tf.app.run`` finds ``main`` by itself, and leaves flags that nobody defined to it."""
    args = list(call.args)
    if any(arg.keyword is not None and arg.keyword.value == "flags_parser" for arg in args):
        return call
    main = next((i for i, arg in enumerate(args) if _is_main(i, arg)), None)
    if main is None:
        args.insert(0, cst.Arg(cst.Name("main")))
    elif isinstance(args[main].value, cst.Name) and cast(cst.Name, args[main].value).value == "None":
        args[main] = args[main].with_changes(value=cst.Name("main"))
    parser = cst.parse_expression(f"lambda argv: {flags}.FLAGS(argv, known_only=True)")
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    args.append(cst.Arg(parser, keyword=cst.Name("flags_parser"), equal=equal))
    return call.with_changes(args=args)


def _is_main(position: int, arg: cst.Arg) -> bool:
    return arg.keyword.value == "main" if arg.keyword is not None else position == 0


# ---------------------------------------------------------------------- names and imports
def use_absl(tree: cst.Module, module: Module) -> cst.Module:
    """The module with every name of ``tf.app`` and ``tf.flags`` taken from absl. Raises ``NotPlanned``."""
    names = _Names(tree, module)
    if not names.concerned:
        return tree
    edit = _Absl(names)
    made = tree.visit(edit)
    lines = list(dict.fromkeys([*names.imports(), *edit.imports]))
    return _with_imports(made, lines)


class _Names:
    """What the names of one module have to do with flags, and how absl will be spelled in it."""

    def __init__(self, tree: cst.Module, module: Module) -> None:
        self.module = module
        self.aliases = Aliases(tree)
        self.top = {id(small) for line in tree.body if isinstance(line, cst.SimpleStatementLine) for small in line.body}
        nodes = list(walk(tree))
        self.bindings = _bindings(nodes)
        self.stars = any(isinstance(n, cst.ImportFrom) and isinstance(n.names, cst.ImportStar) for n in nodes)
        self.known: dict[str, str] = {}
        self.tf1: set[str] = set()
        self._learn()
        self.exact: dict[int, str] = {}
        self.inside: set[int] = set()
        self.parses = False
        for node in nodes:
            self._look(node)
        self.concerned = bool(self.exact or self.tf1) or any(_from_flags(node) for node in nodes)
        self.spelled = {kind: self._spelled(kind) for kind in ("app", "flags")} if self.concerned else {}
        runs = any(isinstance(n, cst.Call) and self.function(n.func) == "absl.app.run" for n in nodes)
        self.used = {*self.exact.values(), *(("flags",) if runs else ())}

    def _learn(self) -> None:
        """Names that are always one module of absl: ``known`` by what they are, ``tf1`` by where they come from."""
        for _ in range(3):
            for name, nodes in self.bindings.items():
                found = {self._module_bound(node, name) for node in nodes}
                kinds = {kind for kind, _ in found}
                if len(kinds) == 1 and (kind := kinds.pop()):
                    self.known[name] = kind
                    if all(source == "tf" for _, source in found):
                        self.tf1.add(name)

    def _module_bound(self, node: cst.CSTNode, name: str) -> tuple[str, str]:
        """``app`` or ``flags``, and ``tf`` or ``absl``; empty for any other binding."""
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
                kind = MODULES.get(self.canonical(value) or "", "")
                return (kind, "tf" if kind else "")
            case cst.ImportFrom(module=cst.BaseExpression() as base, names=names):
                for alias in names if not isinstance(names, cst.ImportStar) else ():
                    if _bound_by(alias) == name:
                        kind = _imported(base, alias) or ""
                        return (kind, "absl" if dotted_name(base) == "absl" else "tf")
        return ("", "")

    def canonical(self, node: cst.BaseExpression) -> str | None:
        """The TF1 name of an expression, if it is one of these modules or something in them."""
        root, _, rest = dotted_name(node).partition(".")
        if root in self.tf1 or root == MARK:
            base = "tf.flags" if root == MARK or self.known[root] == "flags" else "tf.app"
            return f"{base}.{rest}" if rest else base
        name = self.aliases.canonical(node)
        return name if name is not None and is_flags(name) else None

    def function(self, node: cst.BaseExpression) -> str | None:
        """absl's name of the function that is called."""
        name = self.canonical(node)
        return absl_name(name) if name is not None else None

    def _look(self, node: cst.CSTNode) -> None:
        """Notes the part of ``tf.app.flags.X`` that is the module."""
        if isinstance(node, cst.Name) and node.value == MARK:
            self.exact[id(node)] = "flags"
        if isinstance(node, cst.Call) and dotted_name(node.func) == f"{MARK}.FLAGS" and len(node.args) == 1:
            self.parses = True
        if not isinstance(node, cst.Attribute) or id(node) in self.inside or (name := self.canonical(node)) is None:
            return
        if absl_name(name) is None:
            raise self.refused(f"absl has nothing like `{name}`")
        if name in MODULES:
            self.exact[id(node)] = MODULES[name]
            self.inside.update(id(part) for part in _parts(node.value))

    def _spelled(self, kind: str) -> str:
        """``flags`` where a module has that name for nothing else."""
        if self.known.get(kind, "" if kind in self.bindings else kind) == kind and not self.stars:
            return kind
        if not all(self._imports_absl(node) for node in self.bindings.get("absl", ())):
            raise self.refused("`absl` is a name of this module's own")
        return f"absl.{kind}"

    def _imports_absl(self, node: cst.CSTNode) -> bool:
        return isinstance(node, cst.Import) and all(
            dotted_name(alias.name).split(".")[0] == "absl" for alias in node.names if _bound_by(alias) == "absl"
        )

    def is_redundant(self, node: cst.Assign) -> bool:
        """``flags = tf.app.flags`` where ``flags`` is imported."""
        target = node.targets[0].target
        if len(node.targets) != 1 or not isinstance(target, cst.Name):
            return False
        return self.known.get(target.value) == target.value == self.spelled.get(target.value)

    def imports(self) -> list[str]:
        """The imports that the module needs and does not have."""
        lines: list[str] = []
        wanted = sorted(self.used)
        short = [k for k in wanted if self.spelled[k] == k and not self._is_imported(k)]
        if short:
            lines.append(f"from absl import {', '.join(short)}")
        lines += [f"import absl.{k}" for k in wanted if self.spelled[k] != k and not self._has(f"import absl.{k}")]
        if self.parses:
            others = [n for n in self.bindings.get("sys", ()) if not isinstance(n, cst.Import)]
            if others:
                raise self.refused("`sys` is a name of this module's own")
            if not self._has("import sys"):
                lines.insert(0, "import sys")
        return lines

    def _is_imported(self, kind: str) -> bool:
        """Whether a top-level import binds the name to absl's module, or will once it is rewritten."""
        return any(isinstance(n, cst.ImportFrom) and id(n) in self.top for n in self.bindings.get(kind, ()))

    def _has(self, line: str) -> bool:
        wanted = line.removeprefix("import ")
        nodes = self.bindings.get(wanted.split(".")[0], ())
        return any(
            isinstance(n, cst.Import)
            and id(n) in self.top
            and any(dotted_name(a.name) == wanted and a.asname is None for a in n.names)
            for n in nodes
        )

    def refused(self, reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM103", self.module.key, self.module.tree, reason))


class _Absl(cst.CSTTransformer):
    def __init__(self, names: _Names) -> None:
        super().__init__()
        self.names = names
        self.imports: list[str] = []
        self.dead: list[cst.CSTNode] = []

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        kind = self.names.exact.get(id(original_node))
        return updated_node if kind is None else cst.parse_expression(self.names.spelled[kind])

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        kind = self.names.exact.get(id(original_node))
        return updated_node if kind is None else cst.parse_expression(self.names.spelled[kind])

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = self.names.function(original_node.func)
        return updated_node if name is None else absl_call(name, updated_node, self.names.spelled["flags"])

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        """``from tensorflow.python.platform import flags`` is one of ``absl``."""
        base = original_node.module
        if base is None or original_node.relative or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        if canonical_import(dotted_name(base)) is None:
            return updated_node
        if _from_flags(updated_node):
            return updated_node.with_changes(module=cst.parse_expression("absl.flags"))
        ours = [a for a in updated_node.names if _imported(base, a) and self.names.known.get(_bound_by(a))]
        if not ours:
            return updated_node
        if len(ours) == len(updated_node.names):
            return updated_node.with_changes(module=cst.Name("absl"))
        for alias in ours:
            name, bound = dotted_name(alias.name), _bound_by(alias)
            self.imports.append(f"from absl import {name}" + (f" as {bound}" if bound != name else ""))
        kept = [a for a in updated_node.names if a not in ours]
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(names=kept)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        kept = [
            new
            for old, new in zip(original_node.body, updated_node.body, strict=True)
            if not (isinstance(old, cst.Assign) and self.names.is_redundant(old))
        ]
        if len(kept) == len(updated_node.body):
            return updated_node
        if not kept:
            self.dead.append(updated_node)
            return updated_node
        kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(body=kept)

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        body = self.without(updated_node.body)
        return updated_node.with_changes(body=body or [cst.SimpleStatementLine([cst.Pass()])])

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self.without(updated_node.body))

    def without(self, body: Iterable[cst.CSTNode]) -> list[cst.BaseStatement]:
        """The statements that stay; what stood above one that goes stands above the next."""
        out: list[cst.BaseStatement] = []
        above: list[cst.EmptyLine] = []
        for statement in cast(Iterable[cst.BaseStatement], body):
            lines = list(getattr(statement, "leading_lines", ()))
            if any(statement is dead for dead in self.dead):
                above = [*above, *lines]
                continue
            if above:
                while above and lines and above[-1].comment is None and lines[0].comment is None:
                    lines.pop(0)
                statement = statement.with_changes(leading_lines=[*above, *lines])
                above = []
            out.append(statement)
        return out


def _parts(node: cst.BaseExpression) -> Iterator[cst.CSTNode]:
    while isinstance(node, cst.Attribute):
        yield node
        node = node.value


def _bindings(nodes: Iterable[cst.CSTNode]) -> dict[str, list[cst.CSTNode]]:
    """What binds each name of a module, in any of its scopes."""
    found: dict[str, list[cst.CSTNode]] = {}
    imported: set[int] = set()
    for node in nodes:
        if isinstance(node, cst.ImportAlias) and node.asname is not None:
            imported.add(id(node.asname))
        for name in _bound(node) if id(node) not in imported else ():
            found.setdefault(name, []).append(node)
    return found


def _from_flags(node: cst.CSTNode) -> bool:
    """``from tensorflow.python.platform.flags import FLAGS``."""
    if not isinstance(node, cst.ImportFrom) or node.module is None or node.relative:
        return False
    return MODULES.get(canonical_import(dotted_name(node.module)) or "") == "flags"


def _bound(node: cst.CSTNode) -> Iterator[str]:
    """Names that a node itself binds, whatever the scope."""
    match node:
        case cst.Import(names=names):
            yield from (_bound_by(alias) for alias in names)
        case cst.ImportFrom(names=names):
            yield from (_bound_by(alias) for alias in names) if not isinstance(names, cst.ImportStar) else ()
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name) | cst.Param(name=name):
            yield name.value
        case cst.Assign(targets=targets):
            for target in targets:
                yield from _targets(target.target)
        case cst.AnnAssign(target=target) | cst.AugAssign(target=target) | cst.NamedExpr(target=target):
            yield from _targets(target)
        case cst.For(target=target) | cst.CompFor(target=target):
            yield from _targets(target)
        case cst.AsName(name=target):
            yield from _targets(target)
        case cst.Del(target=target):
            yield from _targets(target)


def _targets(node: cst.CSTNode) -> Iterator[str]:
    match node:
        case cst.Name(value=value):
            yield value
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _targets(element.value)
        case cst.StarredElement(value=inner):
            yield from _targets(inner)


def _bound_by(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        return dotted_name(cast(cst.BaseExpression, alias.asname.name))
    return dotted_name(alias.name).split(".")[0]


def _imported(base: cst.BaseExpression, alias: cst.ImportAlias) -> str | None:
    """The module of absl that one name of a ``from`` import is: TensorFlow 1's, or absl's own."""
    name, module = dotted_name(alias.name), dotted_name(base)
    if module == "absl":
        return name if name in ("app", "flags") else None
    symbol = canonical_import(module)
    return MODULES.get(f"{symbol}.{name}") if symbol else None


def _with_imports(tree: cst.Module, lines: list[str]) -> cst.Module:
    """New imports stand above that of TensorFlow, ``sys`` below those of the standard library."""
    body = list(tree.body)
    templates = Templates(tree)
    for line in lines:
        new = cast(cst.SimpleStatementLine, templates.statements(line + "\n", {})[0])
        index = _place(body)
        if line == "import sys":
            last = max((i for i in range(index) if _is_standard(body[i])), default=-1)
            index = last + 1 if last >= 0 else next((i for i in range(index) if _is_import(body[i])), index)
            if last < 0 and index < len(body):
                new = _take_blank_lines(body, index, new)
                body[index] = body[index].with_changes(leading_lines=[cst.EmptyLine(), *_leading(body[index])])
        elif index < len(body):
            new = _take_blank_lines(body, index, new)
        body.insert(index, new)
    return tree.with_changes(body=body)


def _take_blank_lines(
    body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement], index: int, new: cst.SimpleStatementLine
) -> cst.SimpleStatementLine:
    """Gives a new statement the blank lines above the one that it is put before; comments stay where they are."""
    lines = _leading(body[index])
    count = next((i for i, row in enumerate(lines) if row.comment is not None), len(lines))
    body[index] = body[index].with_changes(leading_lines=lines[count:])
    return new.with_changes(leading_lines=lines[:count])


def _leading(statement: cst.CSTNode) -> list[cst.EmptyLine]:
    return list(getattr(statement, "leading_lines", ()))


def _place(body: Sequence[cst.CSTNode]) -> int:
    """Where TensorFlow is imported, or else behind the docstring and the imports at the top."""
    for index, statement in enumerate(body):
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
        if index == 0 and isinstance(small, cst.Expr):
            continue
        if not isinstance(small, cst.Import | cst.ImportFrom) or _is_tensorflow(small):
            return index
    return len(body)


def _is_import(statement: cst.CSTNode) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
    return isinstance(small, cst.Import) or (
        isinstance(small, cst.ImportFrom) and dotted_name(small.module) != "__future__"
    )


def _is_standard(statement: cst.CSTNode) -> bool:
    if not _is_import(statement):
        return False
    small = cast(cst.SimpleStatementLine, statement).body[0]
    if isinstance(small, cst.ImportFrom):
        return not small.relative and dotted_name(small.module).split(".")[0] in sys.stdlib_module_names
    names = cast(cst.Import, small).names
    return all(dotted_name(alias.name).split(".")[0] in sys.stdlib_module_names for alias in names)


def _is_tensorflow(small: cst.Import | cst.ImportFrom) -> bool:
    if isinstance(small, cst.ImportFrom):
        return canonical_import(dotted_name(small.module)) is not None
    return any(canonical_import(dotted_name(alias.name)) for alias in small.names)
