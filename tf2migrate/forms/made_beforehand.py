"""What a method of an object makes each time to run it is made once, where the object builds the rest of its graph.

``ops = [old.assign(new) for ...]`` and ``sess.run(ops)`` in ``update_target`` become ``self.ops = [...]`` at the end of
the constructor and ``sess.run(self.ops)``. As all that it reads is there when the object is built, and stays the same,
every call would make the same ops again: the result is an equivalent TensorFlow 1 program. A function that is called
once, and trains an object that it calls by one name, may make placeholders and summaries beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.builder_ends import end_reached, outermost, taken_names, with_statements
from tf2migrate.forms.steadiness import is_steady
from tf2migrate.forms.traced import Left, Renamed, Traced, fresh
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Bound, Builtin, Const, Foreign, Instance, Node, Symbol, Value, nodes_in, unknown_in
from tf2migrate.names.bindings import IN_PLACE, all_reads, bindings, bound_by, bound_in, changed_names, names_read
from tf2migrate.names.free import free_name, take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, ids_in, walk, walk_own
from tf2migrate.plan.keepers import receiver_of
from tf2migrate.plan.region import find_region
from tf2migrate.plan.several import initializes

MOVABLE = ("tensor", "assign", "group")
PURE = frozenset({"zip", "range", "len", "enumerate", "list", "tuple", "dict", "reversed", "sorted", "int", "float"})
CONSTANTS = frozenset({"None", "True", "False"})


@dataclass(eq=False, slots=True)
class _Made:
    """What one method makes: ``statements`` of it, and parts of what it ``fetched``, which get names."""

    method: cst.FunctionDef
    called: str
    builder: cst.FunctionDef
    end: int
    statements: list[cst.BaseStatement] = field(default_factory=list)
    fetched: dict[int, tuple[cst.BaseExpression, str]] = field(default_factory=dict)
    there: dict[str, cst.BaseExpression] = field(default_factory=dict)
    here: dict[str, cst.BaseExpression] = field(default_factory=dict)


def made_beforehand(staging: Staging, modules: list[Module], running: set[int]) -> list[Module] | None:
    """``modules`` with such graph moved; ``running`` are the frames that run some. None where there is none."""
    late = _late(staging, running)
    methods = {id(frame.owner): frame.owner for frame in staging.frames if id(frame) in late}
    attributes = {n.attr.value for m in modules for n in walk(m.tree) if isinstance(n, cst.Attribute)}
    attributes |= {name for cls in staging.classes for name in cls.members}
    taken = set(taken_names(staging, modules))
    found: list[_Made] = []
    for method in methods.values():
        if isinstance(method, cst.FunctionDef):
            made = _Finder(staging, modules, late, running, method, attributes, taken).find()
            found += [made] if made is not None else []
    return [_Mover(m, found).apply(m) for m in modules] if found else None


def _late(staging: Staging, running: set[int]) -> set[int]:
    """The calls of methods that run the graph of their object, and of its other methods that those call.

    Functions that run some of the graph count as well, where the rest of the program is not in them.
    """
    region = find_region(staging)
    whole = region.frame if region is not None else None
    late: set[int] = set()
    for frame in staging.frames:
        held = receiver_of(frame)
        if not isinstance(frame.owner, cst.FunctionDef):
            continue
        if held is not None:
            around = frame.called_from.steps if frame.called_from is not None else ()
            calling = {id(s.frame) for s in around if next(iter(s.frame.entry.values()), None) is held}
            if ({id(frame)} | calling) & running:
                late.add(id(frame))
        if id(frame) in running and frame is not whole:
            late.add(id(frame))
    return late


class _Finder:
    """Looks at one method or function that is called when the graph is run."""

    def __init__(
        self,
        staging: Staging,
        modules: list[Module],
        late: set[int],
        running: set[int],
        method: cst.FunctionDef,
        attributes: set[str],
        taken: set[str],
    ) -> None:
        self.staging = staging
        self.modules = modules
        self.late = late
        self.running = running
        self.method = method
        self.taken = taken
        self.attributes = attributes
        self.called = ""
        self.frames = [frame for frame in staging.frames if frame.owner is method]
        self.sites = [site for site in staging.runs if site.frame.owner is method]
        self.order = {id(frame): index for index, frame in enumerate(staging.frames)}

    def find(self) -> _Made | None:
        nodes = [n for n in self.staging.nodes if self.frame_of(n) is not None and not initializes(n)]
        if not nodes or not self.has_object(nodes):
            return None
        units = self.units(nodes)
        if units is None:
            return None
        moved = {i for unit in units for i in ids_in(unit)}
        builders = [self.builder(frame, self.read_by(frame, nodes)) for frame in self.frames]
        builder = builders[0]
        if builder is None or {b and b.owner for b in builders} != {builder.owner}:
            return None
        ends = {end_reached(b, self.read_by(f, nodes)) for b, f in zip(builders, self.frames, strict=True) if b}
        end = ends.pop()
        if ends or end is None or not all(self.is_plain(n) for n in nodes):
            return None
        if not self.merged_alike(nodes, builder):
            return None
        made = _Made(self.method, self.called, cast(cst.FunctionDef, builder.owner), end)
        if not all(self.repeats(unit, moved, builder) for unit in units) or not self.name(made, units, builder):
            return None
        return made

    def has_object(self, nodes: list[Node]) -> bool:
        """Finds what the function calls the object: the first parameter of a method, or a name of one call."""
        if all(map(receiver_of, self.frames)):
            self.called = next(iter(self.frames[0].entry), "")
            return True
        if len(self.frames) != 1 or receiver_of(self.frames[0]) or self.frames[0].is_repeated:
            return False
        frame = self.frames[0]
        objects = {n.value for n in names_read(self.method.body) if isinstance(frame.lookup(n.value), Instance)}
        found: list[str] = []
        for name in sorted(objects):
            self.called = name
            if self.builder(frame, self.read_by(frame, nodes)) is not None and self.is_one_object(name, frame):
                found.append(name)
        self.called = found[0] if len(found) == 1 else ""
        return bool(self.called)

    def is_one_object(self, name: str, frame: Frame) -> bool:
        """Whether a name of a function stands for one object all the time."""
        bound = [found for found, _ in bindings(self.method.body)].count(name)
        if name in frame.entry:
            return bound == 0
        return bound == 1 if bound else is_steady(self.modules, name, frame.module)

    def receiver(self, frame: Frame) -> Value | None:
        """The object, in one of the calls."""
        return frame.env_at_entry(self.called) if self.called in frame.entry else frame.lookup(self.called)

    def frame_of(self, node: Node) -> Frame | None:
        """The call of the method in which a node was made."""
        for step in reversed(node.place.steps):
            if id(step.frame) in self.late or receiver_of(step.frame):
                return step.frame if step.frame.owner is self.method and id(step.frame) in self.late else None
        return None

    # ------------------------------------------------------------------ what moves
    def units(self, nodes: list[Node]) -> list[cst.CSTNode] | None:
        """The statements and fetched expressions that make the nodes, and what those read, in the order of the file."""
        holding = {id(step.statement) for site in self.sites for step in site.place.steps}
        found: dict[int, cst.CSTNode] = {}
        for node in nodes:
            steps = [step.statement for step in node.place.steps if step.frame.owner is self.method]
            unit: cst.CSTNode | None = next((s for s in steps if id(s) not in holding), None)
            above = steps[: steps.index(unit)] if unit is not None else []
            if unit is None:
                unit = next((e for site in self.sites for e in _parts(site) if id(node.expression) in ids_in(e)), None)
            if unit is None or not all(isinstance(s, cst.With) for s in above):
                return None
            found[id(unit)] = unit
        queue = list(found.values())
        own = bound_in(self.method)
        while queue:
            for name in names_read(queue.pop()):
                more = self.binders(name.value) if name.value in own and name.value != self.called else []
                if more is None or any(id(s) in holding for s in more):
                    return None
                queue += [s for s in more if id(s) not in found]
                found.update({id(s): s for s in more})
        order = {id(node): index for index, node in enumerate(walk(self.method.body))}
        return sorted(found.values(), key=lambda unit: order[id(unit)])

    def binders(self, name: str) -> list[cst.CSTNode] | None:
        """The statements of the method's own body that give a name its object; None where others do so too."""
        statements = [s for s in _block(self.method.body) if name in bound_by(s) | changed_names(s, lambda base: True)]
        every = [n for n, _ in bindings(self.method.body)].count(name)
        known = sum([n for n, _ in bindings(s)].count(name) for s in statements)
        return list(statements) if known and known == every and name not in _parameters(self.method) else None

    def is_plain(self, node: Node) -> bool:
        """Whether making a node later or earlier, once or more often, comes to the same."""
        direct = node.place.steps[-1].frame.owner is self.method
        once = () if receiver_of(self.frames[0]) else ("placeholder", "summary")
        known = node.kind in (*MOVABLE, *once) or node.op == "tf.summary.merge"
        return direct and known and not node.random and not node.control and node.unknown is None

    def merged_alike(self, nodes: list[Node], builder: Frame) -> bool:
        """Whether summaries that are made earlier now are found by none that merges all and did not find them."""
        last = max((n.number for n in nodes if n.kind == "summary" and n.op != "tf.summary.merge"), default=-1)
        end = self.end(builder)
        merging = [n for n in self.staging.nodes if n.op == "tf.summary.merge" and n not in nodes]
        return all(n.number > last or self.begins(n) <= end for n in merging)

    # ------------------------------------------------------------------ where to
    def read_by(self, frame: Frame, nodes: list[Node]) -> list[Node]:
        """What a call of the method reads of the graph."""
        inside = {n.number for n in nodes}
        read = [i for n in nodes if self.frame_of(n) is frame for i in n.inputs if i.number not in inside]
        held = self.receiver(frame)
        if read or receiver_of(frame) or not isinstance(held, Instance):
            return read
        # What has nothing to do with the object may be made by it as well, with the last of its own.
        own = [n for n in self.staging.nodes if n.number < nodes[0].number and outermost(n.place, held) is not None]
        return [n for n in own if id(n.place.steps[-1].frame) not in self.running and not initializes(n)][-1:]

    def builder(self, frame: Frame, read: list[Node]) -> Frame | None:
        """The call in which the object makes the last of what a call of the method reads of the graph."""
        held = cast(Instance, self.receiver(frame))
        around = [outermost(node.place, held) for node in read]
        if None in around or not around:
            return None
        last = around[read.index(max(read, key=lambda node: node.number))]
        assert last is not None
        owner = last.owner
        if id(last) in self.running or not isinstance(owner, cst.FunctionDef) or owner is self.method:
            return None
        if not owner.params.params or any(map(_enters_a_graph, walk_own(owner.body))):
            return None
        return last if len({self.staging.world_of(n) for n in read}) == 1 else None

    # ------------------------------------------------------------------ whether it is the same there
    def repeats(self, unit: cst.CSTNode, moved: set[int], builder: Frame) -> bool:
        """Whether a part of the method only makes graph, of what is the same ever since the object is there."""
        own = bound_in(self.method)
        names = {n for s in _block(self.method.body) if id(s) in moved for n in bound_by(s)}
        kept = self.kept(unit)
        changed = changed_names(unit, lambda base: True) - names - ({self.called} if kept is not None else set())
        if changed or any(isinstance(n, FORBIDDEN) for n in walk(unit)):
            return False
        for read in names_read(unit):
            if read.value not in (*own, self.called) and not self.means_the_same(read.value, builder):
                return False
        calls = [node for node in walk(unit) if isinstance(node, cst.Call)]
        if not all(self.only_makes(call, frame, builder) for call in calls for frame in self.frames):
            return False
        chains = [n for n in walk(unit) if isinstance(n, cst.Attribute) and n is not kept]
        return all(self.is_final(chain, frame, builder) for chain in chains for frame in self.frames)

    def kept(self, unit: cst.CSTNode) -> cst.Attribute | None:
        """The attribute of the object that a statement sets, where nothing else does: ``self.merged = ...``."""
        match unit:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute(value=cst.Name() as base) as target)])]
            ) if base.value == self.called:
                name = target.attr.value
                if sum(len(list(_stores(m.tree, m.tree, name))) for m in self.modules) == 1:
                    return target
        return None

    def means_the_same(self, name: str, builder: Frame) -> bool:
        """Whether a name that is not of the method stands for one thing, here and where the object is built."""
        if name in bound_in(cast(cst.FunctionDef, builder.owner)):
            return False
        frame = self.frames[0]
        value = frame.lookup(name)
        if isinstance(value, Symbol | Foreign):
            other = self.staging.module_frames[builder.module].env.get(name)
            return isinstance(other, Symbol | Foreign) and other.name == value.name
        if value is None or isinstance(value, Builtin):
            return name in PURE | CONSTANTS
        return builder.module == frame.module and is_steady(self.modules, name, frame.module)

    def only_makes(self, call: cst.Call, frame: Frame, builder: Frame) -> bool:
        """Whether a call makes graph, or combines values, and finds the same when the object has been built."""
        callees = self.staging.values_of(call.func)
        if isinstance(call.func, cst.Name) and (not callees or isinstance(callees[0], Builtin)):
            known = call.func.value in PURE
        else:
            known = bool(callees) and all(isinstance(c, Symbol | Bound) and not _is_of_project(c) for c in callees)
        results = self.staging.values_of(call)
        if any(unknown_in(value) is not None for value in results):
            return False
        end = self.end(builder)
        made = {n for value in results for n in nodes_in(value)}
        return known and all(self.frame_of(n) is not None or self.begins(n) <= end for n in made)

    def begins(self, node: Node) -> int:
        return self.order[id(node.place.steps[-1].frame)]

    def end(self, builder: Frame) -> int:
        """The last call that is made while the object is built."""
        inner = [f for f in self.staging.frames if f.called_from and f.called_from.statement_in(builder) is not None]
        return max(self.order[id(f)] for f in [builder, *inner])

    def is_final(self, chain: cst.Attribute, frame: Frame, builder: Frame) -> bool:
        """Whether an attribute that is read is set while the object is built, and not later."""
        own = isinstance(chain.value, cst.Name) and chain.value.value == self.called
        base = self.receiver(frame) if own else self.staging.value_in(chain.value, frame)
        if not isinstance(base, Instance):
            return True
        value = base.attributes.get(chain.attr.value)
        if value is None:
            return isinstance(self.staging.value_in(chain, frame), Const) and not self.stored(chain.attr.value, builder)
        return unknown_in(value) is None and not self.stored(chain.attr.value, builder)

    def stored(self, attribute: str, builder: Frame) -> bool:
        """Whether the program sets or changes an attribute of that name when the object has been built."""
        end = self.end(builder)
        held = next(iter(builder.entry.values()), None)
        around = {id(step.frame) for step in builder.called_from.steps} if builder.called_from else set()
        late: set[int] = set()
        early: set[int] = set()
        for known in self.staging.frames:
            before = self.order[id(known)] <= end and id(known) not in around
            other = next(iter(known.entry.values()), None)
            alien = isinstance(other, Instance) and other is not held
            (early if before or alien else late).add(id(known.owner))
        return any(
            id(function) not in early or id(function) in late
            for module in self.modules
            for function, node in _stores(module.tree, module.tree, attribute)
        )

    # ------------------------------------------------------------------ by which names
    def name(self, made: _Made, units: list[cst.CSTNode], builder: Frame) -> bool:
        """Settles what everything that moves is called here and there; False where that cannot be."""
        there = made.builder.params.params[0].name.value
        moved = {i for unit in units for i in ids_in(unit)}
        free = bound_in(made.builder) | {n.value for n in walk(made.builder) if isinstance(n, cst.Name)}
        reads = [n for n in names_read(made.method.body) if id(n) not in moved]
        for unit in units:
            if isinstance(unit, cst.BaseExpression):
                made.fetched[id(unit)] = (unit, take_name(self.title(unit), self.taken))
                continue
            made.statements.append(cast(cst.BaseStatement, unit))
            for name in bound_by(unit) - made.there.keys():
                if any(read.value == name for read in reads):
                    attribute = take_name(name, self.attributes)
                    made.there[name] = cst.Attribute(cst.Name(there), cst.Name(attribute))
                    made.here[name] = cst.Attribute(cst.Name(self.called), cst.Name(attribute))
                else:
                    made.there[name] = cst.Name(free_name(name, free))
                    free.add(cast(cst.Name, made.there[name]).value)
        made.there[self.called] = cst.Name(there)
        inner = [n for n in walk(made.method.body) if isinstance(n, cst.FunctionDef)]
        renamed = any(n.value in made.here for function in inner for n in all_reads(function))
        return not renamed and not any(isinstance(n, cst.Global | cst.Nonlocal) for n in walk(made.method.body))

    def title(self, fetched: cst.BaseExpression) -> str:
        """A name for what is fetched: that of the function that computes it, or of the method for an op."""
        func = fetched.func if isinstance(fetched, cst.Call) else None
        symbol = self.staging.value_in(func, self.frames[0]) if func is not None else None
        values = self.staging.values_of(fetched)
        if isinstance(symbol, Symbol) and all(isinstance(v, Node) and v.kind == "tensor" for v in values):
            return symbol.name.rpartition(".")[2]
        return f"{self.method.name.value.strip('_')}_op"


FORBIDDEN = (
    cst.Return, cst.Yield, cst.Await, cst.Lambda, cst.FunctionDef, cst.ClassDef, cst.Raise, cst.Try, cst.While, cst.Del,
    cst.NamedExpr, cst.Import, cst.ImportFrom, cst.Assert, cst.Break, cst.Continue, cst.FormattedString,
)  # fmt: skip


def _parts(site: RunSite) -> Iterator[cst.BaseExpression]:
    """What a run fetches, one by one where it is written so."""
    fetched = site.fetch_expression
    if isinstance(fetched, cst.List | cst.Tuple):
        yield from (element.value for element in fetched.elements)
    else:
        yield fetched


def _block(body: cst.BaseSuite) -> Iterator[cst.BaseStatement]:
    """The statements of a body, also of ``with`` blocks in it."""
    for statement in body.body if isinstance(body, cst.IndentedBlock) else ():
        yield statement
        if isinstance(statement, cst.With):
            yield from _block(statement.body)


def _parameters(function: cst.FunctionDef) -> set[str]:
    return bound_in(function) - {name for name, _ in bindings(function.body)}


def _is_of_project(value: Value) -> bool:
    """Whether a method is one of the program's own, which may do anything."""
    return isinstance(value, Bound) and isinstance(value.receiver, Instance)


def _enters_a_graph(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Attribute) and node.attr.value == "as_default"


def _stores(node: cst.CSTNode, function: cst.CSTNode, attribute: str) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Where an attribute of that name is set, or its object changed in place, with the function that does it."""
    match node:
        case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
            found: cst.CSTNode | None = target
        case cst.For(target=target) | cst.AsName(name=target) | cst.Del(target=target):
            found = target
        case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=method))) if method in IN_PLACE:
            found = base
        case cst.Call(func=cst.Name(value="setattr" | "delattr" | "vars")):
            yield function, node
            found = None
        case _:
            found = None
    if found is not None and any(isinstance(n, cst.Attribute) and n.attr.value == attribute for n in walk(found)):
        yield function, node
    inner = node if isinstance(node, cst.FunctionDef | cst.Lambda) else function
    for child in children(node):
        yield from _stores(child, inner, attribute)


class _Mover(Traced):
    """Moves what was found, in one file."""

    def __init__(self, module: Module, found: list[_Made]) -> None:
        super().__init__(module)
        self.found = found
        self.gone = {id(statement) for made in found for statement in made.statements}
        self.fetched = {key: (made, name) for made in found for key, (_, name) in made.fetched.items()}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.fetched:
            owner, name = self.fetched[id(original)]
            return cst.Attribute(cst.Name(owner.called), cst.Name(name))
        if not isinstance(original, cst.FunctionDef):
            return made
        function = cst.ensure_type(made, cst.FunctionDef)
        for each in self.found:
            if original is each.method and each.here:
                function = function.with_changes(body=function.body.visit(Renamed(each.here, self)))
        # The last first: places are counted from the beginning.
        here = [each for each in reversed(self.found) if original is each.builder]
        for each in sorted(here, key=lambda made: -made.end):
            function = with_statements(function, each.end, [*self.moved(each), *self.named(each)], self)
        return function

    def moved(self, made: _Made) -> Iterator[cst.BaseStatement]:
        """The statements, as the builder has them."""
        for statement in made.statements:
            yield cast(cst.BaseStatement, fresh(statement, self).visit(Renamed(made.there, self)))

    def named(self, made: _Made) -> Iterator[cst.BaseStatement]:
        """What is fetched becomes an attribute of the object."""
        receiver = made.builder.params.params[0].name.value
        for expression, name in made.fetched.values():
            value = cast(cst.BaseExpression, fresh(expression, self).visit(Renamed(made.there, self)))
            target = cst.AssignTarget(cst.Attribute(cst.Name(receiver), cst.Name(name)))
            line = cst.SimpleStatementLine([cst.Assign([target], value)])
            for node in walk(line):
                if node not in self.positions:
                    self.trace(expression, node)
            yield line
