"""Functions that are called once and build the graph are opened up where they are called.

The result is an equivalent TensorFlow 1 program, whose graph is built in one body. It is only planned from, and
becomes the output when the plan succeeds. Every new node remembers the node of the user's file that it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import libcst as cst

from tf2migrate.forms.mentions import mentions
from tf2migrate.forms.traced import Renamed, Traced, fresh
from tf2migrate.names.bindings import IN_PLACE, bindings, bound_in, names_read
from tf2migrate.names.families import Families
from tf2migrate.names.free import free_name
from tf2migrate.names.import_lines import import_of, module_imports
from tf2migrate.names.project import Module, Project, dotted_name
from tf2migrate.names.tree import children, is_docstring, walk, walk_own

MAXIMUM_OPENED = 40
LITERALS = ("True", "False", "None")


@dataclass(slots=True)
class Opening:
    """One call that is opened: where it stands, and what its function is."""

    statement: cst.SimpleStatementLine
    small: cst.BaseSmallStatement
    call: cst.Call
    function: cst.FunctionDef
    receiver: str = ""
    caller: cst.CSTNode | None = None
    last: bool = True


def open_calls(module: Module, project: Project, wanted: set[cst.CSTNode], several: set[cst.CSTNode]) -> Module:
    """``module`` with the calls of ``wanted`` (origins of function definitions) opened, as far as that is exact.

    Those that are called more than once are opened only where they are among ``several``.
    """
    refused: set[cst.CSTNode] = set()
    for _ in range(MAXIMUM_OPENED):
        opening = _next(module, project, wanted, several, refused)
        if opening is None:
            return module
        edit = _Opener(module, opening)
        if edit.body is None:
            refused.add(_origin(module, opening.function))
            continue
        module = edit.apply(module)
    return module


def _origin(module: Module, node: cst.CSTNode) -> cst.CSTNode:
    return module.origins.get(node, node)


def _next(
    module: Module,
    project: Project,
    wanted: set[cst.CSTNode],
    several: set[cst.CSTNode],
    refused: set[cst.CSTNode],
) -> Opening | None:
    """The first call that can be opened, callees of other openable functions last."""
    for function, cls in _definitions(module.tree, None):
        origin = _origin(module, function)
        if origin not in wanted or origin in refused:
            continue
        opening = _first_call(module, project, function, cls, origin in several)
        if opening is not None and is_openable(function):
            return opening
        refused.add(origin)
    return None


def _definitions(node: cst.CSTNode, cls: cst.ClassDef | None) -> Iterator[tuple[cst.FunctionDef, cst.ClassDef | None]]:
    for child in children(node):
        if isinstance(child, cst.FunctionDef):
            yield child, cls
            yield from _definitions(child, None)
        elif isinstance(child, cst.ClassDef):
            yield from _definitions(child, child)
        else:
            yield from _definitions(child, cls if not isinstance(child, cst.Lambda) else None)


def _first_call(
    module: Module, project: Project, function: cst.FunctionDef, cls: cst.ClassDef | None, several: bool
) -> Opening | None:
    """The first of a function's mentions, if each is a call that is a statement's whole value; of one without
    ``several`` that has to be the only one."""
    name = function.name.value
    trees = [other.tree if other.key != module.key else module.tree for other in project.modules.values()]
    families = Families(trees)
    count = sum(mentions(tree, name, cls, families, function) for tree in trees)
    if count != 2 and not several:
        return None
    found: list[Opening] = []
    _calls(module.tree, name, function, cls, found, [], [])
    if not found or count != 1 + len(found):
        return None
    found[0].last = len(found) == 1
    return found[0]


def _calls(
    node: cst.CSTNode,
    name: str,
    function: cst.FunctionDef,
    cls: cst.ClassDef | None,
    found: list[Opening],
    scopes: list[cst.CSTNode],
    classes: list[cst.ClassDef],
) -> None:
    if isinstance(node, cst.Lambda):
        return
    if isinstance(node, cst.FunctionDef):
        scopes = [*scopes, node]
    if isinstance(node, cst.ClassDef):
        scopes, classes = [*scopes, node], [*classes, node]
    if isinstance(node, cst.SimpleStatementLine):
        if len(node.body) == 1:
            small = node.body[0]
            value = getattr(small, "value", None)
            if isinstance(small, cst.Expr | cst.Assign | cst.Return) and isinstance(value, cst.Call):
                receiver = _receiver(value.func, name, cls, scopes, classes)
                if receiver is not None:
                    found.append(Opening(node, small, value, function, receiver, scopes[-1] if scopes else None))
        return
    for child in children(node):
        _calls(child, name, function, cls, found, scopes, classes)


def _receiver(
    callee: cst.BaseExpression,
    name: str,
    cls: cst.ClassDef | None,
    scopes: list[cst.CSTNode],
    classes: list[cst.ClassDef],
) -> str | None:
    """Empty for a plain function, the name of ``self`` for a method of the same class; None for other calls."""
    match callee:
        case cst.Name(value=value) if value == name and cls is None:
            return ""
        case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=value)) if value == name:
            owner = scopes[-1] if scopes else None
            if cls is None or cls not in classes or not isinstance(owner, cst.FunctionDef):
                return None
            params = owner.params.params
            return base if params and params[0].name.value == base else None
    return None


def is_openable(function: cst.FunctionDef) -> bool:
    """Whether a function is straight to its end: no decorator, one return as the last statement."""
    params = function.params
    if function.decorators or function.asynchronous is not None or not isinstance(function.body, cst.IndentedBlock):
        return False
    if isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
        return False
    line = _last_line(function)
    final = line.body[-1] if line is not None and len(line.body) == 1 else None
    for node in walk_own(function.body):
        if isinstance(node, cst.Yield | cst.Await | cst.Global | cst.Nonlocal):
            return False
        if isinstance(node, cst.Return) and node is not final:
            return False
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("super", "locals"):
            return False
    return True


def _last_line(function: cst.FunctionDef) -> cst.SimpleStatementLine | None:
    """The last statement of a function, also at the end of ``with`` blocks."""
    last: cst.CSTNode = function.body.body[-1]
    while isinstance(last, cst.With) and isinstance(last.body, cst.IndentedBlock):
        last = last.body.body[-1]
    return last if isinstance(last, cst.SimpleStatementLine) else None


def _names(node: cst.CSTNode, without: cst.CSTNode | None = None) -> set[str]:
    """Names that stand for variables anywhere in ``node``; attributes and keywords do not count."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if current is without:
            continue
        match current:
            case cst.Name(value=value):
                found.add(value)
            case cst.Attribute(value=base):
                stack.append(base)
                continue
            case cst.Arg(value=value2):
                stack.append(value2)
                continue
        stack.extend(children(current))
    return found


def _assigned_attributes(node: cst.CSTNode) -> set[str]:
    out: set[str] = set()
    for current in walk(node):
        if isinstance(current, cst.AssignTarget | cst.AugAssign):
            out |= {t.attr.value for t in walk(current.target) if isinstance(t, cst.Attribute)}
    return out


@dataclass(slots=True)
class _Arguments:
    """What the parameters become: texts that replace them, and assignments that stand before the body."""

    direct: dict[str, cst.BaseExpression] = field(default_factory=dict)
    assigned: list[tuple[str, cst.BaseExpression]] = field(default_factory=list)


def _bind(opening: Opening, imported: set[str]) -> _Arguments | None:
    """The parameters of the function by the arguments of the call; None when they cannot be matched.

    ``imported`` are the names of modules: a part of one is the same whenever a default is evaluated.
    """
    params = opening.function.params
    names = [p.name.value for p in (*params.posonly_params, *params.params)]
    keywords = [p.name.value for p in params.kwonly_params]
    given: dict[str, cst.BaseExpression] = {}
    if opening.receiver:
        given[names[0]] = cst.Name(opening.receiver)
    free = names[1:] if opening.receiver else list(names)
    order: list[str] = []
    for arg in opening.call.args:
        if arg.star:
            return None
        name = arg.keyword.value if arg.keyword is not None else free.pop(0) if free else ""
        if name not in (*names, *keywords) or name in given:
            return None
        given[name] = arg.value
        order.append(name)
    for param in (*params.posonly_params, *params.params, *params.kwonly_params):
        if param.name.value not in given:
            if param.default is None or not (_literal(param.default) or _is_part(param.default, imported)):
                return None
            given[param.name.value] = param.default
            order.append(param.name.value)
    rebound = {name for name, _ in bindings(opening.function.body)}
    asked = _asked(opening.function.body)
    attributes = _assigned_attributes(opening.function.body)
    changes = _changes_in_place(opening.function.body)
    out = _Arguments()
    if opening.receiver:
        if names[0] in rebound:
            return None
        out.direct[names[0]] = given[names[0]]
    for name in order:
        value = given[name]
        told = name in asked and isinstance(value, cst.Integer | cst.Float | cst.SimpleString)
        if name not in rebound and not told and _steady(value, attributes, changes):
            out.direct[name] = value
        else:
            out.assigned.append((name, value))
    return out


def _is_part(node: cst.BaseExpression, imported: set[str]) -> bool:
    """Whether an expression is a function or class of an imported module: ``tf.nn.relu``."""
    return isinstance(node, cst.Attribute) and dotted_name(node).partition(".")[0] in imported


def _asked(node: cst.CSTNode) -> set[str]:
    """Names that are conditions by themselves: `if clip:` says something, and `if 2.0:` does not."""
    tests = [n.test for n in walk(node) if isinstance(n, cst.If | cst.IfExp | cst.While)]
    return {test.value for test in tests if isinstance(test, cst.Name)}


def _literal(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.UnaryOperation):
        return _literal(node.expression)
    if isinstance(node, cst.Name):
        return node.value in LITERALS
    return isinstance(node, cst.Integer | cst.Float | cst.SimpleString)


def _changes_in_place(node: cst.CSTNode) -> bool:
    """Whether anything of a container changes."""
    for current in walk(node):
        match current:
            case cst.AssignTarget(target=cst.Subscript()) | cst.AugAssign(target=cst.Subscript()):
                return True
            case cst.Call(func=cst.Attribute(attr=cst.Name(value=name))) if name in IN_PLACE:
                return True
    return False


def _steady(node: cst.BaseExpression, assigned: set[str], changes: bool) -> bool:
    """Whether an argument can stand for the parameter wherever that is read: a literal, a name, a part of one."""
    if _literal(node) or isinstance(node, cst.Name):
        return True
    while isinstance(node, cst.Attribute | cst.Subscript):
        if isinstance(node, cst.Attribute) and node.attr.value in assigned:
            return False
        if isinstance(node, cst.Subscript):
            index = node.slice[0].slice
            if changes or len(node.slice) != 1 or not isinstance(index, cst.Index) or not _literal(index.value):
                return False
        node = node.value
    return isinstance(node, cst.Name)


class _Opener(Traced):
    """Puts the body of a function where its call stood, and takes the function away."""

    def __init__(self, module: Module, opening: Opening) -> None:
        super().__init__(module)
        self.module = module
        self.function = opening.function
        self.opening = opening if opening.last else replace(opening, function=fresh(opening.function, self))
        self.body = self.make()

    def make(self) -> list[cst.BaseStatement] | None:
        opening = self.opening
        arguments = _bind(opening, self.modules_bound_once())
        if arguments is None:
            return None
        function, caller = opening.function, opening.caller or self.module.tree
        local = bound_in(function)
        free = _names(function.body) - local
        around = _names(caller, self.function)
        caller_bound = {n for n, _ in bindings(caller.body)} if isinstance(
            caller, cst.FunctionDef
        ) else set()
        if isinstance(caller, cst.FunctionDef):
            caller_bound |= bound_in(caller)
        inner_function = any(n is self.function for n in walk(caller)) and caller is not self.module.tree
        # What functions inside bind themselves is not read from outside.
        outer = {n.value for n in names_read(function.body)} - local
        hidden = outer & caller_bound if isinstance(caller, cst.FunctionDef) and not inner_function else set()
        if any(not self.is_imported_again(name, cast(cst.FunctionDef, caller)) for name in hidden):
            return None
        if isinstance(caller, cst.ClassDef):
            return None
        body = list(cast(cst.IndentedBlock, function.body).body)
        if is_docstring(body[0]):
            body = body[1:]
        returned: cst.BaseExpression | None = None
        line = _last_line(function)
        nested = False
        if body and line is not None and isinstance(line.body[-1], cst.Return):
            returned = line.body[-1].value
            nested = line is not body[-1]
            body = body if nested else body[:-1]
        names = dict(arguments.direct)
        given = {n for _, value in arguments.assigned for n in _names(value)}
        given |= {n for value in arguments.direct.values() for n in _names(value)}
        targets = self.unify(returned, names, local, free | given, around)
        # What neither of the two ever reads may have one name: `_`.
        parts = [function.body, *([caller.body] if isinstance(caller, cst.FunctionDef) else self.module.tree.body)]
        read = {n.value for part in parts for n in names_read(part)}
        for name in sorted((local & read) - set(names)):
            if name in around or name in {n for v in names.values() for n in _names(v)}:
                names[name] = cst.Name(free_name(name, around | local | free))
        rename = Renamed(names, self)
        made: list[cst.BaseStatement] = []
        for name, value in arguments.assigned:
            target = cast(cst.BaseAssignTargetExpression, fresh(names.get(name, cst.Name(name)), self))
            small = cst.Assign([cst.AssignTarget(target)], fresh(value, self))
            made.append(self.placed(cst.SimpleStatementLine([small])))
        rest = self.rest(returned, targets, rename)
        if nested:
            rename.ended, rename.end = line, [rest] if rest is not None else []
        made += [cast(cst.BaseStatement, s.visit(rename)) for s in body]
        if rest is not None and not nested:
            made.append(rest)
        return self.with_comments(made)

    def modules_bound_once(self) -> set[str]:
        """The names of the file that an import binds, and nothing else."""
        bound = [name for name, _ in bindings(self.module.tree)]
        imports = [node for node in module_imports(self.module.tree) if isinstance(node, cst.Import)]
        return {name for node in imports for name, _ in bindings(node) if bound.count(name) == 1}

    def is_imported_again(self, name: str, caller: cst.FunctionDef) -> bool:
        """Whether a function imports for itself, before the call, what its file imports under the same name."""
        imports = [n for n in walk(caller) if isinstance(n, cst.Import | cst.ImportFrom) and import_of(n, name)]
        lines = [import_of(node, name) for node in imports]
        outer = [line for node in module_imports(self.module.tree) if (line := import_of(node, name))]
        order = {id(node): index for index, node in enumerate(walk(caller))}
        before = all(order[id(node)] < order[id(self.opening.statement)] for node in imports)
        once = [found for found, _ in bindings(caller.body)].count(name) == 1
        return once and before and len(lines) == 1 and lines == outer

    def placed(self, statement: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        self.trace(self.opening.statement, statement)
        return statement

    def unify(
        self,
        returned: cst.BaseExpression | None,
        names: dict[str, cst.BaseExpression],
        local: set[str],
        used: set[str],
        around: set[str],
    ) -> list[int]:
        """Gives returned locals the names that the call binds them to; the positions for which that is done."""
        small = self.opening.small
        if not isinstance(small, cst.Assign) or len(small.targets) != 1 or returned is None:
            return []
        target = small.targets[0].target
        pairs: list[tuple[cst.BaseExpression, cst.BaseExpression]]
        if isinstance(target, cst.Tuple | cst.List) and isinstance(returned, cst.Tuple | cst.List):
            if len(target.elements) != len(returned.elements):
                return []
            pairs = [(r.value, t.value) for r, t in zip(returned.elements, target.elements, strict=True)]
        else:
            pairs = [(returned, target)]
        done: list[int] = []
        parameters = {p.name.value for p in self.opening.function.params.params}
        sources = [r.value for r, _ in pairs if isinstance(r, cst.Name)]
        texts = [self.module.tree.code_for_node(t) for _, t in pairs]
        for index, (source, wanted) in enumerate(pairs):
            if not isinstance(source, cst.Name) or source.value not in local or source.value in names:
                continue
            if sources.count(source.value) != 1 or texts.count(texts[index]) != 1:
                continue
            # A definition can take another name, but not bind an attribute.
            defined = _defines(self.opening.function, source.value)
            if source.value in parameters or (defined and not isinstance(wanted, cst.Name)):
                continue
            match wanted:
                case cst.Name(value=value):
                    # What nobody wants keeps the name that says what it is.
                    clash = value == "_" or value in used or (value in local and value != source.value)
                case cst.Attribute(value=cst.Name(), attr=attr):
                    mentioned = {n.attr.value for n in walk(self.opening.function) if isinstance(n, cst.Attribute)}
                    clash = attr.value in mentioned
                case _:
                    clash = True
            if not clash:
                names[source.value] = wanted
                done.append(index)
        return done

    def rest(
        self, returned: cst.BaseExpression | None, done: list[int], rename: Renamed
    ) -> cst.SimpleStatementLine | None:
        """What is left of the calling statement: targets whose values are not bound yet, or a return."""
        small = self.opening.small
        value = cast(cst.BaseExpression, returned.visit(rename)) if returned is not None else cst.Name("None")
        if isinstance(small, cst.Return):
            return self.placed(cst.SimpleStatementLine([small.with_changes(value=value)]))
        if isinstance(small, cst.Expr):
            return None
        assert isinstance(small, cst.Assign)
        target = small.targets[0].target
        if done and isinstance(target, cst.Tuple | cst.List) and isinstance(value, cst.Tuple | cst.List):
            left = [i for i in range(len(target.elements)) if i not in done]
            left = [i for i in left if not self.is_unwanted(target.elements[i].value, value.elements[i].value)]
            if not left:
                return None
            if len(left) == 1:
                new = small.with_changes(
                    targets=[cst.AssignTarget(cast(cst.BaseAssignTargetExpression, target.elements[left[0]].value))],
                    value=value.elements[left[0]].value,
                )
            else:
                new = small.with_changes(
                    targets=[cst.AssignTarget(cst.Tuple([target.elements[i] for i in left], lpar=(), rpar=()))],
                    value=cst.Tuple([value.elements[i] for i in left], lpar=(), rpar=()),
                )
            return self.placed(cst.SimpleStatementLine([new]))
        if done:
            return None
        return self.placed(cst.SimpleStatementLine([small.with_changes(value=value)]))

    def is_unwanted(self, target: cst.BaseExpression, value: cst.BaseExpression) -> bool:
        """Whether a name is only bound to ``_``, which nothing reads."""
        unread = all(name.value != "_" for name in names_read(self.opening.caller or self.module.tree))
        return isinstance(value, cst.Name) and isinstance(target, cst.Name) and target.value == "_" and unread

    def with_comments(self, made: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
        lines = self.opening.statement.leading_lines
        if made and lines:
            first = made[0]
            own = list(getattr(first, "leading_lines", ()))
            while own and own[0].comment is None:
                own.pop(0)
            new = first.with_changes(leading_lines=[*lines, *own])
            self.trace(first, new)
            made[0] = new
        return made

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node is self.opening.statement or node is self.function:
            return False
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if original is self.function:
            return cst.RemoveFromParent() if self.opening.last else original
        if original is self.opening.statement:
            return cst.FlattenSentinel(self.body or [])
        if isinstance(original, cst.IndentedBlock) and not cast(cst.IndentedBlock, updated).body:
            updated = cast(cst.IndentedBlock, updated).with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        return super().on_leave(original, updated)


def _defines(function: cst.FunctionDef, name: str) -> bool:
    """Whether a name is bound by a definition or an import, which cannot bind an attribute."""
    for node in walk_own(function.body):
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.name.value == name:
            return True
        if isinstance(node, cst.Import | cst.ImportFrom) and any(n == name for n, _ in bindings(node)):
            return True
    return False
