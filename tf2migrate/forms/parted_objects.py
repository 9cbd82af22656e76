"""Objects whose constructors compute with tensors that they are given: making and computing come apart.

``h = Hidden(x, 4, 8)`` and then ``h.output`` becomes ``h = Hidden(4, 8)``, ``h_output = h(x)`` and then ``h_output``:
the constructor makes the variables, and the object is called with the tensors. The result is an equivalent TensorFlow 1
program, in which such objects can become layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.method_aliases import without_method_aliases
from tf2migrate.forms.object_outputs import Companion, Outputs
from tf2migrate.forms.parted_constructors import Parted, Whole, innermost
from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.staging import Staging
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.returns import return_directly
from tf2migrate.names.tree import is_docstring, parameter_names, walk
from tf2migrate.plan.layer_names import snake

# What the computing part is called: the first of these that the class does not have.
METHODS = ("__call__", "forward", "compute", "compute_outputs")


def parted_objects(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with the innermost of such classes parted; None when there is none that can be."""
    found = innermost(staging)
    direct = without_method_aliases(staging, modules, [parted.cls for parted in found])
    if direct is not None:
        return direct
    made = _apart(staging, modules, found) if found else None
    if made is None and len(found) > 1:
        # Perhaps one class stands in the way of the others.
        return next((m for parted in found if (m := _apart(staging, modules, [parted])) is not None), None)
    same = made is None or all(new.tree.code == old.tree.code for new, old in zip(made, modules, strict=True))
    return None if same else made


def _apart(staging: Staging, modules: list[Module], found: list[Parted]) -> list[Module] | None:
    outputs = Outputs(staging, modules, found)
    try:
        outputs.find()
        return [_Edit(module, outputs).apply(module) for module in modules]
    except Whole:
        return None


class _Edit(Traced):
    """Parts the classes, and what makes and reads their objects."""

    def __init__(self, module: Module, outputs: Outputs) -> None:
        super().__init__(module)
        self.outputs = outputs
        self.code = module.tree.code_for_node
        self.calls = {id(call): p for p in outputs.parted for call in p.calls}
        self.texts: dict[int, str] = {}
        """Names and attributes of the classes, by identity, that are called otherwise now."""
        self.handed: dict[int, list[str]] = {}
        self.updated: dict[int, cst.CSTNode] = {}
        self.arguments: dict[int, dict[str, cst.BaseExpression]] = {}
        self.functions: dict[int, Parted] = {}
        self.kept: dict[int, list[cst.CSTNode]] = {}
        self.methods: dict[int, list[str]] = {}
        for parted in outputs.parted:
            self.check_calls(parted)
            self.prepare(parted)
        self.kept_ids = {id(s) for parted in outputs.parted for s in parted.init.body.body}

    # ------------------------------------------------------------------ what becomes of the classes
    def check_calls(self, parted: Parted) -> None:
        parameters = [p.name.value for p in parted.init.params.params][1:]
        for call in parted.calls:
            named = [a.keyword.value if a.keyword else "" for a in call.args]
            given = {n or parameters[i] for i, n in enumerate(named) if n or i < len(parameters)}
            if any(a.star for a in call.args) or not set(parted.tensors) <= given:
                raise Whole

    def prepare(self, parted: Parted) -> None:
        self.functions[id(parted.init)] = parted
        self.kept[id(parted.init)] = list(self.live(parted))
        receiver = parted.receiver
        for statement in parted.computing:
            for node in walk(statement):
                name = parted.own(node)
                if name in parted.outputs:
                    self.texts[id(node)] = parted.outputs[name]
                elif name and (needs := self.needs(parted, name)):
                    self.handed[id(node)] = [parted.outputs[a] for a in needs]
            for read in names_read(statement):
                if read.value in parted.saved:
                    self.texts[id(read)] = f"{receiver}.{parted.saved[read.value]}"
        others = [s for s in parted.init.body.body if s not in parted.computing and id(s) not in parted.dropped]
        if any(self.needs(parted, parted.own(n)) for s in others for n in walk(s) if parted.own(n)):
            raise Whole
        for method in parted.cls.definition.body.body:
            if isinstance(method, cst.FunctionDef) and id(method) in self.outputs.methods:
                self.prepare_method(parted, method)

    def needs(self, parted: Parted, name: str) -> list[str]:
        """The outputs that a method of the class is handed."""
        method = self.outputs.method_of(parted, name)
        return self.outputs.methods.get(id(method), []) if method is not None else []

    def prepare_method(self, parted: Parted, method: cst.FunctionDef) -> None:
        taken = parameter_names(method) | {n for n, _ in bindings(method.body)}
        taken |= {n.value for n in names_read(method.body)}
        names: dict[str, str] = {}
        for attribute in self.outputs.methods[id(method)]:
            name = attribute.strip("_")
            while name in taken:
                name += "_"
            taken.add(name)
            names[attribute] = name
        self.methods[id(method)] = list(names.values())
        receiver = method.params.params[0].name.value
        for node in walk(method.body):
            match node:
                case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=name)) if base == receiver:
                    if name in names:
                        self.texts[id(node)] = names[name]
                    elif needs := self.needs(parted, name):
                        self.handed[id(node)] = [names[a] for a in needs]

    def results(self, parted: Parted) -> list[str]:
        """The outputs that the computing part gives back, in the order in which they were set."""
        wanted = self.outputs.wanted.get(id(parted), [])
        return [a for a in parted.outputs if a in wanted and a not in parted.given]

    def live(self, parted: Parted) -> Iterator[cst.CSTNode]:
        """The computing statements whose results are read; what does more than to give names stays in any case."""
        wanted = {parted.outputs[a] for a in self.results(parted)}
        kept: set[int] = set()
        for statement in reversed(parted.computing):
            if id(statement) in parted.dropped:
                continue
            bound = {n for n, _ in bindings(statement)}
            bound |= {parted.outputs[a] for n in walk(statement) if (a := parted.own(n)) in parted.outputs}
            plain = isinstance(statement, cst.SimpleStatementLine) and all(
                isinstance(small, cst.Assign) for small in statement.body
            )
            if plain and not bound & wanted:
                continue
            kept.add(id(statement))
            wanted |= {n.value for n in names_read(statement)}
            wanted |= {parted.outputs[a] for n in walk(statement) if (a := parted.own(n)) in parted.outputs}
        yield from (s for s in parted.computing if id(s) in kept)

    # ------------------------------------------------------------------ the edits
    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        key = id(original)
        if key in self.texts:
            made = self.expression(self.texts[key], original)
        elif key in self.outputs.reads:
            made = self.renamed(cast(cst.Attribute, made).value, self.outputs.reads[key])
        elif isinstance(original, cst.Call) and isinstance(made, cst.Call):
            made = self.call(original, made)
        elif isinstance(original, cst.FunctionDef) and isinstance(made, cst.FunctionDef):
            if key in self.functions:
                return cst.FlattenSentinel(self.halves(self.functions[key], made))
            made = self.method(original, made)
        if key in self.kept_ids:
            self.updated[key] = made
        self.trace(original, made)
        followed = key in self.outputs.made or key in self.outputs.behind
        if followed and isinstance(original, cst.SimpleStatementLine) and isinstance(made, cst.SimpleStatementLine):
            return cst.FlattenSentinel(self.companions(original, made))
        return made

    def expression(self, text: str, original: cst.CSTNode) -> cst.BaseExpression:
        made = super().expression(text, original)
        lpar = getattr(original, "lpar", ())
        return made.with_changes(lpar=lpar, rpar=getattr(original, "rpar", ())) if lpar else made

    def renamed(self, node: cst.CSTNode, name: str) -> cst.BaseExpression:
        """An expression that stands for an object, with the name of the output in the place of its last one."""
        new = cst.Name(name)
        match node:
            case cst.Attribute():
                made: cst.BaseExpression = node.with_changes(attr=new)
            case cst.Subscript(value=base):
                made = node.with_changes(value=self.renamed(base, name))
            case _:
                made = new
        self.trace(node, new)
        self.trace(node, made)
        return made

    def call(self, original: cst.Call, made: cst.Call) -> cst.Call:
        func = id(original.func)
        if func in self.handed:
            return self.handing(made, [self.expression(text, original) for text in self.handed[func]])
        if func in self.outputs.calls and isinstance(made.func, cst.Attribute):
            objects = made.func.value
            values = [self.renamed(fresh(objects, self), name) for name in self.outputs.calls[func]]
            return self.handing(made, values)
        parted = self.calls.get(id(original))
        if parted is None:
            return made
        parameters = [p.name.value for p in parted.init.params.params][1:]
        kept: list[cst.Arg] = []
        tensors: dict[str, cst.BaseExpression] = {}
        for index, arg in enumerate(made.args):
            name = arg.keyword.value if arg.keyword is not None else parameters[index]
            if name in parted.tensors:
                tensors[name] = arg.value
            else:
                kept.append(arg)
        if kept and kept[-1] is not made.args[-1]:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        self.arguments[id(original)] = tensors
        return made.with_changes(args=kept)

    def handing(self, call: cst.Call, values: list[cst.BaseExpression]) -> cst.Call:
        given = [cst.Arg(value) for value in values]
        return call.with_changes(args=[*given, *call.args])

    def method(self, original: cst.FunctionDef, made: cst.FunctionDef) -> cst.FunctionDef:
        """A method that reads outputs is handed them."""
        names = self.methods.get(id(original), [])
        if not names:
            return made
        receiver, *rest = made.params.params
        added = [cst.Param(cst.Name(name)) for name in names]
        return made.with_changes(params=made.params.with_changes(params=[receiver, *added, *rest]))

    # ------------------------------------------------------------------ the two halves
    def halves(self, parted: Parted, made: cst.FunctionDef) -> Iterator[cst.FunctionDef]:
        """The constructor without what computes, and the method that computes."""
        kept = self.kept[id(parted.init)]
        gone = {id(s) for s in parted.computing} | parted.dropped
        body = [cast(cst.BaseStatement, self.updated[id(s)]) for s in parted.init.body.body if id(s) not in gone]
        used = {read.value for s in kept for read in names_read(s)}
        saved = {n: f"{parted.receiver}.{parted.saved[n]} = {n}\n" for n in parted.added if n in used}
        rebound = {name for s in parted.init.body.body for name, _ in bindings(s)}
        begin = [self.line(text, parted.init) for name, text in saved.items() if name not in rebound]
        end = [self.line(text, parted.init) for name, text in saved.items() if name in rebound]
        first = 1 if body and is_docstring(body[0]) else 0
        body = [*body[:first], *begin, *body[first:], *end]
        params = [p for p in made.params.params if p.name.value not in parted.tensors]
        params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        init = made.with_changes(
            params=made.params.with_changes(params=params), body=made.body.with_changes(body=body or [_pass()])
        )
        self.trace(parted.init, init)
        yield init
        results = self.results(parted)
        if not results:
            return
        given = ", ".join([parted.receiver, *parted.tensors])
        text = f"def {self.computing_name(parted)}({given}):\n    pass\n"
        frame = cast(cst.FunctionDef, cst.parse_statement(text, config=self.config))
        second = [cast(cst.BaseStatement, self.updated[id(s)]) for s in kept]
        second[0] = _without_blank_lines(second[0])
        names = [parted.outputs[a] for a in results]
        if len(names) == 1:
            second = return_directly(second, names[0])
            self.trace(parted.computing[-1], second[-1])
        else:
            second.append(self.line(f"return {', '.join(names)}\n", parted.computing[-1]))
        method = frame.with_changes(body=cst.IndentedBlock(second), leading_lines=[cst.EmptyLine(indent=False)])
        self.trace(parted.init, method)
        yield method

    def computing_name(self, parted: Parted) -> str:
        return next(name for name in METHODS if name not in parted.cls.members)

    # ------------------------------------------------------------------ what makes objects
    def companions(
        self, original: cst.SimpleStatementLine, made: cst.SimpleStatementLine
    ) -> Iterator[cst.SimpleStatementLine]:
        names = self.outputs.made.get(id(original), {})
        if not names:
            yield made
        else:
            yield from self.construction(original, made, names)
        for companion in self.outputs.behind.get(id(original), ()):
            yield self.companion(companion, original)

    def construction(
        self, original: cst.SimpleStatementLine, made: cst.SimpleStatementLine, names: dict[str, str]
    ) -> Iterator[cst.SimpleStatementLine]:
        """``h = Hidden(4, 8)``, with ``h_output = h(x)`` behind it."""
        call = next(n for n in walk(original) if id(n) in self.calls)
        parted = self.calls[id(call)]
        grown = id(original) in self.outputs.appended
        small = made.body[0]
        lines = made.leading_lines
        if grown:
            appended = cast(cst.Call, cast(cst.Expr, small).value)
            base = cast(cst.Attribute, appended.func).value
            own = self.fresh(snake(self.outputs.appended[id(original)]))
            target: cst.BaseExpression = cst.Name(own)
            value = appended.args[0].value
            yield self.placed(cst.Assign([cst.AssignTarget(cst.Name(own))], value), original, lines)
        else:
            base = target = cast(cst.Assign, small).targets[0].target
            yield made
        results = self.results(parted)
        locals_ = {a: f"{self.code(target)}_{a.strip('_')}" for a in names} if grown else names
        arguments = dict(self.arguments[id(call)])
        for attribute in [a for a in parted.given if a in names]:
            # What the constructor was given has this name from here on.
            left = self.output(target, locals_[attribute])
            value = fresh(arguments[parted.given[attribute]], self)
            named = cst.AssignTarget(cast(cst.BaseAssignTargetExpression, left))
            yield self.placed(cst.Assign([named], value), original)
            arguments[parted.given[attribute]] = left
        if any(a in names for a in results):
            targets = [self.output(target, locals_.get(a) or self.unread(target, a)) for a in results]
            yield self.computed(parted, original, target, targets, arguments)
        if grown:
            yield self.placed(small.with_changes(value=appended.with_changes(args=[cst.Arg(target)])), original)
            for attribute, name in names.items():
                grow = cst.Attribute(self.renamed(fresh(base, self), name), cst.Name("append"))
                yield self.placed(cst.Expr(cst.Call(grow, [cst.Arg(cst.Name(locals_[attribute]))])), original)

    def computed(
        self,
        parted: Parted,
        original: cst.SimpleStatementLine,
        target: cst.BaseExpression,
        targets: list[cst.BaseExpression],
        arguments: dict[str, cst.BaseExpression],
    ) -> cst.SimpleStatementLine:
        function = fresh(target, self)
        if (name := self.computing_name(parted)) != "__call__":
            function = cst.Attribute(function, cst.Name(name))
        args = [cst.Arg(fresh(arguments[name], self)) for name in parted.tensors]
        left = targets[0] if len(targets) == 1 else cst.Tuple([cst.Element(t) for t in targets], lpar=(), rpar=())
        assigned = cst.AssignTarget(cast(cst.BaseAssignTargetExpression, left))
        return self.placed(cst.Assign([assigned], cst.Call(function, args)), original)

    def output(self, target: cst.BaseExpression, name: str) -> cst.BaseExpression:
        return self.renamed(fresh(target, self), name)

    def unread(self, target: cst.BaseExpression, attribute: str) -> str:
        """A name for an output that is read of other objects of the class only."""
        base = target.attr.value if isinstance(target, cst.Attribute) else self.code(target)
        return self.fresh(f"{base}_{attribute.strip('_')}")

    def fresh(self, name: str) -> str:
        return take_name(name, self.outputs.taken)

    def companion(self, companion: Companion, original: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        """What holds the output of an object, behind what holds the object."""
        small = original.body[0]
        value: cst.BaseExpression = cst.List([])
        if companion.source:
            value = self.renamed(fresh(companion.value, self), companion.source)
        if isinstance(small, cst.Assign):
            left = self.renamed(fresh(cast(cst.BaseExpression, small.targets[0].target), self), companion.name)
            target = cst.AssignTarget(cast(cst.BaseAssignTargetExpression, left))
            return self.placed(cst.Assign([target], value), original)
        base = cast(cst.Attribute, cast(cst.Call, cast(cst.Expr, small).value).func).value
        grow = cst.Attribute(self.renamed(fresh(base, self), companion.name), cst.Name("append"))
        return self.placed(cst.Expr(cst.Call(grow, [cst.Arg(value)])), original)

    def placed(
        self, small: cst.BaseSmallStatement, source: cst.CSTNode, lines: object = ()
    ) -> cst.SimpleStatementLine:
        made = cst.SimpleStatementLine([small], leading_lines=cast("list[cst.EmptyLine]", lines))
        for node in walk(made):
            if node not in self.positions:
                self.trace(source, node)
        return made


def _pass() -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Pass()])


def _without_blank_lines(statement: cst.BaseStatement) -> cst.BaseStatement:
    lines = list(getattr(statement, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    return statement.with_changes(leading_lines=lines)
