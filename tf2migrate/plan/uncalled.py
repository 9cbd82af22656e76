"""Functions that nothing calls: they can stay where they neither make state of the graph nor run or read any of it.

Others, such as a layer that a project has and this program does not use, or the method by which another program draws
samples, are set aside where nothing can reach them: what they would become depends on how they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.layers import has_variables
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Bound,
    Builtin,
    Choice,
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Instance,
    Session,
    Symbol,
    Unknown,
    Value,
    nodes_in,
)
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.bindings import names_read
from tf2migrate.names.guards import is_main_guard
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import children, parameter_names, root_name, walk
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.keepers import keeper_classes

# Methods and functions that make state of the graph, or change it, whatever they are called on.
GRAPH_WORDS = frozenset(
    [
        "Session",
        "InteractiveSession",
        "placeholder",
        "placeholder_with_default",
        "get_variable",
        "variable_scope",
        "minimize",
        "apply_gradients",
        "global_variables_initializer",
        "get_collection",
        "trainable_variables",
    ]
)


# With these a program finds functions under names that do not stand in it.
LOOKUPS = frozenset(
    [
        "globals",
        "locals",
        "vars",
        "eval",
        "exec",
        "getattr",
        "__getattribute__",
        "attrgetter",
        "methodcaller",
        "__import__",
        "import_module",
    ]
)
FILE_OF = frozenset({"getfile", "getsourcefile", "getabsfile"})
REFLECTING = frozenset({"inspect", "unittest", "pytest", "__dict__", "modules", "TestCase", "Fire"})


@dataclass(frozen=True, slots=True)
class Uncalled:
    """A function that no call reaches, the class that it is a method of, and what of the graph it would use."""

    function: cst.FunctionDef
    owner: cst.ClassDef | None
    use: str


def find_set_aside(flow: Flow) -> dict[int, cst.FunctionDef]:
    """The functions, by identity, that would use the graph and that nothing in the program can reach."""
    unused = {id(f.function): f.function for f in uncalled_uses(flow) if not _is_awaited(flow, f)}
    trees = {key: flow.staging.modules[key].tree for key in flow.staging.module_frames}
    if not unused or any(_looks_up(flow, tree) for tree in trees.values()):
        return {}
    home = {id(f): key for key, tree in trees.items() for f in walk(tree) if isinstance(f, cst.FunctionDef)}
    functions = (node for tree in trees.values() for node in walk(tree) if isinstance(node, cst.FunctionDef))
    idle = {id(function): function for function in functions if id(function) not in flow.staging.visited}
    owners = _owners(trees.values())
    while True:
        found = Mentions()
        for key in trees:
            _mentions(flow, key, idle, found)
        left = {n: f for n, f in idle.items() if not _is_mentioned(flow, found, f, home[n], owners.get(n))}
        if len(left) == len(idle):
            return {number: function for number, function in unused.items() if number in idle}
        idle = left


@dataclass(slots=True)
class Mentions:
    """The names that stand outside of idle functions and of imports.

    ``texts`` are those that strings spell, ``attributes`` the places that read an attribute of that name, ``names`` the
    others by the files that have them. ``special`` gives, for special methods, the name of the class: Python calls
    these itself.
    """

    texts: set[str] = field(default_factory=set)
    attributes: dict[str, list[cst.Attribute]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    special: dict[int, str] = field(default_factory=dict)


def _owners(trees: Iterable[cst.Module]) -> dict[int, cst.ClassDef]:
    """The classes of methods, by the identity of these."""
    classes = (node for tree in trees for node in walk(tree) if isinstance(node, cst.ClassDef))
    return {id(method): cls for cls in classes for method in cls.body.body if isinstance(method, cst.FunctionDef)}


def _is_mentioned(
    flow: Flow, found: Mentions, function: cst.FunctionDef, home: str, owner: cst.ClassDef | None
) -> bool:
    """Whether something may have a function by its name: its own file, or one that has imported it.

    A special method is had by whoever has the class.
    """
    special = id(function) in found.special
    name = found.special.get(id(function), function.name.value)
    wanted: cst.FunctionDef | cst.ClassDef | None = owner if special else function
    if name in found.texts or any(_may_be(flow, node, wanted) for node in found.attributes.get(name, ())):
        return True
    for key in found.names.get(name, ()):
        value = flow.staging.module_frames[key].env.get(name)
        if special and (value is None or owner is None or owner.decorators):
            return True
        options = value.options if isinstance(value, Choice) else (value,)
        if key == home or any(_stands_for(v, wanted) for v in options if v is not None):
            return True
    return False


def _may_be(flow: Flow, node: cst.Attribute, wanted: cst.FunctionDef | cst.ClassDef | None) -> bool:
    """Whether an attribute may be that function or class: `net.predict` is the method of the class of `net`."""
    values = flow.staging.values_of(node)
    if not values or wanted is None or wanted.decorators:
        return True
    options = [o for value in values for o in (value.options if isinstance(value, Choice) else (value,))]
    return any(_stands_for(option, wanted) for option in options)


def _stands_for(value: Value, wanted: cst.FunctionDef | cst.ClassDef | None) -> bool:
    """Whether a value is, or may be, a function of the project, or a class or one that is derived from it.

    What is not known may be any, and so may be an attribute of nothing: by then there may be something.
    """
    match value:
        case Unknown() | Bound(receiver=Const() | Unknown()):
            return True
        case Bound(function=inner):
            return _stands_for(inner, wanted)
        case Function(definition=definition):
            return definition is wanted
        case Class():
            return any(cls.definition is wanted for cls in value.ancestry())
    return False


def _is_awaited(flow: Flow, uncalled: Uncalled) -> bool:
    """Whether somebody who is not seen may call a function: a test runner, a framework, or the user of the file.

    Code outside of the project calls the methods of what it is given by their names, and those that a class of its
    own has under other classes. What runs the graph is what a program is there for, unless that runs another part.
    """
    function, owner = uncalled.function, uncalled.owner
    if function.decorators or (function.name.value.startswith("test") and _is_test_file(flow, function)):
        return True
    if owner is None:
        return not _runs(flow)
    classes = [cls for cls in flow.staging.classes if cls.definition is owner]
    foreign = any(not isinstance(base, Class | Builtin) for cls in classes for base in cls.bases)
    heirs = [cls for cls in flow.staging.classes if any(each in cls.ancestry() for each in classes)]
    return foreign or not _runs(flow) or any(cls in flow.staging.escaped for cls in [*classes, *heirs])


def _is_test_file(flow: Flow, function: cst.FunctionDef) -> bool:
    """Whether a test runner looks for functions in the file of this one."""
    stem = next(m.path.stem for m in flow.staging.modules.values() if function in m.positions)
    return stem.startswith("test") or stem.endswith(("test", "tests"))


def _runs(flow: Flow) -> bool:
    """Whether the program runs a part of the graph, rather than only its initializers."""
    return any(node.kind != "init" for site in flow.staging.every_run for node in nodes_in(site.fetches))


def _looks_up(flow: Flow, tree: cst.Module) -> bool:
    files = {id(inner) for node in walk(tree) if _asks_for_file(node) for inner in walk(node)}
    for node in walk(tree):
        match node:
            case cst.Name(value=name) if name in REFLECTING and id(node) not in files:
                return True
            case cst.Call(func=cst.Name(value="vars" | "getattr"), args=[cst.Arg(value=looked, star=""), *_]) if (
                _is_foreign(flow, looked)
            ):
                # What other packages made, such as the arguments of the command line, has no function of the project.
                continue
            case cst.Call(func=cst.Name(value=name)) | cst.Call(func=cst.Attribute(attr=cst.Name(value=name))):
                if name in LOOKUPS and not (name == "eval" and isinstance(node.func, cst.Attribute)):
                    return True
    return False


def _asks_for_file(node: cst.CSTNode) -> bool:
    """Whether this asks in which file something stands, or imports what is asked."""
    match node:
        case cst.ImportAlias(name=cst.Name(value="inspect"), asname=None):
            return True
        case cst.Call(func=cst.Attribute(value=cst.Name(value="inspect"), attr=cst.Name(value=word)), args=[arg]):
            inner = arg.value.func if isinstance(arg.value, cst.Call) else arg.value
            plain = isinstance(inner, cst.Name) or dotted_name(inner) == "inspect.currentframe"
            return word in FILE_OF and plain
        case cst.Attribute(value=cst.Subscript(value=looked), attr=cst.Name(value="__file__")):
            return dotted_name(looked) == "sys.modules"
    return False


def _is_foreign(flow: Flow, node: cst.BaseExpression) -> bool:
    values = flow.staging.values_of(node)
    return bool(values) and all(isinstance(value, Host) for value in values)


def _mentions(flow: Flow, key: str, idle: dict[int, cst.FunctionDef], found: Mentions) -> None:
    """Adds what one file mentions."""
    tree, frame = flow.staging.modules[key].tree, flow.staging.module_frames[key]
    stack: list[tuple[cst.CSTNode, str]] = [(tree, "")]
    while stack:
        node, owner = stack.pop()
        match node:
            case cst.FunctionDef(name=cst.Name(value=name)) if id(node) in idle:
                if owner and name.startswith("__"):
                    found.special[id(node)] = owner
                continue
            case cst.FunctionDef():
                stack.extend((child, "") for child in children(node) if child is not node.name)
                continue
            case cst.ClassDef(name=cst.Name(value=name)):
                stack.extend((child, name) for child in children(node) if child is not node.name)
                continue
            case cst.Import() | cst.ImportFrom():
                continue
            case cst.If(test=test) if is_main_guard(node) and _is_false(flow, test):
                # There the file is a program of its own, which is migrated together with this one.
                continue
            case cst.If(test=test, body=body, orelse=orelse) if (taken := _always(flow, test)) is not None:
                # The branch that no call takes is left out.
                stack.extend((part, owner) for part in (test, body if taken else orelse) if part is not None)
                continue
            case cst.Attribute() if isinstance(frame.lookup(root_name(node)), Symbol | Foreign):
                # `tf.nn.conv2d` is no `conv2d` of the project.
                continue
            case cst.Attribute(value=base, attr=cst.Name(value=name)):
                found.attributes.setdefault(name, []).append(node)
                stack.append((base, owner))
                continue
            case cst.Name(value=name):
                found.names.setdefault(name, set()).add(key)
            case cst.SimpleString() if isinstance(node.evaluated_value, str):
                found.texts.add(node.evaluated_value)
        stack.extend((child, owner) for child in children(node))


def _always(flow: Flow, test: cst.BaseExpression) -> bool | None:
    """What a condition is each time that the program comes to it; None where that is not known.

    What a file does where it is the program itself, another program reaches.
    """
    if is_main_guard(cst.If(test, cst.SimpleStatementSuite([cst.Pass()]))):
        return None
    values = flow.staging.values_of(test)
    truths = {bool(value.value) for value in values if isinstance(value, Const)}
    return truths.pop() if len(truths) == 1 and all(isinstance(value, Const) for value in values) else None


def _is_false(flow: Flow, test: cst.BaseExpression) -> bool:
    values = flow.staging.values_of(test)
    return bool(values) and all(isinstance(value, Const) and not value.value for value in values)


def uncalled_uses(flow: Flow) -> Iterator[Uncalled]:
    """Each function that no call reaches and that cannot stay as it is, with what stands in the way."""
    layers = {id(cls.definition) for cls in keeper_classes(flow.staging)}
    for key, frame in flow.staging.module_frames.items():
        start: tuple[cst.CSTNode, cst.ClassDef | None, frozenset[str]] = (
            flow.staging.modules[key].tree,
            None,
            frozenset(),
        )
        stack = [start]
        while stack:
            node, owner, local = stack.pop()
            if isinstance(node, cst.FunctionDef):
                local |= _locals(node)
                if id(node) not in flow.staging.visited and (
                    what := _use(flow, node, owner, local, frame, id(owner) in layers)
                ):
                    yield Uncalled(node, owner, what)
                    continue
            inner = node if isinstance(node, cst.ClassDef) else owner
            stack.extend((child, inner, local) for child in reversed(children(node)))


def _locals(function: cst.FunctionDef) -> frozenset[str]:
    names = parameter_names(function)
    for node in walk(function.body):
        if isinstance(node, cst.Global):
            return frozenset(names)
    return frozenset(names | assigned_names(function.body))


def _use(
    flow: Flow,
    function: cst.FunctionDef,
    owner: cst.ClassDef | None,
    local: frozenset[str],
    module: Frame,
    is_layer: bool,
) -> str:
    """What of the graph a function would use; empty for nothing. The methods of a layer may use its variables."""
    for name in names_read(function.body):
        if name.value in local:
            continue
        value = module.lookup(name.value)
        if isinstance(value, Session) or any(n.number not in flow.static for n in nodes_in(value)):
            return f"reads `{name.value}`"
    for node in walk(function.body):
        match node:
            case cst.Call(func=func) if has_variables(_symbol(module, func)):
                return f"uses `{dotted_name(func)}`"
            case cst.Arg(keyword=cst.Name(value="feed_dict")):
                return "runs the graph"
            case cst.Attribute(value=base, attr=cst.Name(value=word)) if word in GRAPH_WORDS:
                if not isinstance(module.lookup(root_name(base)), Foreign):
                    return f"uses `{dotted_name(node) or word}`"
            case cst.Attribute(value=cst.Name(), attr=cst.Name(value=attribute)) if owner is not None and not is_layer:
                held = [v for instance in _instances(flow, owner) if (v := _held(flow, instance, attribute))]
                if any(_is_of_graph(flow, value) for value in held):
                    return f"reads `{dotted_name(node)}`"
    return ""


def _symbol(module: Frame, called: cst.BaseExpression) -> str:
    """What of TensorFlow a name of a file, with attributes, stands for; empty for anything else."""
    root = root_name(called)
    value = module.lookup(root) if root else None
    return value.name + dotted_name(called).removeprefix(root) if isinstance(value, Symbol) else ""


def _held(flow: Flow, instance: Instance, attribute: str) -> Value | None:
    """What an object holds; those of one that the graph is built in may be names there, see ``forms/shapes.py``."""
    if instance is flow.region.held:
        name = f"{next(iter(flow.region.frame.entry), '')}.{attribute}"
        return flow.region.frame.env.get(name) or instance.attributes.get(attribute)
    return instance.attributes.get(attribute)


def _is_of_graph(flow: Flow, value: Value) -> bool:
    return isinstance(value, Session) or any(n.number not in flow.static for n in nodes_in(value))


def _instances(flow: Flow, owner: cst.ClassDef) -> list[Instance]:
    """The objects of a class that the analysis has seen."""
    found: dict[int, Instance] = {}
    for frame in flow.staging.frames:
        for value in frame.env.values():
            if isinstance(value, Instance) and _is_a(value.cls, owner):
                found[id(value)] = value
    return list(found.values())


def _is_a(cls: Class, definition: cst.ClassDef) -> bool:
    return cls.definition is definition or any(isinstance(b, Class) and _is_a(b, definition) for b in cls.bases)
