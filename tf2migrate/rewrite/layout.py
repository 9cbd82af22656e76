"""The last touches: definitions that the output needs, imports, and blank lines around new functions."""

from __future__ import annotations

from typing import TypeVar

import libcst as cst

from tf2migrate.api.symbols import tf2_exists
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bound_by, bound_names
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import canonical_import
from tf2migrate.names.tree import children, is_docstring, walk
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.flags import use_absl
from tf2migrate.rewrite.host_names import use_present_names
from tf2migrate.rewrite.outer_names import OuterNames
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates
from tf2migrate.rewrite.undefined import hidden_builtins, lost_names, unbound_locals

ImportT = TypeVar("ImportT", cst.Import, cst.ImportFrom)


class Layout:
    """Finishes the tree of one module."""

    def __init__(self, symbols: Symbols, module: Module, generated: set[str]) -> None:
        self.symbols = symbols
        self.module = module
        self.generated = generated

    def finish(self, tree: cst.Module) -> str:
        tree = use_present_names(use_absl(tree, self.module))
        tree = self.definitions(self.imports(tree))
        tree = tree.visit(OuterNames(self.module.tree))
        tree = tree.visit(_Spacing(self.generated, _touched(self.module.tree)))
        self.check(tree)
        try:
            compile(tree.code, str(self.module.path), "exec", dont_inherit=True)
        except SyntaxError as error:
            reason = f"the rewrite would not be valid Python: {error.msg}"
            raise NotPlanned(Refusal("TFM410", self.module.key, self.module.tree, reason)) from error
        for name in sorted(lost_names(tree.code, self.module.source.text)):
            reason = f"`{name}` would not be defined any more"
            raise NotPlanned(Refusal("TFM410", self.module.key, self.module.tree, reason))
        for name in sorted(unbound_locals(tree.code, self.module.source.text)):
            reason = f"`{name}` is a value of the host and then a part of the graph that is made of it"
            binding = (n for n in walk(self.module.tree) if isinstance(n, cst.Assign) and name in bound_by(n))
            where = next(binding, self.module.tree)
            raise NotPlanned(Refusal("TFM410", self.module.key, where, reason, "give one another name"))
        for name in sorted(hidden_builtins(tree.code, self.module.source.text)):
            reason = f"`{name}` is a name of the program and a builtin that the rewrite calls"
            raise NotPlanned(Refusal("TFM410", self.module.key, self.module.tree, reason, "give yours another name"))
        return tree.code

    def definitions(self, tree: cst.Module) -> cst.Module:
        """Recipes go behind the imports, in the order in which they were asked for."""
        found = list(self.symbols.definitions.values())
        if not found:
            return tree
        own = _names_bound(tree) & {definition.name for definition in found}
        if own:
            reason = f"`{min(own)}` is a name of the program and of a definition that the rewrite adds"
            raise NotPlanned(Refusal("TFM410", self.module.key, self.module.tree, reason, "give yours another name"))
        templates = Templates(tree)
        body: list[cst.BaseStatement] = list(tree.body)
        lines = [*(line for d in found for line in d.imports), f"import tensorflow as {self.symbols.tf}"]
        position = _first_code(body)
        for line in dict.fromkeys(lines):
            index = next((i for i, s in enumerate(body) if self.symbols.code(_bare(s)).strip() == line), None)
            if index is None or index > position:
                # The definitions run before this import would: it moves up, or is new.
                new = body.pop(index) if index is not None else templates.statements(line + "\n", {})[0]
                body.insert(position, new.with_changes(leading_lines=[]))
                position += 1
        made: list[cst.BaseStatement] = []
        for definition in found:
            for statement in templates.statements(definition.text.strip("\n") + "\n", {}):
                if isinstance(statement, cst.FunctionDef | cst.ClassDef):
                    self.generated.add(statement.name.value)
                made.append(statement)
        body[position:position] = made
        return tree.with_changes(body=body)

    def imports(self, tree: cst.Module) -> cst.Module:
        """Imports of what TensorFlow 2 does not have go; what is still used of them is an obstacle."""
        used = _names_used(tree) - self.symbols.definitions.keys()
        edit = _Imports(used)
        made = tree.visit(edit)
        if edit.left:
            where = self.module.tree
            raise NotPlanned(
                Refusal(
                    "TFM101", self.module.key, where, f"`{edit.left[0]}` is imported from TensorFlow 1 and still used"
                )
            )
        needs_tf = "tf" in used and self.symbols.aliases.tensorflow is None and Aliases(made).tensorflow is None
        if needs_tf:
            body = list(made.body)
            body[_after_imports(body) : _after_imports(body)] = [cst.parse_statement("import tensorflow as tf\n")]
            made = made.with_changes(body=body)
        return made

    def check(self, tree: cst.Module) -> None:
        """Every TensorFlow name of the output exists in TensorFlow 2."""
        aliases = Aliases(tree)
        stack: list[cst.CSTNode] = [tree]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Import | cst.ImportFrom):
                continue
            if isinstance(node, cst.Attribute):
                name = aliases.canonical(node)
                if name is not None:
                    if not tf2_exists(name) and not _inside_known(name) and name not in self.symbols.nowhere:
                        raise NotPlanned(
                            Refusal("TFM101", self.module.key, self.module.tree, f"`{name}` has no native form yet")
                        )
                    continue
            stack.extend(children(node))


def _inside_known(name: str) -> bool:
    """Attributes of objects (``tf.keras.Model.call``, ``tf.float32.name``) are not symbols of their own."""
    parts = name.split(".")
    return any(
        tf2_exists(".".join(parts[:i])) and (parts[i - 1][:1].isupper() or parts[i - 1] in DTYPES)
        for i in range(2, len(parts))
    )


DTYPES = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "bool",
        "string",
        "complex64",
    ]
)


def _first_code(body: list[cst.BaseStatement]) -> int:
    """The position behind the docstring and the first block of imports."""
    for index, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            if all(isinstance(s, cst.Import | cst.ImportFrom) for s in statement.body):
                continue
            if index == 0 and isinstance(statement.body[0], cst.Expr):
                continue
        return index
    return len(body)


def _bare(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A line without the comments around it."""
    if isinstance(statement, cst.SimpleStatementLine):
        return statement.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())
    return statement


def _after_imports(body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement]) -> int:
    position = int(bool(body) and is_docstring(body[0]))
    for index, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine) and all(
            isinstance(s, cst.Import | cst.ImportFrom) for s in statement.body
        ):
            position = index + 1
        elif isinstance(statement, cst.FunctionDef | cst.ClassDef):
            break
    return position


def _names_bound(tree: cst.Module) -> set[str]:
    """Names that the program itself binds anywhere, other than by imports."""
    bound: set[str] = set()
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        match node:
            case cst.Import() | cst.ImportFrom():
                continue
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name) | cst.Param(name=name):
                bound.add(name.value)
            case cst.AssignTarget(target=target) | cst.For(target=target) | cst.CompFor(target=target):
                bound |= bound_names(target).keys()
            case cst.AsName(name=target) | cst.NamedExpr(target=target):
                bound |= bound_names(target).keys()
        stack.extend(children(node))
    return bound


def _names_used(tree: cst.Module) -> set[str]:
    used: set[str] = set()
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            continue
        if isinstance(node, cst.Attribute):
            stack.append(node.value)
            continue
        if isinstance(node, cst.Name):
            used.add(node.value)
        stack.extend(children(node))
    return used


class _Imports(cst.CSTTransformer):
    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self.used = used
        self.left: list[str] = []

    def leave_Import(
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.Import | cst.RemovalSentinel:
        kept: list[cst.ImportAlias] = []
        for alias in updated_node.names:
            dotted = dotted_name(alias.name)
            symbol = canonical_import(dotted)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else ""
            if symbol is None:
                kept.append(alias)
            elif symbol == "tf":
                plain = cst.ImportAlias(cst.Name("tensorflow"), asname=alias.asname)
                kept.append(plain if dotted != "tensorflow" and bound else alias)
            elif (bound or dotted.split(".")[0]) in self.used and not tf2_exists(symbol):
                if bound:
                    self.left.append(dotted)
                else:
                    kept.append(cst.ImportAlias(cst.Name("tensorflow")))
            elif tf2_exists(symbol):
                kept.append(alias)
        return _with(updated_node, kept)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        base = canonical_import(dotted_name(updated_node.module)) if updated_node.module is not None else None
        if base is None or updated_node.relative or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept: list[cst.ImportAlias] = []
        for alias in updated_node.names:
            name = dotted_name(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            if tf2_exists(f"{base}.{name}") and "compat.v1" not in dotted_name(updated_node.module):
                if bound in self.used:
                    kept.append(alias)
            elif bound in self.used:
                self.left.append(f"{base}.{name}")
        if len(kept) == len(updated_node.names):
            return updated_node
        return _with(updated_node, kept)


def _with(node: ImportT, kept: list[cst.ImportAlias]) -> ImportT | cst.RemovalSentinel:
    if not kept:
        return cst.RemoveFromParent()
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return node.with_changes(names=kept)


class _Spacing(cst.CSTTransformer):
    """Two blank lines around new definitions of a module, one around those in a block."""

    def __init__(self, generated: set[str], touched: set[str]) -> None:
        super().__init__()
        self.generated = generated
        self.touched = touched

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self.spaced(list(updated_node.body), 2))

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return updated_node.with_changes(body=self.spaced(list(updated_node.body), 1))

    def spaced(self, body: list[cst.BaseStatement], count: int) -> list[cst.BaseStatement]:
        out: list[cst.BaseStatement] = []
        for index, statement in enumerate(body):
            new = self.is_new(statement)
            before = body[index - 1] if index > 0 else None
            after = before is not None and self.is_new(before)
            if (new and index > 0) or after or self.closes_up(before, statement):
                statement = _blank_lines(statement, count)
            out.append(statement)
        return out

    def is_new(self, statement: cst.CSTNode) -> bool:
        return isinstance(statement, cst.FunctionDef | cst.ClassDef) and statement.name.value in self.generated

    def closes_up(self, before: cst.CSTNode | None, statement: cst.CSTNode) -> bool:
        """Whether a statement has come to stand directly behind a definition of the user."""
        if not isinstance(before, cst.FunctionDef | cst.ClassDef) or before.name.value in self.touched:
            return False
        return all(line.comment is not None for line in getattr(statement, "leading_lines", ())) or _binds(
            statement, self.generated
        )


def _touched(tree: cst.Module) -> set[str]:
    """Names of the definitions that their author has let another statement follow without a blank line."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Module | cst.IndentedBlock):
            for before, after in zip(node.body, node.body[1:], strict=False):
                lines = getattr(after, "leading_lines", ())
                if isinstance(before, cst.FunctionDef | cst.ClassDef) and all(x.comment is not None for x in lines):
                    found.add(before.name.value)
        if not isinstance(node, cst.SimpleStatementLine):
            stack.extend(children(node))
    return found


def _binds(statement: cst.CSTNode, names: set[str]) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]):
            return name in names
    return False


def _blank_lines(statement: cst.BaseStatement, count: int) -> cst.BaseStatement:
    lines = list(getattr(statement, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    blank = [cst.EmptyLine(indent=False) for _ in range(count)]
    return statement.with_changes(leading_lines=[*blank, *lines])
