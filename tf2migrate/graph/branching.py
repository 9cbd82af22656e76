"""The abstract interpreter: branches, loops and attempts, of which a run takes some."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import cast

import libcst as cst

from tf2migrate.graph.early_exits import AtReturn, Before
from tf2migrate.graph.frames import Branch, Frame
from tf2migrate.graph.later_passes import read_anew
from tf2migrate.graph.pass_names import of_pass
from tf2migrate.graph.paths import Condition, condition
from tf2migrate.graph.reach import Reach
from tf2migrate.graph.recorder import MAXIMUM_UNROLL, Leave, Recorder
from tf2migrate.graph.values import (
    Const,
    Host,
    Instance,
    Node,
    Sequence,
    Unknown,
    Value,
    join,
    nodes_in,
)
from tf2migrate.names.assigned import assigned_attributes, assigned_names
from tf2migrate.names.tree import REMEMBERED, children


class ControlFlow(Recorder):
    """Goes through the bodies of compound statements and joins what they leave."""

    def conditional(self, node: cst.If, frame: Frame) -> None:
        asked = self.evaluate(node.test, frame)
        test = self.truth(asked)
        orelse = node.orelse
        other: cst.CSTNode | None = orelse.body if isinstance(orelse, cst.Else) else orelse
        if test is False and self.makes_writers(node.body, frame):
            # What is written here for another choice of the user has to be rewritten as well.
            test = None
        if test is True:
            self.block(node.body.body, frame)
        elif test is False:
            if isinstance(other, cst.If):
                self.statement(other, frame)
            elif other is not None:
                self.block(cast(cst.BaseSuite, other).body, frame)
        else:
            self.branches(asked, [node.body, other], frame)

    def branches(self, test: Value, bodies: list[cst.CSTNode | None], frame: Frame) -> None:
        """Interprets what is done where a test comes out true, and where not, and joins what they leave."""
        results: list[tuple[Branch, str]] = []
        made = len(self.staging.nodes)
        fork = self.fork()
        for body, outcome in zip(bodies, (True, False), strict=True):
            self.store.begin()
            self.take(fork, condition(test, outcome))
            left = ""
            try:
                if isinstance(body, cst.If):
                    self.statement(body, frame)
                elif isinstance(body, cst.BaseSuite):
                    self.block(body.body, frame)
            except Leave as leave:
                left = leave.kind
            self.leave(fork, left)
            results.append((self.store.end(), left))
        self.meet(fork)
        staying = [branch for branch, left in results if not left]
        self.perhaps_left = self.perhaps_left or any(left in ("break", "continue") for _, left in results)
        if staying and self.perhaps_returned and any(left == "return" for _, left in results):
            self.perhaps_returned[-1] = min(self.perhaps_returned[-1], len(self.staging.nodes))
            self.at_returns[-1].append(AtReturn(self.instances))
        self.merge(staying, made)
        if not staying:
            kinds = {left for _, left in results}
            raise Leave("return" if "return" in kinds else kinds.pop())
        if len(staying) == 1:
            kept = condition(test, not results[0][1])
            if any(left == "return" for _, left in results):
                # What follows is done only where the other path was not taken.
                self.conditions.append(kept)
            elif any(left == "raise" for _, left in results):
                # A program that goes on has not stopped there.
                for number in range(made, len(self.staging.nodes)):
                    known = self.staging.conditions[number]
                    self.staging.conditions[number] = tuple(each for each in known if each != kept)

    def one_of(self, ways: Iterable[tuple[Condition, Callable[[], Value]]]) -> list[Value]:
        """The values of expressions of which the program evaluates one, with the condition that chooses each."""
        values: list[Value] = []
        fork = self.fork()
        for chosen, way in ways:
            self.take(fork, chosen)
            values.append(way())
            self.leave(fork, "")
        self.meet(fork)
        return values

    def merge(self, branches: list[Branch], made: int | None = None) -> None:
        """Writes what the names stand for where paths meet; ``made`` nodes were there before these began."""
        keys = {key: branch.writes[key][0] for branch in branches for key in branch.writes}
        # An attribute is in the table of its object and, by its dotted name, in that of the function: one tensor.
        met: dict[tuple[int, ...], Value] = {}
        for key, table in keys.items():
            name = key[1]
            before = table.get(name)
            options: list[Value] = []
            for branch in branches:
                if key in branch.writes:
                    options.append(branch.writes[key][1])
                elif before is not None:
                    options.append(before)
            born = any(id(table) in branch.born for branch in branches)
            if before is None and len(options) < len(branches) and not born:
                self.store.maybe.append((table, name))
            if options:
                alike = tuple(id(option) for option in options)
                if alike not in met:
                    met[alike] = self.met(join(options), made)
                self.store.write(table, name, met[alike])
        for key2 in {k for b in branches for k in b.lists}:
            holders = [b.lists[key2] for b in branches if key2 in b.lists]
            target = holders[0][0]
            if any(key2 in b.born for b in branches):
                # Whoever has a list that a path has made has come by that path.
                self.store.append(target, holders[0][1][len(target.items):])
                continue
            lengths = {len(items) for _, items in holders}
            if len(holders) == len(branches) and len(lengths) == 1:
                merged = [join(list(column)) for column in zip(*(items for _, items in holders), strict=True)]
                self.store.append(target, merged[len(target.items):])
            else:
                longest = max((items for _, items in holders), key=len)
                self.store.append(target, longest[len(target.items):])
                target.exact = False

    def once(self, body: cst.BaseSuite, frame: Frame) -> None:
        """A loop body that runs an unknown number of times: interpreted once, joined with not running."""
        self.store.begin()
        self.repeated += 1
        self.perhaps += 1
        known, since = len(self.conditions), self.time
        before = {name: frame.lookup(name) for name in assigned_names(body)}
        try:
            self.block(body.body, frame)
        except Leave as leave:
            after = self.store.end()
            if leave.kind in ("return", "raise"):
                return
            self.merge_optional(after)
            return
        finally:
            self.repeated -= 1
            self.perhaps -= 1
            del self.conditions[known:]
            for read, where, value in list(read_anew(self.staging, body, since, before)):
                self.observe(read, where, value)
        self.merge_optional(self.store.end())

    def merge_optional(self, after: Branch) -> None:
        for (_, name), (table, value) in after.writes.items():
            before = table.get(name)
            # A name that only the loop binds is read after it only where the loop ran.
            if before is None and id(table) not in after.born:
                self.store.maybe.append((table, name))
            self.store.write(table, name, value if before is None else join([before, value]))
        for target, items in after.lists.values():
            self.store.append(target, items[len(target.items):])
            target.exact = False

    def havoc(self, body: cst.CSTNode, frame: Frame) -> None:
        """Forgets literals that a repeated body changes: its second pass would see other values."""
        for name in assigned_names(body):
            holder = frame.holder(name)
            if holder is not None and isinstance(holder.env[name], Const):
                self.bind(name, Host(), holder)
            elif holder is not None and isinstance(holder.env[name], Node) and runs_graph(body):
                reason = f"`{name}` is bound again in a loop, so that a second pass reads something else"
                self.bind(name, Unknown(reason, self.place()), holder)
        for attribute in assigned_attributes(body):
            base = frame.lookup(attribute[0])
            if isinstance(base, Instance) and isinstance(base.attributes.get(attribute[1]), Const):
                self.store.write(cast(dict[object, Value], base.attributes), attribute[1], Host())
        self.forget_reached(body)

    def forget_reached(self, body: cst.CSTNode) -> None:
        """Forgets literals that functions bind which a repeated body may call."""
        if self.reach is None:
            self.reach = Reach(module.tree for module in self.project.modules.values())
        names, attributes = self.reach.changes(body)
        for frame in self.staging.module_frames.values() if names else ():
            for name in names:
                if isinstance(frame.env.get(name), Const):
                    self.store.write(cast(dict[object, Value], frame.env), name, Host())
        for made in self.instances if attributes else ():
            for name in attributes:
                if isinstance(made.attributes.get(name), Const):
                    self.store.write(cast(dict[object, Value], made.attributes), name, Host())

    def loop(self, node: cst.For, frame: Frame) -> None:
        iterable = self.evaluate(node.iter, frame)
        items = self.elements(iterable)
        if items is not None and len(items) <= MAXIMUM_UNROLL and not runs_graph(node.body):
            self.unroll(node, items, frame)
            return
        self.havoc(node.body, frame)
        if items:
            self.assign(node.target, join(items), frame)
        elif isinstance(node.target, cst.Name) and isinstance(iterable, Host):
            self.assign(node.target, of_pass(node, iterable), frame)
        else:
            self.assign(node.target, self.element_of(iterable), frame)
        self.once(node.body, frame)
        if node.orelse is not None:
            self.block(node.orelse.body.body, frame)

    def unroll(self, node: cst.For, items: list[Value], frame: Frame) -> None:
        """A loop whose passes are all known. One that builds graph may not be left on an unknown condition."""
        outer, self.perhaps_left = self.perhaps_left, False
        made = len(self.staging.nodes)
        before = Before(node.body, frame)
        finished = True
        for item in items:
            self.assign(node.target, item, frame)
            try:
                self.block(node.body.body, frame)
            except Leave as leave:
                if leave.kind == "break":
                    finished = False
                    break
                if leave.kind != "continue":
                    raise
        if self.perhaps_left and len(self.staging.nodes) > made:
            self.refuse("TFM410", node, "a loop that builds graph may be left early on a condition of the host")
        elif self.perhaps_left:
            for name in before.changed_since():
                self.bind(name, Unknown("a loop that binds it may be left early", self.place()), frame)
        self.perhaps_left = outer
        if finished and node.orelse is not None:
            self.block(node.orelse.body.body, frame)

    def element_of(self, iterable: Value) -> Value:
        if isinstance(iterable, Sequence) and iterable.items:
            return join(iterable.items)
        if any(True for _ in nodes_in(iterable)):
            return Unknown("iteration over a value that holds graph nodes is not followed", self.place())
        return Host(getattr(iterable, "shape_of", frozenset()))

    def attempt(self, node: cst.Try | cst.TryStar, frame: Frame) -> None:
        self.perhaps += 1
        try:
            self.attempted(node, frame)
        finally:
            self.perhaps -= 1

    def attempted(self, node: cst.Try | cst.TryStar, frame: Frame) -> None:
        self.store.begin()
        known = len(self.conditions)
        try:
            self.block(node.body.body, frame)
            left = ""
        except Leave as leave:
            left = leave.kind
        finally:
            del self.conditions[known:]
        main = self.store.end()
        results = [(main, left)]
        for handler in node.handlers:
            self.store.begin()
            if handler.name is not None and isinstance(handler.name.name, cst.Name):
                self.bind(handler.name.name.value, Host(), frame)
            handler_left = ""
            try:
                self.block(handler.body.body, frame)
            except Leave as leave:
                handler_left = leave.kind
            finally:
                del self.conditions[known:]
            results.append((self.store.end(), handler_left))
        if _imports_only(node.body):
            # `try: import a` with a fallback: the first form is the one that this program's author has.
            results = results[:1]
        self.merge([branch for branch, how in results if not how])
        if left and all(how for _, how in results):
            raise Leave(left)
        if node.orelse is not None and not left:
            self.block(node.orelse.body.body, frame)
        if node.finalbody is not None:
            self.block(node.finalbody.body.body, frame)


@lru_cache(maxsize=REMEMBERED)
def runs_graph(node: cst.CSTNode) -> bool:
    """Whether ``node`` holds what looks like a run of the graph: a training loop is not unrolled."""
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Attribute) and current.attr.value in ("run", "eval"):
            return True
        stack.extend(children(current))
    return False


def _imports_only(body: cst.BaseSuite) -> bool:
    return all(
        isinstance(statement, cst.SimpleStatementLine)
        and all(isinstance(small, cst.Import | cst.ImportFrom | cst.Assign) for small in statement.body)
        and any(isinstance(small, cst.Import | cst.ImportFrom) for small in statement.body)
        for statement in body.body
    )
