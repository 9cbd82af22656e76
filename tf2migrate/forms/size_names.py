"""What a program calls the sizes of static shapes: names, attributes and sums that hold them, or plain numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.sizes import number, size_of
from tf2migrate.graph.staging import Observation, Staging
from tf2migrate.graph.values import DYNAMIC, Const, Dimension, Host, Instance, Node, Shape, Value, key_of, settled
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

MAXIMUM_NAMINGS = 64


class SizeNames:
    """Finds texts for the sizes that one module reads, of the names that are bound where it reads them."""

    def __init__(
        self, staging: Staging, parents: dict[cst.CSTNode, cst.CSTNode], module: Module, parameters: bool
    ) -> None:
        self.staging = staging
        self.parents = parents
        self.module = module
        self.parameters = parameters
        self.chosen: dict[int, str] = {}
        """Names that stand for numbers in what is rendered now."""

    @cached_property
    def attributes_set(self) -> set[str]:
        """The attributes that the program sets on values of the host, not on objects of its own classes."""
        targets = (target for m in self.staging.modules.values() for node in walk(m.tree) for target in _targets(node))
        parts = (part for target in targets for part in walk(target) if isinstance(part, cst.Attribute))
        return {part.attr.value for part in parts if not self.is_of_project(part.value)}

    @cached_property
    def sets_by_name(self) -> bool:
        """Whether the program may set attributes by names that it makes."""
        every = (node for module in self.staging.modules.values() for node in walk(module.tree))
        return any(isinstance(node, cst.Name) and node.value in ("setattr", "vars") for node in every)

    def is_of_project(self, base: cst.BaseExpression) -> bool:
        """Whether an expression only ever was an object of the program's own classes."""
        values = self.staging.values_of(base)
        return bool(values) and all(isinstance(value, Instance) for value in values)

    def namings(self, seen: Observation) -> Iterator[dict[int, str]]:
        """The ways to name the numbers of a shape by what the function has bound before."""
        sizes = seen.value.sizes if isinstance(seen.value, Shape) else [size_of(settled(seen.value))]
        numbers = sorted({known for size in sizes if (known := number(size)) is not None})
        names: list[list[str]] = []
        for known in numbers:
            held = [name for name, value in seen.frame.env.items() if "." not in name and number(value) == known]
            known_names = [name for name in held if self.is_bound_before(seen.frame, name, seen)]
            names.append(["", *known_names, *self.sizes_given(seen.frame, key_of(Const(known)))])
        for chosen in itertools.islice(itertools.product(*names), MAXIMUM_NAMINGS):
            yield {known: name for known, name in zip(numbers, chosen, strict=True) if name}

    def sizes_given(self, frame: Frame, known: object) -> Iterator[str]:
        """The sizes of tensors that a function is given which are this one; those are known where it is a layer."""
        owner = frame.owner
        bound = {name for name, _ in bindings(owner.body)} if isinstance(owner, cst.FunctionDef) else set(frame.entry)
        for name, value in frame.entry.items():
            if isinstance(value, Node) and value.shape and name not in bound:
                places = [i - len(value.shape) for i, size in enumerate(value.shape) if key_of(size) == known]
                yield from (f"{name}.shape[{place}]" for place in places)

    def size(self, value: Value, seen: Observation) -> str:
        if value is DYNAMIC:
            return "None"
        if isinstance(value, Dimension):
            value = value.size
        name = self.name_of(value, seen) if isinstance(value, Const | Host) else ""
        known = number(value)
        if not name and isinstance(value, Host) and self.is_lasting(value.key):
            name = self.computed(value, seen) or self.composed(value.key, seen)
        return name or ("" if known is None else self.chosen.get(known, str(known)))

    def computed(self, value: Host, seen: Observation) -> str:
        """An arithmetic expression by which the function has computed this very size from names that it still has."""
        owner = seen.frame.owner
        body = owner.body if isinstance(owner, cst.FunctionDef) else owner
        for node in walk(body):
            if node is seen.place.steps[-1].statement:
                break
            if not isinstance(node, cst.BinaryOperation) or not _is_arithmetic(node):
                continue
            known = self.staging.value_in(node, seen.frame)
            if isinstance(known, Host) and known.key == value.key:
                names = {part.value for part in walk(node) if isinstance(part, cst.Name)}
                if all(self.is_bound_before(seen.frame, name, seen) for name in names):
                    return f"({self.module.tree.code_for_node(node.with_changes(lpar=(), rpar=()))})"
        return ""

    def composed(self, key: object, seen: Observation) -> str:
        """The sum or product that a size is, of names of the function and of the sizes that a layer is told."""
        match key:
            case ("const", "int", str(text)):
                return text
            case ("Add" | "Multiply" as operator, left, right):
                parts = [self.composed(part, seen) for part in (left, right)]
                return f"({parts[0]} {'+' if operator == 'Add' else '*'} {parts[1]})" if "" not in parts else ""
        for name, held in seen.frame.env.items():
            same = "." not in name and isinstance(held, Host) and held.key == key
            if same and self.is_bound_before(seen.frame, name, seen):
                return name
        return next(self.sizes_given(seen.frame, key), "") if self.parameters else ""

    def name_of(self, value: Value, seen: Observation) -> str:
        """A name that held this very value when the shape was read, and that is bound once."""
        frame: Frame | None = seen.frame
        while frame is not None:
            for name, held in frame.env.items():
                if "." not in name and self.is_same(held, value) and self.is_bound_before(frame, name, seen):
                    return name
                if isinstance(held, Instance) and seen.frame.lookup(name) is held:
                    for attribute, inner in held.attributes.items():
                        free = f"{name}.{attribute}" not in frame.env
                        if free and self.is_same(inner, value) and self.is_given(attribute):
                            return f"{name}.{attribute}"
            frame = frame.parent
        return ""

    def is_same(self, held: Value, value: Value) -> bool:
        """Whether two values are one object, or what the host computed twice in the same way from the same objects."""
        if held is value:
            return True
        match held, value:
            case Host(key=one), Host(key=other):
                return one == other and self.is_lasting(one)
        return False

    def is_lasting(self, key: object) -> bool:
        """Whether what was computed in this way comes out the same whenever the program computes it."""
        match key:
            case None | ("item", *_):
                return False
            case ("attribute", base, str(name)):
                return not self.sets_by_name and name not in self.attributes_set and self.is_lasting(base)
            case tuple():
                return all(part is None or self.is_lasting(part) for part in key)
        return True

    def is_bound_before(self, frame: Frame, name: str, seen: Observation) -> bool:
        owner = frame.owner
        body = owner.body if isinstance(owner, cst.FunctionDef) else owner
        found = [node for bound, node in bindings(body) if bound == name]
        if isinstance(owner, cst.FunctionDef):
            params = owner.params
            every = (*params.posonly_params, *params.params, *params.kwonly_params)
            if any(p.name.value == name for p in every):
                return not found
        statements = [step.statement for step in seen.place.steps if step.frame is frame]
        if len(found) != 1 or not statements or self.loops_around(found[0]):
            return False
        order = {id(node): index for index, node in enumerate(walk(owner))}
        outer = self.loops_around(statements[-1])
        before = outer[-1] if outer else statements[-1]
        return order.get(id(found[0]), len(order)) < order.get(id(before), -1)

    def loops_around(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """The loops of its function that a statement stands in, the innermost first."""
        out: list[cst.CSTNode] = []
        current: cst.CSTNode | None = node
        while current is not None and not isinstance(current, cst.FunctionDef):
            if isinstance(current, cst.For | cst.While) and current is not node:
                out.append(current)
            current = self.parents.get(current)
        return out

    def is_given(self, attribute: str) -> bool:
        """Whether an attribute is set once in the program, to something that is not itself read from a shape."""
        found = [
            (target, node)
            for module in self.staging.modules.values()
            for node in walk(module.tree)
            if isinstance(node, cst.Assign | cst.AnnAssign | cst.AugAssign)
            for target in ([t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target])
            for part in walk(target)
            if isinstance(part, cst.Attribute) and part.attr.value == attribute
        ]
        return len(found) == 1 and not any(
            isinstance(value, Dimension | Shape) for node in walk(found[0][1]) for value in self.staging.values_of(node)
        )


def _targets(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """What a statement binds or changes."""
    match node:
        case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
            yield target
        case cst.For(target=target) | cst.Del(target=target):
            yield target


def _is_arithmetic(node: cst.BaseExpression) -> bool:
    """Whether an expression computes with names and numbers alone."""
    match node:
        case cst.BinaryOperation(left=left, right=right):
            return _is_arithmetic(left) and _is_arithmetic(right)
    return isinstance(node, cst.Name | cst.Integer)
