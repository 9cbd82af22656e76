"""What makes a run repeatable, as the seed of the graph did.

Keras initializers take their seeds from Python's own generator, so that one has to be seeded as well; the function of
Keras that does so seeds numpy too. Where a program draws from one of them, that would change what it draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import libcst as cst

from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import children, walk

GENERATORS = ("numpy.random", "random")
# What leaves the shared state of a generator alone: other generators, and the modules themselves.
_APART = frozenset({"RandomState", "Generator", "default_rng", "SeedSequence", "Random", "SystemRandom", "mtrand"})
# Libraries that draw from numpy's shared generator where they are not given a seed of their own.
_DRAWING = frozenset({"pandas", "scipy", "sklearn"})
# The reader of the MNIST tutorials seeds numpy with the seed of the graph, if it has one by then, and draws from it.
_READER = "read_data_sets"


def host_numbers_stay(call: cst.Call, module: Module, program: Iterable[Module], ours: Callable[[str], bool]) -> bool:
    """Whether numpy and Python draw the same numbers, if the call that seeds TensorFlow seeds them too.

    They do where nothing in the program draws from them, and where the program seeds them right beside the call:
    before it with the same seed, or after it. ``ours`` tells the dotted names of TensorFlow, which draws from neither.
    """
    beside, covered = _beside(call, module, ours)
    modules = {m.key: m for m in (*program, module)}.values()
    used = {generator for m in modules for generator in _used(m.tree, beside)}
    for each in modules:
        for node in walk(each.tree):
            if isinstance(node, cst.Call) and _is_reader(node):
                seeded = each is module and module.line(call) < module.line(node)
                used |= set() if seeded else {GENERATORS[0]}
    return used <= covered


def _is_reader(call: cst.Call) -> bool:
    match call.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name == _READER
    return False


def _beside(call: cst.Call, module: Module, ours: Callable[[str], bool]) -> tuple[set[int], set[str]]:
    """The seedings in one row with a call, by identity, and the generators that they set as they were."""
    meanings = _meanings(module.tree)
    found: set[int] = set()
    covered: set[str] = set()
    for node in walk(module.tree):
        body = node.body if isinstance(node, cst.Module | cst.IndentedBlock) else ()
        at = next((i for i, statement in enumerate(body) if _is_call(statement, call)), None)
        if at is None:
            continue
        for after, row in ((False, reversed(body[:at])), (True, body[at + 1 :])):
            for statement in row:
                calls = [n for n in walk(statement) if isinstance(n, cst.Call)]
                seedings = [(c, generator) for c in calls if (generator := _seeded(c, meanings))]
                others = [c for c in calls if all(c is not s for s, _ in seedings)]
                if not isinstance(statement, cst.SimpleStatementLine) or any(
                    not ours(dotted_name(c.func)) for c in others
                ):
                    break
                for seeding, generator in seedings:
                    if after or _argument(module, seeding) == _argument(module, call):
                        found.add(id(seeding.func))
                        covered.add(generator)
    return found, covered


def _is_call(statement: cst.CSTNode, call: cst.Call) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]):
            return value is call
    return False


def _seeded(call: cst.Call, meanings: dict[str, str]) -> str:
    """The generator that a call seeds with a given seed, or nothing."""
    generator, _, function = _meaning(call.func, meanings).rpartition(".")
    return generator if function == "seed" and generator in GENERATORS and call.args else ""


def _argument(module: Module, call: cst.Call) -> str:
    return module.tree.code_for_node(call.args[0].value) if call.args else ""


def _used(tree: cst.Module, beside: set[int]) -> Iterator[str]:
    """The generators that a module uses, but for the seedings ``beside``."""
    meanings = _meanings(tree)
    if {meaning.split(".")[0] for meaning in meanings.values()} & _DRAWING:
        yield GENERATORS[0]
    yield from (meaning for name, meaning in meanings.items() if name.startswith("*"))
    if any(_brings_others(node) for node in walk(tree) if isinstance(node, cst.ImportFrom)):
        yield from GENERATORS
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            continue
        if isinstance(node, cst.Name | cst.Attribute) and (meaning := _meaning(node, meanings)):
            for generator in GENERATORS:
                function = meaning.removeprefix(f"{generator}.").split(".")[0]
                drawn = meaning == generator or (meaning.startswith(f"{generator}.") and function not in _APART)
                if drawn and id(node) not in beside:
                    yield generator
            continue
        stack.extend(children(node))


def _brings_others(node: cst.ImportFrom) -> bool:
    """Whether an import may bring the generators of another file of the project under names that are not seen."""
    source = dotted_name(node.module) if node.module is not None else ""
    if source.partition(".")[0] in ("tensorflow", "numpy", "random"):
        return False
    if isinstance(node.names, cst.ImportStar):
        return True
    return any(dotted_name(alias.name) in ("np", "numpy", "random") for alias in node.names)


def _meaning(node: cst.BaseExpression, meanings: dict[str, str]) -> str:
    """The dotted name, as imported, of a chain of names; empty for what no import binds."""
    root, _, rest = dotted_name(node).partition(".")
    meaning = meanings.get(root, "")
    return f"{meaning}.{rest}" if meaning and rest else meaning


def _meanings(tree: cst.Module) -> dict[str, str]:
    """What the imports of a module bind, whatever else may be bound to the same names."""
    found: dict[str, str] = {}
    for node in walk(tree):
        if not isinstance(node, cst.Import | cst.ImportFrom):
            continue
        source = dotted_name(node.module) if isinstance(node, cst.ImportFrom) else ""
        if isinstance(node, cst.ImportFrom) and node.relative:
            continue
        if isinstance(node.names, cst.ImportStar):
            if source in GENERATORS:
                found[f"*{source}"] = source
            continue
        for alias in node.names:
            name = dotted_name(alias.name)
            full = f"{source}.{name}" if source else name
            if alias.asname is not None:
                found[dotted_name(alias.asname.name)] = full
            else:
                found[name if source else name.split(".")[0]] = full if source else name.split(".")[0]
    return found
