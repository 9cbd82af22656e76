"""What an expression of a program may be, followed through names, attributes, parameters and returned values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from tf2migrate.compat.naming import times_bound
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import labels, parameter_names, walk, walk_own


@dataclass(frozen=True, slots=True)
class Origin:
    """An expression that is no name of the program, and the names that lead to it."""

    node: cst.BaseExpression
    module: Module


@dataclass
class Origins:
    """Follows expressions through all files of a program, whatever the order in which they run."""

    modules: Sequence[Module]
    aliases: dict[str, Aliases]
    passed: set[str] = field(default_factory=set)
    """The names and attributes that were followed."""

    def of(self, node: cst.BaseExpression, module: Module) -> list[Origin] | None:
        """All that an expression may be; None where that cannot be seen."""
        return self._of(node, module, frozenset())

    def is_own_function(self, node: cst.BaseExpression) -> bool:
        """Whether an expression is a function, by a name that nothing else of the program has."""
        if not isinstance(node, cst.Name):
            return isinstance(node, cst.Lambda)
        counts = sum(times_bound(module.tree).get(node.value, 0) for module in self.modules)
        return node.value in self._functions and counts == len(self._functions[node.value])

    def _of(self, node: cst.BaseExpression, module: Module, seen: frozenset[int | str]) -> list[Origin] | None:
        if isinstance(node, cst.Name | cst.Attribute) and self.aliases[module.key].canonical(node) is not None:
            return [Origin(node, module)]
        match node:
            case cst.Name(value="None" | "True" | "False"):
                return [Origin(node, module)]
            case cst.IfExp(body=one, orelse=other) | cst.BooleanOperation(left=one, right=other):
                return self._all([(one, module), (other, module)], seen)
            case cst.Name(value=name):
                self.passed.add(name)
                return self._name(name, module, seen)
            case cst.Attribute(attr=cst.Name(value=name)):
                self.passed.add(name)
                key = f".{name}"
                return [] if key in seen else self._all(self._attributes.get(name), seen | {key})
            case cst.Call(func=cst.Name(value=name)) if name in self._functions:
                self.passed.add(name)
                key = f"{name}()"
                given = [pair for function in self._functions[name] for pair in _returned(*function)]
                return [] if key in seen else self._all(given or None, seen | {key})
        return [Origin(node, module)]

    def _all(
        self, pairs: Sequence[tuple[cst.BaseExpression, Module]] | None, seen: frozenset[int | str]
    ) -> list[Origin] | None:
        if pairs is None:
            return None
        found: list[Origin] = []
        for node, module in pairs:
            made = self._of(node, module, seen)
            if made is None:
                return None
            found += made
        return found

    def _name(self, name: str, module: Module, seen: frozenset[int | str]) -> list[Origin] | None:
        key = f"{module.key}:{name}"
        if key in seen:
            return []
        seen |= {key}
        count = times_bound(module.tree).get(name, 0)
        pairs: list[tuple[cst.BaseExpression, Module]] = []
        known = 0
        for node in walk(module.tree):
            match node:
                case cst.Assign(targets=targets, value=value):
                    if any(isinstance(each.target, cst.Name) and each.target.value == name for each in targets):
                        known += 1
                        pairs.append((value, module))
                case cst.AnnAssign(target=cst.Name(value=bound), value=value) if bound == name:
                    known += 1
                    if value is not None:
                        pairs.append((value, module))
                case cst.FunctionDef(name=cst.Name(value=bound)) | cst.ClassDef(name=cst.Name(value=bound)):
                    if bound == name:
                        known += 1
                        pairs.append((cst.Lambda(cst.Parameters(), cst.Name("None")), module))
                    if isinstance(node, cst.FunctionDef) and name in parameter_names(node):
                        known += 1
                        given = self._given(node, name, module)
                        if given is None:
                            return None
                        pairs += given
        return self._all(pairs, seen) if known == count and known else None

    def _given(
        self, function: cst.FunctionDef, name: str, module: Module
    ) -> list[tuple[cst.BaseExpression, Module]] | None:
        """The default of a parameter, and what calls of its function, or of its class, give for it."""
        params = [*function.params.posonly_params, *function.params.params]
        place = next((i for i, param in enumerate(params) if param.name.value == name), None)
        param = next((each for each in [*params, *function.params.kwonly_params] if each.name.value == name), None)
        if param is None:
            return None
        found = [(param.default, module)] if param.default is not None else []
        if place is not None and params[0].name.value in ("self", "cls"):
            place -= 1
        called = self._called(function)
        if not called or any(mention in called for mention in self._mentioned):
            return None
        for call, where in self._calls:
            matching = _last(call.func) in called
            if matching and any(arg.star for arg in call.args):
                return None
            for index, arg in enumerate(call.args):
                if arg.keyword is not None:
                    fits = arg.keyword.value == name
                elif matching and place is not None:
                    # `Base.__init__(self, ...)` gives the object first.
                    fits = index == place or (_last(call.func) == "__init__" and index == place + 1)
                else:
                    fits = False
                if fits:
                    found.append((arg.value, where))
        return found

    def _called(self, function: cst.FunctionDef) -> set[str]:
        """The names by which a function is called; a first method by its class, and by those that derive from it."""
        name = function.name.value
        if name in ("__call__", "call", "build"):
            return set()
        if name != "__init__":
            return {name}
        found = {"__init__"}
        for each in self._classes.values():
            if any(part is function for part in each.body.body):
                found.add(each.name.value)
        before = 0
        while before != len(found):
            before = len(found)
            for each in self._classes.values():
                if any(_last(base.value) in found for base in each.bases):
                    found.add(each.name.value)
        return found

    @cached_property
    def _classes(self) -> dict[str, cst.ClassDef]:
        return {node.name.value: node for node, _ in self._nodes if isinstance(node, cst.ClassDef)}

    @cached_property
    def _nodes(self) -> list[tuple[cst.CSTNode, Module]]:
        return [(node, module) for module in self.modules for node in walk(module.tree)]

    @cached_property
    def _calls(self) -> list[tuple[cst.Call, Module]]:
        """The calls of what is not TensorFlow's."""
        found = [(node, module) for node, module in self._nodes if isinstance(node, cst.Call)]
        return [(call, module) for call, module in found if self.aliases[module.key].canonical(call.func) is None]

    @cached_property
    def _functions(self) -> dict[str, list[tuple[cst.FunctionDef, Module]]]:
        found: dict[str, list[tuple[cst.FunctionDef, Module]]] = {}
        for node, module in self._nodes:
            if isinstance(node, cst.FunctionDef):
                found.setdefault(node.name.value, []).append((node, module))
        return found

    @cached_property
    def _mentioned(self) -> set[str]:
        """Names of functions that stand anywhere but where they are called: who calls them is not seen."""
        called = {id(node.func) for node, _ in self._nodes if isinstance(node, cst.Call)}
        silent = {label for node, _ in self._nodes for label in labels(node)}
        silent |= {id(node.name) for node, _ in self._nodes if isinstance(node, cst.FunctionDef)}
        for node, _ in self._nodes:
            if isinstance(node, cst.Import | cst.ImportFrom | cst.ClassDef):
                parts = [node.name, *node.bases] if isinstance(node, cst.ClassDef) else [node]
                silent |= {id(inner) for part in parts for inner in walk(part)}
        found = {_last(node) for node, _ in self._nodes if isinstance(node, cst.Attribute) and id(node) not in called}
        for node, _ in self._nodes:
            if isinstance(node, cst.Name) and id(node) not in called | silent:
                found.add(node.value)
        return found & (self._functions.keys() | self._classes.keys())

    @cached_property
    def _attributes(self) -> dict[str, list[tuple[cst.BaseExpression, Module]]]:
        """What is put under each attribute, or stands under a name in a class."""
        found: dict[str, list[tuple[cst.BaseExpression, Module]]] = {}
        for node, module in self._nodes:
            match node:
                case cst.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target.target, cst.Tuple | cst.List):
                            for part in walk(target.target):
                                if isinstance(part, cst.Attribute):
                                    found.setdefault(part.attr.value, []).append((cst.Ellipsis(), module))
                        elif name := _last(target.target):
                            found.setdefault(name, []).append((value, module))
                case cst.FunctionDef(name=cst.Name(value=name)):
                    found.setdefault(name, []).append((cst.Ellipsis(), module))
        return found


def _returned(function: cst.FunctionDef, module: Module) -> Iterator[tuple[cst.BaseExpression, Module]]:
    for node in walk_own(function.body):
        if isinstance(node, cst.Return) and node.value is not None:
            yield node.value, module


def _last(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return dotted_name(node) if isinstance(node, cst.Name) else ""
