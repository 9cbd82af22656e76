"""Losses that are collected by the graph become values with names, read where they are added up.

The result is an equivalent TensorFlow 1 program: `tf.losses.get_total_loss()` is `tf.add_n([a, b])`. Only what the
regularizers of variables collect stays a call; a Keras model lists that itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.forms.penalties import Penalty, penalty
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.frames import Place
from tf2migrate.graph.staging import Collected, Reading, Staging
from tf2migrate.graph.values import Const, Node, Symbol
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import bindings
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.refusal import NotPlanned, Refusal


@dataclass(slots=True)
class _Edits:
    """What becomes of the calls: ``named`` of those that add, ``read`` of those that read."""

    named: dict[int, str] = field(default_factory=dict)
    hoisted: dict[int, tuple[cst.CSTNode, str]] = field(default_factory=dict)
    penalties: dict[int, Penalty] = field(default_factory=dict)
    makers: dict[int, cst.BaseExpression] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    read: dict[int, cst.BaseExpression] = field(default_factory=dict)


def resolved(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with names for what its collections of losses hold; None when it reads none of them.

    Raises ``NotPlanned`` when what a collection holds cannot be named where it is read.
    """
    readings = [r for r in staging.readings if r.losses or r.form == "sum"]
    readings = [r for r in readings if r.losses or not _is_regularization(staging, r)]
    if not readings:
        return None
    edits = _Resolver(staging).edits(readings)
    return edited(modules, builder, lambda module, builder: _Naming(module, edits, builder))


def _is_regularization(staging: Staging, reading: Reading) -> bool:
    """Whether a call reads the collection of regularizers alone."""
    symbols = [v.name for v in staging.values_of(reading.call.func) if isinstance(v, Symbol)]
    return all(name.endswith(("get_regularization_loss", "get_regularization_losses")) for name in symbols)


class _Resolver:
    """Decides the names."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging
        self.made = _Edits()
        self.names: dict[tuple[int, int], str] = {}
        self.whole: list[Node] | None = None
        self.others = staging.regularized
        nodes = [n for m in staging.modules.values() for n in walk(m.tree)]
        attributes = {id(n.attr) for n in nodes if isinstance(n, cst.Attribute)}
        self.taken = {n.value for n in nodes if isinstance(n, cst.Name) and id(n) not in attributes}

    def edits(self, readings: list[Reading]) -> _Edits:
        for reading in readings:
            if sum(other.call is reading.call for other in readings) > 1:
                raise self.refused(reading, reading.call, "a collection is read by a call that runs several times")
            frame = reading.place.steps[-1].frame
            here = [m for m in reading.losses if m.place.steps[-1].frame is frame]
            names = [self.name(member, reading) for member in here]
            regularized = self.penalties([m for m in reading.losses if m not in here], reading)
            self.made.read[id(reading.call)] = self.expression(reading, names, bool(regularized))
        return self.made

    def penalties(self, members: list[Collected], reading: Reading) -> list[Node]:
        """The variables that the collection penalizes: those with a regularizer, and those of collected penalties."""
        variables = list(reading.regularized)
        for member in members:
            found = penalty(self.staging, member)
            if found is None or found.variable in variables:
                reason = "a loss that another function collects is read here, which is not rewritten yet"
                raise self.refused(reading, reading.call, reason)
            variables.append(found.variable)
            self.made.penalties[id(member.call)] = found
            if found.computed is not None:
                self.made.gone.add(id(found.computed))
            if found.maker is not None:
                self.made.makers[id(found.maker)] = found.regularizer
        # A model lists all penalties or none.
        if variables and self.whole is None:
            self.whole = variables
        if variables and {n.number for n in variables} != {n.number for n in [*(self.whole or ()), *self.others]}:
            raise self.refused(reading, reading.call, "collections of different penalties are read")
        return variables

    def refused(self, reading: Reading, where: cst.CSTNode, reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM410", reading.place.module, where, reason, "add the losses up by name"))

    def expression(self, reading: Reading, names: list[str], regularized: bool) -> cst.BaseExpression:
        """The list of the losses, or their sum."""
        tf = Aliases(self.staging.modules[reading.place.module].tree).tensorflow or "tf"
        elements: list[cst.BaseElement] = [cst.Element(name_node(name)) for name in names]
        made: cst.BaseExpression = cst.List(elements)
        if regularized:
            regularizers = cst.parse_expression(f"{tf}.losses.get_regularization_losses()")
            made = cst.List([*elements, cst.StarredElement(regularizers)]) if names else regularizers
        if reading.form == "list":
            return made
        call = cst.parse_expression(f"{tf}.add_n()")
        assert isinstance(call, cst.Call)
        return call.with_changes(args=[cst.Arg(made)])

    # ------------------------------------------------------------------ names
    def name(self, member: Collected, reading: Reading) -> str:
        """The name of a collected tensor where the collection is read."""
        key = (id(member.call), id(member.node))
        if key in self.names:
            return self.names[key]
        if any(call == id(member.call) for call, _ in self.names) or not self.is_straight(member.place):
            reason = "a loss is collected in a loop or a branch, which is not rewritten yet"
            raise self.refused(reading, member.call, reason)
        found = self.names[key] = self.own_name(member, reading)
        return found

    def is_straight(self, place: Place) -> bool:
        """Whether something happens once in its body: only scopes are around it."""
        frame = place.steps[-1].frame
        around = [step.statement for step in place.steps if step.frame is frame][:-1]
        return all(isinstance(s, cst.With) or (isinstance(s, cst.If) and self.is_decided(s)) for s in around)

    def is_decided(self, branch: cst.If) -> bool:
        values = self.staging.values_of(branch.test)
        return bool(values) and all(isinstance(value, Const) for value in values)

    def own_name(self, member: Collected, reading: Reading) -> str:
        """The name that the program gives to a collected tensor, or a new one."""
        statement = member.place.steps[-1].statement
        small = None
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            small = statement.body[0]
        if member.value is not None:
            if isinstance(member.value, cst.Name) and self.bound_once(member, member.value.value):
                return member.value.value
            if not isinstance(small, cst.Expr) or small.value is not member.call:
                raise self.refused(reading, member.call, "the result of adding to a collection is used")
            return self.new(member)
        if isinstance(small, cst.Assign) and small.value is member.call and len(small.targets) == 1:
            target = small.targets[0].target
            if isinstance(target, cst.Name) and self.bound_once(member, target.value):
                return target.value
        if isinstance(small, cst.Expr) and small.value is member.call:
            return self.new(member)
        if isinstance(statement, cst.SimpleStatementLine) and _is_plain(statement, member.call):
            name = self.fresh(_last_name(member.call))
            self.made.hoisted[id(member.call)] = (statement, name)
            return name
        raise self.refused(reading, member.call, "a collected loss is computed inside of another expression")

    def new(self, member: Collected) -> str:
        name = self.fresh("penalty" if member.value is not None else _last_name(member.call))
        self.made.named[id(member.call)] = name
        return name

    def fresh(self, wanted: str) -> str:
        return take_name(wanted, self.taken)

    def bound_once(self, member: Collected, name: str) -> bool:
        """Whether a name means one thing in the whole body."""
        owner = member.place.steps[-1].frame.owner
        body = owner.body if isinstance(owner, cst.Module) else [getattr(owner, "body", owner)]
        return sum(found == name for node in body for found, _ in bindings(node)) == 1


def _is_plain(statement: cst.SimpleStatementLine, call: cst.Call) -> bool:
    """Whether a call in a statement is evaluated once and on every way: no lambda, comprehension or choice around."""
    stack: list[tuple[cst.CSTNode, bool]] = [(statement, True)]
    lazy = cst.Lambda | cst.BaseComp | cst.IfExp | cst.BooleanOperation
    while stack:
        node, plain = stack.pop()
        if node is call:
            return plain
        stack.extend((child, plain and not isinstance(node, lazy)) for child in children(node))
    return False


def _last_name(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else "loss"


class _Naming(Traced):
    """Puts the names in."""

    def __init__(self, module: Module, edits: _Edits, builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.edits = edits
        self.before: dict[int, list[tuple[str, cst.BaseExpression]]] = {}
        self.gone = edits.gone

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.Call) and id(original) in self.edits.read:
            made = self.edits.read[id(original)]
            self.trace(original, made)
        if isinstance(original, cst.Call) and id(original) in self.edits.hoisted:
            statement, name = self.edits.hoisted[id(original)]
            self.before.setdefault(id(statement), []).append((name, made))  # type: ignore[arg-type]
            made = cst.Name(name)
            self.trace(original, made)
        if isinstance(original, cst.Expr) and id(original.value) in self.edits.named:
            made = self.assignment(original, made)
        if isinstance(original, cst.Expr) and id(original.value) in self.edits.penalties:
            made = self.regularized(original)
        if isinstance(original, cst.Call) and id(original) in self.edits.makers:
            made = self.with_regularizer(original, made)
        if isinstance(original, cst.SimpleStatementLine) and id(original) in self.before:
            return self.with_hoisted(original, made)
        return made

    def assignment(self, original: cst.Expr, made: object) -> cst.Assign:
        """``tf.add_to_collection("losses", x)`` as ``penalty = x``."""
        call = made.value if isinstance(made, cst.Expr) else original.value
        assert isinstance(call, cst.Call)
        name = self.edits.named[id(original.value)]
        value: cst.BaseExpression = call
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("add_to_collection", "add_loss"):
            found = _value(call)
            value = found if found is not None else call
        made2 = cst.Assign([cst.AssignTarget(cst.Name(name))], value)
        self.trace(original, made2)
        return made2

    def regularized(self, original: cst.Expr) -> cst.BaseSmallStatement:
        """The statement that collected a penalty: it regularizes the variable, or has nothing to do any more."""
        found = self.edits.penalties[id(original.value)]
        made: cst.BaseSmallStatement = cst.Pass()
        if found.maker is None:
            target = cst.Attribute(cst.Name(found.name), cst.Name("regularizer"))
            made = cst.Assign([cst.AssignTarget(target)], found.regularizer)
        self.trace(original, made)
        return made

    def with_regularizer(self, original: cst.Call, made: object) -> cst.Call:
        """The call that makes a variable, with its regularizer."""
        call = made if isinstance(made, cst.Call) else original
        extra = cst.Arg(
            self.edits.makers[id(original)],
            keyword=cst.Name("regularizer"),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        changed = call.with_changes(args=[*call.args, extra])
        self.trace(original, changed)
        return changed

    def with_hoisted(self, original: cst.SimpleStatementLine, made: object) -> cst.FlattenSentinel[cst.CSTNode]:
        lines: list[cst.CSTNode] = []
        for name, value in self.before[id(original)]:
            line = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])
            self.trace(original, line)
            lines.append(line)
        assert isinstance(made, cst.SimpleStatementLine)
        lines[0] = lines[0].with_changes(leading_lines=made.leading_lines)
        self.trace(original, lines[0])
        last = made.with_changes(leading_lines=[])
        self.trace(original, last)
        return cst.FlattenSentinel([*lines, last])


def _value(call: cst.Call) -> cst.BaseExpression | None:
    """The expression that a call adds to a collection."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in ("value", "loss"):
            return arg.value
    plain = [arg.value for arg in call.args if arg.keyword is None]
    position = 1 if isinstance(call.func, cst.Attribute) and call.func.attr.value == "add_to_collection" else 0
    return plain[position] if position < len(plain) else None
