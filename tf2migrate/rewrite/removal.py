"""What goes with the graph: its statements, and the parameters that hold sessions and nodes."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.values import (
    Bound,
    Class,
    Function,
    Node,
    Session,
    Value,
    is_cell,
    is_none,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.names.tree import calls_in, children, ids_in, walk
from tf2migrate.plan.flow import Role
from tf2migrate.plan.graph_statements import is_graph_statement, is_summary_statement
from tf2migrate.plan.prints import lists_for_prints, prints_graph
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom, opens
from tf2migrate.plan.uncalled import find_set_aside
from tf2migrate.plan.variable_lists import MOVING, is_collected
from tf2migrate.rewrite.checkpoints import dropped_arguments
from tf2migrate.rewrite.rewriting import Rewriting
from tf2migrate.rewrite.set_aside import NOTE, set_aside

# What statements stand in.
HOLDERS = cst.BaseStatement | cst.BaseSuite | cst.Module | cst.Else | cst.Finally | cst.ExceptHandler
PRINTED = "this shows where a tensor stands in the graph; the rewrite prints no such line"

TRACED = "this writes how long the ops of a run took; the rewrite traces no runs"


class Removal(Rewriting):
    """Removes statements, blocks and parameters."""

    def remove_graph(self) -> None:
        gone = (Role.GRAPH, Role.PLACEHOLDER, Role.VARIABLE, Role.STAGED)
        entered = [parent for atom in self.region.atoms for parent in atom.parents]
        for atom in self.region.atoms:
            collected = self.flow.role(atom) is Role.ALIAS and (is_collected(atom) or self.is_idle(atom))
            if self.flow.role(atom) in gone or collected:
                if atom.statement in entered:
                    reason = "this statement goes with the graph, but the program runs inside of it"
                    raise NotPlanned(Refusal("TFM401", self.module.key, atom.statement, reason))
                self.edits.removed.add(id(atom.statement))
        for key, symbols in self.all_symbols.items():
            stack: list[cst.CSTNode] = [symbols.module.tree]
            while stack:
                node = stack.pop()
                if is_graph_statement(self.staging, node) or is_summary_statement(self.staging, node):
                    self.edits.removed.add(id(node))
                    if _writes_trace(node):
                        self.notes.append(Refusal("TFM804", key, node, TRACED))
                elif prints_graph(self.staging, node):
                    self.edits.removed.add(id(node))
                    self.notes.append(Refusal("TFM402", key, node, PRINTED))
                elif isinstance(node, HOLDERS):
                    if isinstance(node, cst.FunctionDef):
                        self.edits.removed |= {id(line) for line in lists_for_prints(self.staging, node)}
                    stack.extend(children(node))

    def is_idle(self, atom: Atom) -> bool:
        """Whether a statement only gives a cell another name, or lists variables, which nothing reads that stays.

        Lists are idle in the constructor of an object that holds the graph: its methods name variables one by one.
        """
        held = self.plan.held
        match atom.statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Name())]
            ) if is_cell(self.flow.bound_value(atom, name)):
                pass
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.List())]
            ) if held is not None and name not in held.saved and "." not in name:
                pass
            case _:
                return False
        functions = (f for f in walk(self.module.tree) if isinstance(f, cst.FunctionDef))
        inside = {n.value for f in functions if f is not self.region.frame.owner for n in names_read(f)}
        readers = [a for a in self.region.atoms if any(read.name == name for read in self.flow.reads(a))]
        return name not in inside and all(self.flow.role(a) in MOVING for a in readers)

    def set_aside(self) -> None:
        """Functions that nothing can reach and that would build graph."""
        for function in find_set_aside(self.flow).values():
            module = next(s.module for s in self.all_symbols.values() if function in s.module.positions)
            self.edits.replaced[id(function)] = [set_aside(module, function)]
            self.notes.append(Refusal("TFM401", module.key, function, NOTE.format(function.name.value)))

    def dissolved(self, node: cst.With) -> bool:
        """Whether a ``with`` block of any function opens only what native TF2 does not need."""
        for item in node.items:
            values = self.staging.values_of(item.item)
            if not values or not all(opens(value) for value in values):
                return False
        return True

    def sessions(self) -> None:
        """Parameters of functions that run the graph, and that hold the session or a node of the graph.

        The functions that replace the runs know their tensors, so neither is passed any more.
        """
        running = {id(site.frame.owner) for site in self.staging.every_run}
        held: dict[int, list[Value]] = {}
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef):
                continue
            for param in definition.params.params:
                value = frame.entry.get(param.name.value)
                if value is not None:
                    held.setdefault(id(param), []).append(value)
                graph = isinstance(value, Node) and (
                    id(definition) in running or self.is_only_key(definition, param.name.value)
                )
                graph = graph and not (isinstance(value, Node) and value.number in self.flow.chosen)
                if isinstance(value, Session) or graph:
                    self.dropped.setdefault(id(definition), set()).add(param.name.value)
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef):
                continue
            for param in definition.params.params:
                if param.name.value not in self.dropped.get(id(definition), ()):
                    continue
                values = held.get(id(param), [])
                if not all(isinstance(v, Session | Node) or is_none(v) for v in values):
                    reason = f"`{param.name.value}` is sometimes a session or tensor and sometimes something else"
                    raise NotPlanned(Refusal("TFM411", frame.module, param, reason))
                self.session_parameters.add(id(param))
        self.check_dropped()

    def is_only_key(self, definition: cst.FunctionDef, name: str) -> bool:
        """Whether a function reads a parameter only as the key of a feed, which is a name now."""
        reads = [read for read in names_read(definition.body) if read.value == name]
        return bool(reads) and all(id(read) in self.whole for read in reads)

    def check_dropped(self) -> None:
        """What is not passed any more may not be read but in runs, and in calls that do not get it either."""
        inside: set[int] = set()
        for site in self.staging.every_run:
            inside |= ids_in(site.expression)
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef) or id(definition) not in self.dropped:
                continue
            inside |= self.removed_inside(definition.body) | self.whole.keys()
            inside |= {i for site in self.staging.checkpoints for v in dropped_arguments(site) for i in ids_in(v)}
            for call in calls_in(definition.body):
                if any(isinstance(v, Function | Class | Bound) for v in self.staging.values_of(call.func)):
                    inside |= {id(arg.value) for arg in call.args}
            for name in names_read(definition.body):
                if name.value in self.dropped[id(definition)] and id(name) not in inside:
                    value = frame.env.get(name.value)
                    if isinstance(value, Session) and _only_graph_use(definition, name):
                        continue
                    reason = f"`{name.value}`, a part of the graph, is used beside the runs of this function"
                    raise NotPlanned(Refusal("TFM411", frame.module, name, reason))

    def removed_inside(self, body: cst.CSTNode) -> set[int]:
        """Nodes of the statements in ``body`` that go."""
        out: set[int] = set()
        stack = [body]
        while stack:
            node = stack.pop()
            if id(node) in self.edits.removed:
                out |= ids_in(node)
            else:
                stack.extend(children(node))
        return out

    def dropped_arguments(self, call: cst.Call) -> set[int]:
        """Positions of the arguments of a call whose parameters are gone."""
        gone: set[int] = set()
        for callee in self.staging.values_of(call.func):
            function = callee.function if isinstance(callee, Bound) else callee
            if isinstance(function, Class):
                function = function.lookup("__init__") or function
            if not isinstance(function, Function) or id(function.definition) not in self.dropped:
                continue
            names = [p.name.value for p in function.definition.params.params]
            if function.owner is not None:
                names = names[1:]
            dropped = self.dropped[id(function.definition)]
            for index, arg in enumerate(call.args):
                name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
                if name in dropped:
                    gone.add(index)
        return gone


def _writes_trace(node: cst.CSTNode) -> bool:
    match node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name(value=name))))]):
            return name == "add_run_metadata"
    return False


def _only_graph_use(definition: cst.FunctionDef, name: cst.Name) -> bool:
    """``sess.close()`` and ``with sess.as_default():`` go with the session."""
    stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(definition.body, None)]
    while stack:
        node, parent = stack.pop()
        if node is name:
            return isinstance(parent, cst.Attribute | cst.WithItem)
        stack.extend((child, node) for child in children(node))
    return False
