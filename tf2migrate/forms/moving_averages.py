"""Moving averages become variables, each with the update that keeps it.

``ema.apply([mean])`` makes a variable beside ``mean`` and gives an op that moves it; ``ema.average(mean)`` finds it.
The result is an equivalent TensorFlow 1 program without the object: the variable has a name, the update is written
out as TensorFlow 1 computes it, ``average -= (average - value) * (1 - decay)``, with the decay as a tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.averages import is_apply
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import AverageCall, Staging
from tf2migrate.graph.values import Averages, Node
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bindings
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.updates import is_control

ADVICE = "keep the averages in variables of your own"


def written_averages(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with its moving averages as variables; None when it has none. Raises ``NotPlanned``."""
    if not staging.averages:
        return None
    by_key = {module.key: module for module in modules}
    edits = _Edits()
    writers: dict[int, _Writer] = {}
    taken = {key: _names_in(module) for key, module in by_key.items()}
    for made in staging.averages:
        if id(made.call) not in writers:
            writers[id(made.call)] = _Writer(staging, by_key[made.place.module], made, edits, taken[made.place.module])
    for calls in _by_expression(staging.average_calls):
        writers[id(calls[0].averages.call)].write(calls)
    return edited(modules, builder, lambda module, builder: _Writing(module, edits, builder))


def _names_in(module: Module) -> set[str]:
    """All names of a module but those of keyword arguments."""
    keywords = {id(node.keyword) for node in walk(module.tree) if isinstance(node, cst.Arg)}
    return {n.value for n in walk(module.tree) if isinstance(n, cst.Name) and id(n) not in keywords}


def _by_expression(calls: list[AverageCall]) -> list[list[AverageCall]]:
    """The evaluations of each call, updates first: the questions are for what these follow."""
    grouped: dict[int, list[AverageCall]] = {}
    for call in calls:
        grouped.setdefault(id(call.call), []).append(call)
    return sorted(grouped.values(), key=lambda group: not is_apply(group[0]))


@dataclass(slots=True)
class _Edits:
    """New texts of expressions, and statements to put before others, by the identity of what they change."""

    whole: dict[int, str] = field(default_factory=dict)
    before: dict[int, list[str]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)


class _Writer:
    """Writes out the calls of one object."""

    def __init__(self, staging: Staging, module: Module, made: Averages, edits: _Edits, taken: set[str]) -> None:
        self.staging = staging
        self.module = module
        self.made = made
        self.edits = edits
        self.taken = taken
        self.tf = Aliases(module.tree).tensorflow or "tf"
        self.names: dict[tuple[int, int], str] = {}
        """What the average of each part of each update is called."""
        self.lists: dict[int, tuple[str, str]] = {}
        """The name of the list that an update follows, and of the list of its averages."""
        self.decay = self.constructor()

    def refused(self, where: cst.CSTNode, reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM410", self.module.key, where, reason, ADVICE))

    def code(self, node: cst.CSTNode) -> str:
        return self.module.tree.code_for_node(node).strip()

    def fresh(self, wanted: str) -> str:
        return take_name(wanted, self.taken)

    def argument(self, position: int, name: str) -> cst.BaseExpression | None:
        for index, arg in enumerate(self.made.call.args):
            if (arg.keyword.value == name) if arg.keyword is not None else index == position:
                return arg.value
        return None

    def constructor(self) -> str:
        """The name of the decay, whose statement takes the place of the one that makes the object."""
        match self.made.place.steps[-1].statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name) as target)], value=value)]
            ) as statement if value is self.made.call:
                self.check_uses(name, target)
                given = self.argument(0, "decay")
                assert given is not None
                decay = self.fresh("decay") if name == "ema" else self.fresh(f"{name}_decay")
                self.edits.before.setdefault(id(statement), []).append(
                    f"{decay} = {self.tf}.convert_to_tensor({self.code(given)})"
                )
                self.edits.gone.add(id(statement))
                return decay
        raise self.refused(self.made.call, "these moving averages have no name of their own")

    def check_uses(self, name: str, target: cst.Name) -> None:
        """Refuses an object that is more than the receiver of its calls."""
        known = {id(call.call) for call in self.staging.average_calls}
        receivers = {
            id(node.func.value)
            for node in walk(self.module.tree)
            if isinstance(node, cst.Call) and id(node) in known and isinstance(node.func, cst.Attribute)
        }
        for node in walk(self.module.tree):
            if not isinstance(node, cst.Name) or node.value != name or id(node) in receivers or node is target:
                continue
            if any(isinstance(v, Averages) and v.call is self.made.call for v in self.staging.values_of(node)):
                raise self.refused(node, "moving averages that are handed on are not rewritten yet")

    # ------------------------------------------------------------------ calls
    def write(self, calls: list[AverageCall]) -> None:
        if is_apply(calls[0]):
            self.update(calls)
        else:
            self.question(calls)

    def update(self, calls: list[AverageCall]) -> None:
        """The variables that an update needs, and the update itself."""
        call = calls[0].call
        anchor = self.anchor(calls)
        given = call.args[0].value if call.args else None
        begun = {c.averages.kept[n.number][0] is call for c in calls for n in c.nodes}
        if len(begun) > 1:
            raise self.refused(call, "this update begins to follow something only sometimes")
        rate = self.rate(calls)
        if isinstance(given, cst.List | cst.Tuple):
            moves = [
                self.move(calls, position, element.value, anchor, rate)
                for position, element in enumerate(given.elements)
            ]
            self.edits.whole[id(call)] = f"{self.tf}.group({', '.join(moves)})"
            return
        if not begun.pop():
            raise self.refused(call, "this update follows what another one follows already")
        if any(node.kind != "variable" for c in calls for node in c.nodes):
            raise self.refused(call, "a list of tensors is followed here, which is not rewritten yet")
        listed, averages = self.listed(calls, given, anchor), self.fresh("averages")
        self.lists[id(call)] = listed, averages
        self.edits.before.setdefault(id(anchor), []).append(
            f"{averages} = [{self.tf}.Variable(v.initialized_value(), trainable=False) for v in {listed}]"
        )
        move = f"average.assign_sub((average - v) * {rate})"
        self.edits.whole[id(call)] = f"{self.tf}.group(*[{move} for average, v in zip({averages}, {listed})])"

    def listed(self, calls: list[AverageCall], given: cst.BaseExpression | None, anchor: cst.CSTNode) -> str:
        """The name of the list of variables that an update follows; all that are trained get one."""
        if isinstance(given, cst.Name | cst.Attribute):
            self.check_bound(given, calls)
            self.check_lasting(given)
            return self.code(given)
        everything = f"{self.tf}.trainable_variables()"
        if given is not None and self.code(given) != everything:
            raise self.refused(calls[0].call, "the list that these averages follow has no name here")
        name = self.fresh("trained")
        self.edits.before.setdefault(id(anchor), []).append(f"{name} = {everything}")
        return name

    def move(
        self, calls: list[AverageCall], position: int, element: cst.BaseExpression, anchor: cst.CSTNode, rate: str
    ) -> str:
        """One update; the first time that something is followed, its variable is made."""
        call = calls[0].call
        if not isinstance(element, cst.Name | cst.Attribute):
            raise self.refused(call, "what is followed here has no name")
        keys = {(id(k), p) for c in calls for k, p in [c.averages.kept[c.nodes[position].number]]}
        if len(keys) != 1:
            raise self.refused(call, "what is followed here is followed elsewhere, but not always")
        key = keys.pop()
        text = self.code(element)
        if key not in self.names:
            self.check_bound(element, calls)
            name = self.fresh(f"{text.rpartition('.')[2].lstrip('_')}_average")
            self.names[key] = name
            self.edits.before.setdefault(id(anchor), []).append(
                f"{name} = {self.tf}.Variable({self.initial([c.nodes[position] for c in calls], text, call)}, "
                "trainable=False)"
            )
        name = self.names[key]
        return f"{name}.assign_sub(({name} - {text}) * {rate})"

    def initial(self, nodes: list[Node], text: str, where: cst.CSTNode) -> str:
        """An average of a variable begins with what that begins with; one of a tensor with zeros."""
        kinds = {node.kind == "variable" for node in nodes}
        if kinds == {True}:
            return f"{text}.initialized_value()"
        if kinds == {False} and {dtype_of(node) for node in nodes} == {"float32"}:
            scalar = all(node.shape == () for node in nodes)
            return f"{self.tf}.zeros({'[]' if scalar else f'{text}.get_shape()'})"
        raise self.refused(where, f"the type of `{text}`, of which an average is kept, is not known")

    def rate(self, calls: list[AverageCall]) -> str:
        """The part of the way that an average moves; with a count of updates, the decay grows with it."""
        counter = self.argument(1, "num_updates")
        if not self.made.counted or counter is None:
            return f"(1.0 - {self.decay})"
        if not isinstance(counter, cst.Name | cst.Attribute):
            raise self.refused(self.made.call, "the number of updates has no name")
        statement = calls[0].place.steps[-1].statement
        if not isinstance(statement, cst.SimpleStatementLine):
            raise self.refused(calls[0].call, "this update is a part of a larger statement")
        name, count = self.fresh("current_decay"), f"{self.tf}.cast({self.code(counter)}, {self.tf}.float32)"
        self.edits.before.setdefault(id(statement), []).append(
            f"{name} = {self.tf}.minimum({self.decay}, (1.0 + {count}) / (10.0 + {count}))"
        )
        return f"(1.0 - {name})"

    def question(self, calls: list[AverageCall]) -> None:
        """``ema.average(x)`` is the name of the variable."""
        call = calls[0].call
        found = {(id(k), p) for c in calls for k, p in [c.averages.kept[c.nodes[0].number]]}
        whole = self.comprehension(calls)
        if whole is not None:
            self.edits.whole[id(whole)] = self.lists[next(iter(found))[0]][1]
            return
        if len(found) != 1:
            raise self.refused(call, "this asks for one average and then for another")
        key = found.pop()
        self.visible(calls)
        if key in self.names:
            self.edits.whole[id(call)] = self.names[key]
        elif key[0] in self.lists:
            self.edits.whole[id(call)] = f"{self.lists[key[0]][1]}[{key[1]}]"
        else:
            raise self.refused(call, "the average that is asked for here is not known")

    def comprehension(self, calls: list[AverageCall]) -> cst.ListComp | None:
        """``[ema.average(v) for v in variables]``, over the list that is followed."""
        call = calls[0].call
        for node in walk(self.module.tree):
            match node:
                case cst.ListComp(
                    elt=elt, for_in=cst.CompFor(target=target, iter=iterable, ifs=[], inner_for_in=None)
                ) if elt is call and call.args and self.code(call.args[0].value) == self.code(target):
                    keys = [c.averages.kept[c.nodes[0].number] for c in calls]
                    same = {id(k) for k, _ in keys}
                    if len(same) == 1 and (listed := self.lists.get(same.pop())) and listed[0] == self.code(iterable):
                        self.visible(calls)
                        return node
        return None

    # ------------------------------------------------------------------ places
    def anchor(self, calls: list[AverageCall]) -> cst.CSTNode:
        """The statement, where the object is made, in front of which its averages are made."""
        found: set[int] = set()
        statements: list[cst.CSTNode] = []
        for call in calls:
            step = next((s for s in reversed(call.place.steps) if s.frame is call.averages.place.steps[-1].frame), None)
            if step is None:
                raise self.refused(call.call, "this update stands in a function that the averages were not made in")
            if id(step.statement) not in found:
                found.add(id(step.statement))
                statements.append(step.statement)
        if len(statements) != 1:
            raise self.refused(calls[0].call, "this update is built at several places")
        return self.outside(statements[0], calls)

    def outside(self, statement: cst.CSTNode, calls: list[AverageCall]) -> cst.CSTNode:
        """``statement``, or the block of control dependencies around it: variables do not wait for ops."""
        given = calls[0].call.args[0].value if calls[0].call.args else statement
        for block in self.blocks(self.module.tree, statement):
            waits = all(is_control(self.staging, item.item) for item in block.items)
            inner = {name for name, _ in bindings(block.body)}
            if waits and not inner & {n.value for n in walk(given) if isinstance(n, cst.Name)}:
                return block
        return statement

    def blocks(self, node: cst.CSTNode, statement: cst.CSTNode) -> Iterator[cst.With]:
        """The ``with`` blocks that hold a statement, the innermost last, up to the first other block."""
        for block in walk(node):
            if isinstance(block, cst.With) and any(inner is statement for inner in block.body.body):
                yield from self.blocks(node, block)
                yield block

    def check_bound(self, element: cst.BaseExpression, calls: list[AverageCall]) -> None:
        """What is followed has to be there where the object is made, and not only in a function inside."""
        first = dotted_name(element).partition(".")[0]
        for call in calls:
            home = call.averages.place.steps[-1].frame
            if not _same(call.frame, home, first):
                raise self.refused(call.call, f"`{first}` is not known where the averages are made")

    def check_lasting(self, listed: cst.Name | cst.Attribute) -> None:
        """A list is told by its name, which may stand for nothing else anywhere."""
        last = dotted_name(listed).rpartition(".")[2]
        targets = [name for name, _ in bindings(self.module.tree)]
        stored = [n.target for n in walk(self.module.tree) if isinstance(n, cst.AssignTarget | cst.AugAssign)]
        attributes = [t.attr.value for t in stored if isinstance(t, cst.Attribute)]
        if (attributes if isinstance(listed, cst.Attribute) else targets).count(last) > 1:
            raise self.refused(listed, f"`{last}`, which these averages follow, is bound more than once")

    def visible(self, calls: Sequence[AverageCall]) -> None:
        """The names of the averages are those of the function in which the object is made."""
        for call in calls:
            home = call.averages.place.steps[-1].frame
            frame: Frame | None = call.frame
            while frame is not None and frame is not home:
                frame = frame.parent
            if frame is None:
                raise self.refused(call.call, "this asks for an average outside of the function that keeps it")


def _same(frame: Frame, home: Frame, name: str) -> bool:
    holder = frame.holder(name)
    return holder is not None and holder is home.holder(name)


class _Writing(Traced):
    """Puts the statements and names in."""

    def __init__(self, module: Module, edits: _Edits, builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.edits = edits

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.edits.whole:
            return self.expression(self.edits.whole[id(original)], original)
        texts = self.edits.before.get(id(original))
        if texts is not None and isinstance(made, cst.BaseStatement):
            lines = self.statements("\n".join(texts), original)
            if id(original) not in self.edits.gone:
                return cst.FlattenSentinel([*lines, made])
            lines[0] = lines[0].with_changes(leading_lines=getattr(made, "leading_lines", ()))
            return cst.FlattenSentinel(lines)
        return made
