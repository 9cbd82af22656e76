"""Properties that a decorator computes once for each object become attributes that are set where they are first read.

``@lazy_property`` over ``def cost(self)`` builds a part of the graph when ``self.cost`` is read for the first time.
The method becomes ``make_cost``, and ``self.cost = self.make_cost()`` stands before the statement that reads it first,
or at the end of the constructor if somebody else reads it first: an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.forms.unmentioned import without_unmentioned
from tf2migrate.graph.frames import Frame, Step
from tf2migrate.graph.staging import Remembered, Staging
from tf2migrate.graph.values import Const, Function, Instance, Mapping, Node, Sequence, Symbol
from tf2migrate.names.free import free_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import NotPlanned, Refusal

STATE = frozenset({"variable", "layer", "train", "assign"})
# Parts of a statement that may be computed never, or more than once.
PERHAPS = (cst.IfExp, cst.BooleanOperation, cst.Lambda, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def without_lazy_properties(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with attributes for such properties; None where there are none. Raises ``NotPlanned``."""
    asked = [(r, touches) for r in staging.remembered if (touches := _touches(staging, r))]
    asked = [(r, touches) for r, touches in asked if any(touch.nodes for touch in touches)]
    if not asked or builder is not None:
        return None
    found = _Placing(staging, modules)
    for remembered, touches in asked:
        found.place(remembered, touches)
    edits = [_Attributes(module, found).apply(module) for module in modules]
    names = {_root(r.decorator) for r, _ in asked}
    return without_unmentioned([m.settled() for m in edits], names), None


@dataclass(frozen=True, slots=True)
class _Touch:
    """The first read of a property of one object: who read it, on what way, and what was made then."""

    receiver: Instance
    frame: Frame
    way: tuple[Step, ...]
    making: Frame
    nodes: list[Node]

    @property
    def statement(self) -> cst.CSTNode:
        return self.way[-1].statement


def _touches(staging: Staging, remembered: Remembered) -> list[_Touch]:
    """The first reads of a property, one for each object for which it made something."""
    out: list[_Touch] = []
    for making in staging.frames:
        if making.owner is not remembered.function.definition or making.parent is not remembered.function.frame:
            continue
        receiver, called = next(iter(making.entry.values()), None), making.called_from
        if not isinstance(receiver, Instance) or called is None:
            continue
        numbers = [n for n, s in enumerate(called.steps) if s.frame.owner is remembered.wrapper.definition]
        if not numbers:
            continue
        start = max(n for n in numbers if n == 0 or called.steps[n - 1].frame is not called.steps[n].frame)
        frame = called.steps[start - 1].frame
        way = tuple(step for step in called.steps[:start] if step.frame is frame)
        nodes = [node for node in staging.nodes if any(step.frame is making for step in node.place.steps)]
        out.append(_Touch(receiver, frame, way, making, nodes))
    return out


@dataclass(slots=True)
class _Placing:
    """Where each property is made: ``before`` a statement, or at the ``end`` of a constructor."""

    staging: Staging
    modules: list[Module]
    before: dict[int, list[tuple[Remembered, str]]] = field(default_factory=dict)
    end: dict[int, list[tuple[Remembered, str]]] = field(default_factory=dict)
    made: dict[int, str] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    """The number of the last node that an object's constructor makes now."""

    def place(self, remembered: Remembered, touches: list[_Touch]) -> None:
        definition = cast(cst.FunctionDef, remembered.function.definition)
        if not self.can_be_written(remembered, touches):
            raise self.refused(remembered)
        inside = [self.receiver_of(touch, definition.name.value) for touch in touches]
        if all(inside) and len({(id(t.statement), name) for t, name in zip(touches, inside, strict=True)}) == 1:
            self.before.setdefault(id(touches[0].statement), []).append((remembered, inside[0]))
        else:
            ends = [self.constructor(touch) for touch in touches]
            if len({id(end) for end in ends}) != 1 or (end := ends[0]) is None:
                raise self.refused(remembered)
            receiver = end.params.params[0].name.value
            self.end.setdefault(id(end), []).append((remembered, receiver))
        taken = {n.attr.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Attribute)}
        taken |= {name for cls in self.staging.classes for name in cls.members} | set(self.made.values())
        self.made[id(definition)] = free_name(f"make_{definition.name.value.lstrip('_')}", taken)

    def refused(self, remembered: Remembered) -> NotPlanned:
        module = remembered.function.frame.module
        reason = "when this property makes its part of the graph, or how often, is not followed"
        return NotPlanned(Refusal("TFM410", module, remembered.decorator, reason))

    # ------------------------------------------------------------------ where
    def receiver_of(self, touch: _Touch, name: str) -> str:
        """What a statement of the object itself calls it that reads the property first, and once; else empty."""
        owner, frame = touch.frame.owner, touch.frame
        first = next(iter(frame.entry), "")
        if not isinstance(owner, cst.FunctionDef) or frame.entry.get(first) is not touch.receiver:
            return ""
        again = [f for f in self.staging.frames if f.owner is owner and f.entry.get(first) is touch.receiver]
        if len(again) != 1 or not self.is_certain(touch):
            return ""
        perhaps = [node for node in walk(touch.statement) if isinstance(node, PERHAPS)]
        if any(isinstance(n, cst.Attribute) and n.attr.value == name for part in perhaps for n in walk(part)):
            return ""
        return first if not self.builds_before(touch) else ""

    def is_certain(self, touch: _Touch) -> bool:
        """Whether the statement runs once for each object: while it is constructed, or where a property is made."""
        if not isinstance(touch.statement, cst.SimpleStatementLine | cst.With):
            return False
        starts = [id(self.constructing(touch))]
        starts += [id(t.making) for r in self.staging.remembered for t in _touches(self.staging, r)]
        steps = touch.making.called_from.steps if touch.making.called_from is not None else ()
        upto = max((n for n, step in enumerate(steps) if step.frame is touch.frame), default=-1)
        entered = [n for n in range(upto + 1) if n == 0 or steps[n - 1].frame is not steps[n].frame]
        begun = [n for n in entered if id(steps[n].frame) in starts]
        inside = steps[begun[-1] : upto] if begun else ()
        return bool(begun) and all(isinstance(s.statement, cst.SimpleStatementLine | cst.With) for s in inside)

    def constructing(self, touch: _Touch) -> Frame | None:
        """The one call of the constructor of an object."""
        init = touch.receiver.cls.lookup("__init__")
        if not isinstance(init, Function):
            return None
        frames = [f for f in self.staging.frames if f.owner is init.definition]
        frames = [f for f in frames if next(iter(f.entry.values()), None) is touch.receiver]
        return frames[0] if len(frames) == 1 else None

    def builds_before(self, touch: _Touch) -> bool:
        """Whether the statement makes state itself before it reads the property."""
        start = min((node.number for node in touch.nodes), default=0)
        last = touch.way[-1]
        here = [n for n in self.staging.nodes if n.number < start and last in n.place.steps]
        return any(node.kind in STATE or node.random for node in here)

    def constructor(self, touch: _Touch) -> cst.FunctionDef | None:
        """The constructor of the object, if the property could as well be made at the end of that."""
        frame, way = self.constructing(touch), touch.making.called_from
        if frame is None or way is None or any(step.frame is frame for step in way.steps):
            return None
        init = cast(cst.FunctionDef, frame.owner)
        if any(isinstance(node, cst.Return) for node in walk(init)):
            return None
        inside = [n.number for n in self.staging.nodes if any(s.frame is frame for s in n.place.steps)]
        known = max([*inside, self.last.get(id(touch.receiver), -1)], default=-1)
        first = min((node.number for node in touch.nodes), default=0)
        between = [node for node in self.staging.nodes if known < node.number < first]
        numbers = {node.number for node in touch.nodes}
        used = {i.number for node in touch.nodes for i in (*node.inputs, *node.control)} - numbers
        if known < 0 or any(number > known for number in used) or self.is_ordered(touch, between):
            return None
        if not between:
            self.last[id(touch.receiver)] = max(numbers)
        return init

    def is_ordered(self, touch: _Touch, between: list[Node]) -> bool:
        """Whether it shows if a property is made before what was made ``between`` the constructor and it."""
        kinds = {node.kind for node in touch.nodes}
        others = {node.kind for node in between}
        if kinds & STATE:
            return bool(others & STATE) or bool(self.staging.savers)
        return ("summary" in kinds & others) or (bool(between) and any(node.random for node in touch.nodes))

    # ------------------------------------------------------------------ how
    def can_be_written(self, remembered: Remembered, touches: list[_Touch]) -> bool:
        """Whether nothing else knows the attribute of the decorator, and its scopes can be written out."""
        definition = remembered.function.definition
        if not isinstance(definition, cst.FunctionDef) or len(definition.decorators) != 1:
            return False
        if len({id(t.receiver) for t in touches}) != len(touches):
            return False
        owner = remembered.wrapper.owner
        home = self.module_of(remembered)
        if owner is None or home is None:
            return False
        return all(self.scope(remembered, block) is not None for block in _blocks(remembered))

    def module_of(self, remembered: Remembered) -> Module | None:
        return self.staging.modules.get(remembered.wrapper.owner.frame.module) if remembered.wrapper.owner else None

    def scope(self, remembered: Remembered, block: cst.With) -> list[cst.WithItem] | None:
        """The head of a ``with`` block of the decorator, as it reads where the property is made."""
        out: list[cst.WithItem] = []
        for item in block.items:
            call = item.item
            if item.asname is not None or not isinstance(call, cst.Call) or not self.is_same(remembered, call.func):
                return None
            args: list[cst.Arg] = []
            for arg in call.args:
                written = self.argument(remembered, arg)
                if written is None:
                    return None
                args += written
            if args:
                args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            out.append(cst.WithItem(call.with_changes(args=args)))
        return out

    def argument(self, remembered: Remembered, arg: cst.Arg) -> list[cst.Arg] | None:
        """An argument of a scope in the decorator by its value, or as it was given to the decorator."""
        frames = [f for f in self.staging.frames if f.parent is remembered.wrapper.frame]
        values = [v for f in frames if (v := self.staging.value_in(arg.value, f)) is not None]
        if not values:
            return None
        match values[0]:
            case Const(value=str() as text) if not arg.star:
                return [arg.with_changes(value=cst.SimpleString(repr(text)))]
            case Sequence(items=[], exact=True) if arg.star == "*":
                return []
            case Mapping(items=pairs, exact=True) if arg.star == "**":
                call = remembered.decorator
                given = {a.keyword.value: a for a in call.args if a.keyword} if isinstance(call, cst.Call) else {}
                comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
                found = [given.get(str(key)) for key in pairs]
                return [a.with_changes(comma=comma) for a in found if a is not None] if all(found) else None
        return None

    def is_same(self, remembered: Remembered, func: cst.BaseExpression) -> bool:
        """Whether a symbol of TensorFlow is reached from the class as it is from the decorator."""
        here = self.staging.module_frames[cast(Module, self.module_of(remembered)).key].lookup(_root(func))
        there = self.staging.module_frames[remembered.wrapper.frame.module].lookup(_root(func))
        return isinstance(here, Symbol) and isinstance(there, Symbol) and here.name == there.name


def _blocks(remembered: Remembered) -> list[cst.With]:
    return [node for node in walk(remembered.wrapper.definition) if isinstance(node, cst.With)]


def _root(node: cst.CSTNode) -> str:
    while isinstance(node, cst.Attribute | cst.Call):
        node = node.func if isinstance(node, cst.Call) else node.value
    return node.value if isinstance(node, cst.Name) else ""


class _Attributes(Traced):
    """Makes the edits in one file."""

    def __init__(self, module: Module, placing: _Placing) -> None:
        super().__init__(module)
        self.placing = placing

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        placing = self.placing
        if id(original) in placing.made:
            function = cast(cst.FunctionDef, made)
            name = cst.Name(placing.made[id(original)])
            made = function.with_changes(name=name, decorators=[], lines_after_decorators=[])
        if id(original) in placing.end:
            function = cast(cst.FunctionDef, made)
            last = function.body.body[-1]
            added = [self.assignment(r, receiver, last) for r, receiver in placing.end[id(original)]]
            body = function.body.with_changes(body=[*function.body.body, *added])
            made = function.with_changes(body=body)
        if id(original) in placing.before:
            parts = [self.assignment(r, receiver, made) for r, receiver in placing.before[id(original)]]
            lines = getattr(made, "leading_lines", ())
            parts[0] = cast(cst.SimpleStatementLine, parts[0]).with_changes(leading_lines=lines)
            self.trace(original, parts[0])
            if not _only_reads(original):
                parts.append(cast(cst.SimpleStatementLine, made).with_changes(leading_lines=()))
                self.trace(original, parts[-1])
            return cst.FlattenSentinel(parts)
        return made

    def assignment(self, remembered: Remembered, receiver: str, where: cst.CSTNode) -> cst.BaseStatement:
        """``self.cost = self.make_cost()``, in the scopes that the decorator opens."""
        definition = cast(cst.FunctionDef, remembered.function.definition)
        target = cst.Attribute(cst.Name(receiver), cst.Name(definition.name.value))
        call = cst.Call(cst.Attribute(cst.Name(receiver), cst.Name(self.placing.made[id(definition)])))
        made: cst.BaseStatement = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], call)])
        for block in reversed(_blocks(remembered)):
            items = self.placing.scope(remembered, block) or []
            made = cst.With([i.deep_clone() for i in items], cst.IndentedBlock([made]))
        for node in walk(made):
            if where in self.positions:
                self.positions[node] = self.positions[where]
        return made


def _only_reads(statement: cst.CSTNode) -> bool:
    """``self.cost`` as a statement, which is there to make it."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Attribute(value=cst.Name()))]):
            return True
    return False
