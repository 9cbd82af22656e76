"""What a run makes of the graph of an object is made where the object builds the rest of it.

``sess.run(tf.argmax(model.scores, 1), ...)`` runs an op that was made before, ``model.argmax``, and
``sess.run(tf.assign(model.rate, new))`` one that is fed, ``sess.run(model.rate_update, {model.new_rate: new})``: an
equivalent TensorFlow 1 program, in which the graph does not grow while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.builder_ends import end_reached, outermost, taken_names, with_statements
from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Foreign, Instance, Node, Symbol, Value, nodes_in, unknown_in
from tf2migrate.names.bindings import names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, ids_in, walk
from tf2migrate.plan.facts import dtype_of, sizes_of


@dataclass(eq=False, slots=True)
class _Part:
    """An expression that is run: the attributes of the object in it, and the name that it gets as one of them."""

    expression: cst.BaseExpression
    site: RunSite
    held: Instance
    chains: dict[int, cst.Attribute]
    made: set[int]
    assigned: cst.BaseExpression | None = None
    given: cst.BaseExpression | None = None
    """What is fed for the assigned value: that of the host behind it."""
    specification: str = ""
    builder: cst.FunctionDef | None = None
    end: int = 0
    name: str = ""
    fed: str = ""
    statements: list[cst.BaseStatement] = field(default_factory=list)

    @property
    def holder(self) -> cst.BaseExpression:
        """The object, as it is called where the run stands."""
        return next(iter(self.chains.values())).value


def fetched_outside(staging: Staging, modules: list[Module], running: set[int]) -> list[Module] | None:
    """``modules`` with such expressions made by the object; None where there are none."""
    found: dict[int, _Part] = {}
    for site in staging.runs:
        for expression in _expressions(site.fetch_expression):
            part = _part(staging, site, expression)
            known = found.setdefault(id(expression), part) if part is not None else None
            if known is not None and known.held.cls is not part.held.cls:  # type: ignore[union-attr]
                return None
    outside = set().union(*(part.made for part in found.values()))
    nodes = [node for node in staging.nodes if node.number not in outside and node.kind != "init"]
    parts = [part for part in found.values() if _has_builder(staging, part, nodes, running)]
    if not parts:
        return None
    taken = set(taken_names(staging, modules))
    for part in parts:
        _name(staging, part, taken)
    return [_Writer(module, parts).apply(module) for module in modules]


def _expressions(fetched: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The parts of a fetch that are more than names."""
    if isinstance(fetched, cst.List | cst.Tuple):
        for element in fetched.elements:
            yield from _expressions(element.value)
    elif isinstance(fetched, cst.Call | cst.BinaryOperation | cst.UnaryOperation | cst.Comparison | cst.Subscript):
        yield fetched


def _part(staging: Staging, site: RunSite, expression: cst.BaseExpression) -> _Part | None:
    inside = ids_in(expression)
    statement = site.place.steps[-1].statement
    here = [n for n in staging.nodes if any(s.frame is site.frame and s.statement is statement for s in n.place.steps)]
    fetched = set().union(*(ids_in(other.fetch_expression) for other in staging.runs if other.frame is site.frame))
    direct = [n for n in here if id(n.expression) in fetched and n.place.steps[-1].frame is site.frame]
    made = [n for n in direct if id(n.expression) in inside]
    if not made or any(n not in direct and n.kind != "init" for n in here):
        return None
    value = _assigned(staging, site, expression)
    plain = all(n.kind == "tensor" and not n.random and not n.control and n.unknown is None for n in made)
    if value is None and not plain:
        return None
    chains = {id(chain): chain for chain in _chains(staging, site.frame, expression)}
    held = {id(owner): owner for chain in chains.values() if (owner := staging.value_in(chain.value, site.frame))}
    within = set().union(*(ids_in(chain) for chain in chains.values()), ids_in(value) if value is not None else set())
    others = [name for name in names_read(expression) if id(name) not in within]
    if len(held) != 1 or not all(_lasts(staging.value_in(name, site.frame)) for name in others):
        return None
    owner = cast(Instance, next(iter(held.values())))
    part = _Part(expression, site, owner, chains, {n.number for n in made}, value)
    if value is not None:
        variable = cast(Node, staging.value_in(next(iter(chains.values())), site.frame))
        dtype, sizes = dtype_of(variable), sizes_of(variable)
        part.given, typed = _behind_constant(staging, site.frame, value)
        if dtype is None or sizes is None or typed not in ("", f"tf.{dtype}"):
            return None
        part.specification = f"{dtype}, {sizes}"
    return part


def _assigned(staging: Staging, site: RunSite, expression: cst.BaseExpression) -> cst.BaseExpression | None:
    """The value of the host that a run assigns to a variable, and does nothing else."""
    call, given = site.expression, {"run": 1, "eval": 0}.get(site.form)
    alone = site.feeds is None and isinstance(call, cst.Call) and len(call.args) == given
    if not alone or expression is not site.fetch_expression:
        return None
    match expression:
        case cst.Call(func=func, args=[cst.Arg(keyword=None, star=""), cst.Arg(value=value, keyword=None, star="")]):
            symbol = staging.value_in(func, site.frame)
            if not isinstance(symbol, Symbol) or symbol.name != "tf.assign":
                return None
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="assign")), args=[cst.Arg(value=value, star="")]):
            pass
        case _:
            return None
    known = staging.value_in(_behind_constant(staging, site.frame, value)[0], site.frame)
    return value if known is not None and not any(nodes_in(known)) and unknown_in(known) is None else None


def _behind_constant(
    staging: Staging, frame: Frame, value: cst.BaseExpression
) -> tuple[cst.BaseExpression, str]:
    """The value of the host that a tensor is made of, and the type that it is given: ``tf.constant(x, tf.float32)``."""
    match value:
        case cst.Call(func=func, args=[cst.Arg(value=inner, keyword=None, star=""), *rest]) if len(rest) < 2:
            symbol = staging.value_in(func, frame)
            if not isinstance(symbol, Symbol) or symbol.name not in ("tf.constant", "tf.convert_to_tensor"):
                return value, ""
            types = [staging.value_in(arg.value, frame) for arg in rest if _names_a_type(arg)]
            if len(types) == len(rest) and all(isinstance(dtype, Symbol) for dtype in types):
                return inner, "".join(_named(dtype) for dtype in types)
    return value, ""


def _names_a_type(arg: cst.Arg) -> bool:
    return not arg.star and (arg.keyword is None or arg.keyword.value == "dtype")


def _chains(staging: Staging, frame: Frame, node: cst.CSTNode) -> Iterator[cst.Attribute]:
    """Attributes of objects, ``model.scores``, that hold parts of the graph."""
    if isinstance(node, cst.Attribute) and isinstance(staging.value_in(node.value, frame), Instance):
        if isinstance(staging.value_in(node, frame), Node):
            yield node
        return
    for child in children(node):
        yield from _chains(staging, frame, child)


def _lasts(value: Value | None) -> bool:
    """Whether a name means the same in every function: an imported module or symbol."""
    return isinstance(value, Symbol | Foreign)


def _has_builder(staging: Staging, part: _Part, nodes: list[Node], running: set[int]) -> bool:
    """Finds the method call in which the object builds its graph, whose end every call reaches.

    Where several do, it is the one that has made the last of what the expression reads.
    """
    read = [n for chain in part.chains.values() for n in nodes_in(staging.value_in(chain, part.site.frame))]
    places = [node.place for node in nodes]
    if len({outermost(place, part.held) for place in places} - {None}) != 1:
        places = [max(read, key=lambda node: node.number).place]
    frames = {frame for place in places if (frame := outermost(place, part.held)) is not None}
    if len(frames) != 1:
        return False
    frame = next(iter(frames))
    owner = frame.owner
    if id(frame) in running or not isinstance(owner, cst.FunctionDef) or not owner.params.params:
        return False
    end = end_reached(frame, read)
    attributes = [chain.attr.value for chain in part.chains.values()]
    home = staging.module_frames[frame.module].env
    names = {n.value for n in names_read(part.expression) if _lasts(staging.value_in(n, part.site.frame))}
    same = all(_named(home.get(n)) == _named(part.site.frame.lookup(n)) for n in names)
    if end is None or not same or not all(_set_once(staging, name) for name in attributes):
        return False
    part.builder, part.end = owner, end
    return True


def _named(value: Value | None) -> str:
    return value.name if isinstance(value, Symbol | Foreign) else ""


def _set_once(staging: Staging, attribute: str) -> bool:
    """Whether the program sets an attribute of this name at one place only, but for ``None`` in constructors."""
    every = [node for module in staging.modules.values() for node in walk(module.tree)]
    targets = [
        node
        for node in every
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign)
        for part in walk(node.target)
        if isinstance(part, cst.Attribute) and part.attr.value == attribute
    ]
    constructors = (n for n in every if isinstance(n, cst.FunctionDef) and n.name.value == "__init__")
    declared = (n for function in constructors for n in walk(function.body) if isinstance(n, cst.Assign))
    nones = (n for n in declared if isinstance(n.value, cst.Name) and n.value.value == "None")
    empty = {id(target) for n in nones for target in n.targets}
    return sum(id(target) not in empty for target in targets) == 1


def _name(staging: Staging, part: _Part, taken: set[str]) -> None:
    """Names the new attributes, and renders the statements that set them."""
    builder = cast(cst.FunctionDef, part.builder)
    receiver = builder.params.params[0].name.value
    first = next(iter(part.chains.values())).attr.value.lstrip("_")
    func = part.expression.func if isinstance(part.expression, cst.Call) else None
    symbol = staging.value_in(func, part.site.frame) if func is not None else None
    base = symbol.name.rsplit(".", 1)[-1] if isinstance(symbol, Symbol) else "fetched"
    part.name = take_name(f"{first}_update" if part.assigned is not None else base, taken)
    if part.assigned is None:
        return
    part.fed = take_name(f"new_{first}", taken)
    module = next(m for m in staging.modules.values() if builder in m.positions)
    tf = next((n for n, v in staging.module_frames[module.key].env.items() if _named(v) == "tf"), "tf")
    line = f"{receiver}.{part.fed} = {tf}.placeholder({tf}.{part.specification})\n"
    part.statements.append(cast(cst.BaseStatement, cst.parse_statement(line)))


class _Writer(Traced):
    """Makes the edits in one file."""

    def __init__(self, module: Module, parts: list[_Part]) -> None:
        super().__init__(module)
        self.parts = {id(part.expression): part for part in parts}
        self.calls = {id(part.site.expression): part for part in parts if part.assigned is not None}
        self.builders: dict[int, list[_Part]] = {}
        for part in parts:
            self.builders.setdefault(id(part.builder), []).append(part)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        part = self.parts.get(id(original))
        if part is not None:
            made = cst.Attribute(fresh(part.holder, self), cst.Name(part.name))
        fed = self.calls.get(id(original))
        if fed is not None and fed.assigned is not None:
            key = cst.Attribute(fresh(fed.holder, self), cst.Name(fed.fed))
            feed = cst.Dict([cst.DictElement(key, fresh(cast(cst.BaseExpression, fed.given), self))])
            call = cst.ensure_type(made, cst.Call)
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            made = call.with_changes(args=[*(arg.with_changes(comma=comma) for arg in call.args), cst.Arg(feed)])
        if isinstance(original, cst.FunctionDef) and id(original) in self.builders:
            function = cst.ensure_type(made, cst.FunctionDef)
            # The last first: places are counted from the beginning.
            parts = self.builders[id(original)][::-1]
            for each in sorted(parts, key=lambda part: -part.end):
                function = with_statements(function, each.end, self.lines(each, function), self)
            made = function
        return made

    def lines(self, part: _Part, builder: cst.FunctionDef) -> list[cst.BaseStatement]:
        """The statements by which the object makes what a run fetches."""
        receiver = builder.params.params[0].name.value
        value = cast(cst.BaseExpression, part.expression.visit(_Inside(self, part, receiver)))
        target = cst.AssignTarget(cst.Attribute(cst.Name(receiver), cst.Name(part.name)))
        made = [*part.statements, cst.SimpleStatementLine([cst.Assign([target], value)])]
        for statement in made:
            for node in walk(statement):
                if node not in self.positions:
                    self.trace(part.expression, node)
        return made


class _Inside(cst.CSTTransformer):
    """An expression as it is written where the object builds its graph."""

    def __init__(self, writer: _Writer, part: _Part, receiver: str) -> None:
        super().__init__()
        self.writer = writer
        self.part = part
        self.receiver = receiver

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        chain = self.part.chains.get(id(original))
        if chain is not None:
            made = cst.Attribute(cst.Name(self.receiver), cst.Name(chain.attr.value))
        elif original is self.part.assigned:
            made = cst.Attribute(cst.Name(self.receiver), cst.Name(self.part.fed))
        self.writer.trace(original, made)
        return made
