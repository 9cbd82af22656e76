"""What a program does with recurrent cells that the classes which take their place cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from tf2migrate.api.calls_model import Argument
from tf2migrate.api.compat import members, method, takes
from tf2migrate.api.symbols import Symbol, canonical
from tf2migrate.api.verdicts import misfit_of
from tf2migrate.compat.naming import naming
from tf2migrate.lint.uses import uses
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bound_names
from tf2migrate.names.project import Module
from tf2migrate.names.tree import ids_in, walk
from tf2migrate.plan.refusal import Refusal

_CELLS = "tf.nn.rnn_cell."
_STATE = f"{_CELLS}LSTMStateTuple"
# Attributes that cells had from `tf.layers.Layer`; those that other things have too count where a cell is seen.
_OF_LAYERS = frozenset(
    {
        "activity_regularizer",
        "add_loss",
        "add_metric",
        "add_update",
        "compute_mask",
        "compute_output_shape",
        "compute_output_signature",
        "count_params",
        "from_config",
        "get_config",
        "get_initial_state",
        "get_input_at",
        "get_input_mask_at",
        "get_input_shape_at",
        "get_losses_for",
        "get_output_at",
        "get_output_mask_at",
        "get_output_shape_at",
        "get_updates_for",
        "get_weights",
        "inbound_nodes",
        "input_mask",
        "input_spec",
        "non_trainable_variables",
        "non_trainable_weights",
        "outbound_nodes",
        "output_mask",
        "scope_name",
        "set_weights",
        "submodules",
        "with_name_scope",
    }
)
_SHARED = frozenset(
    {
        "apply",
        "dynamic",
        "graph",
        "input",
        "input_shape",
        "losses",
        "metrics",
        "name",
        "name_scope",
        "output",
        "output_shape",
        "trainable",
        "updates",
    }
)


def refused_cells(modules: Sequence[Module]) -> Iterator[Refusal]:
    """Every reason in the files of a program why their cells would not be what they were."""
    names = {module.key: naming(module.tree).aliases for module in modules}
    used = [module for module in modules if any(_is_cell(use.name) for use in uses(module, names[module.key]))]
    if not used:
        return
    if len(used) > 1:
        for module in used:
            yield from _asked_for(module, names[module.key])
    classes = list(_cell_classes(modules, names))
    for one in classes:
        yield from _lacking(one, modules, names)
    yield from _read_elsewhere(modules, names, classes)


def _is_cell(name: str | None) -> bool:
    return name is not None and canonical(name).startswith(_CELLS)


def _asked_for(module: Module, aliases: Aliases) -> Iterator[Refusal]:
    """A class that is neither called nor derived from may be asked for, and each file has a class of its own."""
    plain = set()
    for node in walk(module.tree):
        match node:
            case cst.Call(func=function):
                plain.add(id(function))
            case cst.ClassDef(bases=bases):
                plain |= {id(base.value) for base in bases}
            case cst.Annotation():
                plain |= ids_in(node)
    for use in uses(module, aliases):
        if _is_cell(use.name) and id(use.node) not in plain:
            reason = "a class of recurrent cells is asked for, of which other files would have their own"
            yield Refusal("TFM702", module.key, use.node, reason, "Ask for what the object can do")


@dataclass(frozen=True, slots=True)
class _Cells:
    """A class of the program that derives from a cell."""

    node: cst.ClassDef
    module: Module
    bases: tuple[str, ...]
    """The cells of TensorFlow among what it derives from."""
    direct: str | None
    """The only base, if that is one of them."""
    own: frozenset[str]
    """The attributes that it and the classes of the program that it derives from have."""


def _cell_classes(modules: Sequence[Module], names: dict[str, Aliases]) -> Iterator[_Cells]:
    found = {
        node.name.value: (node, module)
        for module in modules
        for node in walk(module.tree)
        if isinstance(node, cst.ClassDef)
    }

    def bases(name: str, seen: frozenset[str]) -> tuple[list[str], set[str]]:
        if name not in found or name in seen:
            return [], set()
        node, module = found[name]
        cells, own = [], set(_made_in(node))
        for base in node.bases:
            full = names[module.key].canonical(base.value)
            if full is not None and _is_cell(full):
                cells.append(canonical(full))
            else:
                further, theirs = bases(_last(base.value), seen | {name})
                cells += further
                own |= theirs
        return cells, own

    for name, (node, module) in found.items():
        cells, own = bases(name, frozenset())
        if cells:
            full = names[module.key].canonical(node.bases[0].value) if len(node.bases) == 1 else None
            direct = canonical(full) if full is not None else None
            yield _Cells(node, module, tuple(cells), direct, frozenset(own))


def _made_in(node: cst.ClassDef) -> Iterator[str]:
    """The attributes that a class has by itself."""
    for statement in node.body.body:
        match statement:
            case cst.FunctionDef(name=cst.Name(value=name)):
                yield name
            case cst.SimpleStatementLine(body=body):
                for small in body:
                    if isinstance(small, cst.Assign):
                        yield from (name for target in small.targets for name in bound_names(target.target))
                    elif isinstance(small, cst.AnnAssign):
                        yield from bound_names(small.target)
    for inner in walk(node):
        match inner:
            case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.For(target=target):
                parts = target.elements if isinstance(target, cst.Tuple | cst.List) else [cst.Element(target)]
                yield from (each.value.attr.value for each in parts if isinstance(each.value, cst.Attribute))


def _lacking(one: _Cells, modules: Sequence[Module], names: dict[str, Aliases]) -> Iterator[Refusal]:
    """What a class reads of itself, or calls with arguments, and would not have."""
    have = one.own.union(dir(object), {"__dict__", "__module__", "__call__"}, *map(_members, one.bases))
    firsts = _firsts(one.node)
    calls = {id(node.func): node for node in walk(one.node) if isinstance(node, cst.Call)}
    for node in walk(one.node):
        if not isinstance(node, cst.Attribute):
            continue
        match node.value:
            case cst.Name(value=name) if name in firsts:
                pass
            case cst.Call(func=cst.Name(value="super")):
                pass
            case cst.Name() | cst.Attribute() as base if _is_cell(names[one.module.key].canonical(base)):
                pass
            case _:
                continue
        name = node.attr.value
        if name not in have:
            reason = f"`{name}` is an attribute of cells that what takes their place does not have"
            yield Refusal("TFM101", one.module.key, node, reason, "Keep it in the class")
        elif id(node) in calls and (wrong := _wrongly_called(name, calls[id(node)], one)):
            yield Refusal("TFM101", one.module.key, node, f"`{name}` of cells {wrong}", "Write it without")


def _wrongly_called(name: str, call: cst.Call, one: _Cells) -> str:
    """Why a method of a cell does not take the arguments of a call from a class that derives from it."""
    if name in ("add_weight", "add_variable") and name not in one.own:
        symbol: Symbol | None = method("add_variable", "RNNCell")
    elif name == "__init__" and one.direct is not None:
        symbol = takes(one.direct)
    else:
        return ""
    if symbol is None:
        return ""
    args = [arg for arg in call.args if not (name == "__init__" and _last(arg.value) in _firsts(one.node))]
    if any(arg.star for arg in args) and name != "__init__":
        return "gets its arguments from a list or dict, and what takes its place has others"
    wrong = misfit_of(symbol, [Argument("", arg.keyword.value if arg.keyword else None, arg.star) for arg in args])
    return wrong.replace(" in TensorFlow 2", " in what takes their place")


def _firsts(node: cst.ClassDef) -> set[str]:
    """What the methods of a class call the object."""
    functions = (each for each in node.body.body if isinstance(each, cst.FunctionDef) and each.params.params)
    return {
        each.params.params[0].name.value
        for each in functions
        if not any(_last(decorator.decorator) == "staticmethod" for decorator in each.decorators)
    }


def _members(name: str) -> frozenset[str]:
    found = takes(name)
    return members(found.name) if found is not None else frozenset()


def _read_elsewhere(
    modules: Sequence[Module], names: dict[str, Aliases], classes: Sequence[_Cells]
) -> Iterator[Refusal]:
    """Attributes of layers that are read of a cell, or that only layers have."""
    own = frozenset[str]().union(*(one.own for one in classes))
    everyones = {
        name
        for module in modules
        for node in walk(module.tree)
        if isinstance(node, cst.ClassDef)
        for name in _made_in(node)
    }
    known = _holders(modules, names, {one.node.name.value for one in classes})
    for module in modules:
        for node in walk(module.tree):
            if not isinstance(node, cst.Attribute) or names[module.key].canonical(node) is not None:
                continue
            name = node.attr.value
            of_cell = known.has(node.value, names[module.key])
            if (name in _OF_LAYERS - everyones) or (of_cell and name in (_OF_LAYERS | _SHARED) - own):
                reason = f"`{name}` is an attribute of cells that what takes their place does not have"
                yield Refusal("TFM101", module.key, node, reason, "Keep it beside the cell")


@dataclass(slots=True)
class _Holders:
    """Names and attributes, anywhere in the program, that hold cells or lists of them."""

    names: set[str]
    classes: set[str]

    def has(self, node: cst.BaseExpression, aliases: Aliases) -> bool:
        match node:
            case cst.Call(func=cst.Name() | cst.Attribute() as function):
                full = aliases.canonical(function)
                if full is not None:
                    return _is_cell(full) and canonical(full) != _STATE
                return _last(function) in self.classes or f"{_last(function)}()" in self.names
            case cst.Name() | cst.Attribute():
                return _last(node) in self.names
            case cst.Subscript(value=inner) | cst.ListComp(elt=inner) | cst.GeneratorExp(elt=inner):
                return self.has(inner, aliases)
            case cst.List(elements=elements) | cst.Tuple(elements=elements):
                return any(self.has(each.value, aliases) for each in elements)
            case cst.BinaryOperation(left=one, right=other) | cst.BooleanOperation(left=one, right=other):
                return self.has(one, aliases) or self.has(other, aliases)
            case cst.IfExp(body=one, orelse=other):
                return self.has(one, aliases) or self.has(other, aliases)
        return False


def _holders(modules: Sequence[Module], names: dict[str, Aliases], classes: set[str]) -> _Holders:
    found = _Holders(set(), classes)
    before = -1
    while before != len(found.names):
        before = len(found.names)
        for module in modules:
            for node in walk(module.tree):
                found.names.update(_bound_to_cells(node, names[module.key], found))
    return found


def _bound_to_cells(node: cst.CSTNode, aliases: Aliases, found: _Holders) -> Iterator[str]:
    """The names that a statement binds to cells."""
    match node:
        case cst.Assign(targets=targets, value=value) if found.has(value, aliases):
            yield from filter(None, (_last(target.target) for target in targets))
        case cst.Assign(targets=targets, value=cst.Name() | cst.Attribute() as value):
            full = aliases.canonical(value)
            if _is_cell(full) and canonical(str(full)) != _STATE:
                yield from (f"{_last(target.target)}()" for target in targets)
        case cst.For(target=target, iter=several) | cst.CompFor(target=target, iter=several):
            if found.has(several, aliases):
                yield from bound_names(target)
        case cst.Call(func=cst.Attribute(value=holder, attr=cst.Name(value="append")), args=[arg]):
            if found.has(arg.value, aliases) and _last(holder):
                yield _last(holder)
        case cst.FunctionDef(name=cst.Name(value=name), body=body):
            if any(
                isinstance(each, cst.Return) and each.value is not None and found.has(each.value, aliases)
                for each in walk(body)
            ):
                yield f"{name}()"


def _last(node: cst.BaseExpression) -> str:
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ""
