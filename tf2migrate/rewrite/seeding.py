"""What makes a run repeatable, as the seed of the graph did.

Keras initializers take their seeds from Python's own generator, so that one has to be seeded as well; the function of
Keras that does so seeds numpy too. Where a program draws from one of them, that would change what it draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst

from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk

# A seed that is set so near to the one of the graph is set together with it.
NEAR = 3
NUMPY = ("np.random.", "numpy.random.")
# The reader of the MNIST tutorials seeds numpy with the seed of the graph and draws its batches from it.
READER = "read_data_sets"
MADE = ("RandomState", "default_rng", "Generator", "SeedSequence")


@dataclass(frozen=True, slots=True)
class _Use:
    """A call that seeds one of the global generators, or draws from it."""

    module: str
    line: int
    generator: str
    seeds: bool
    seed: str


def is_harmless(module: Module, call: cst.Call, modules: Iterable[Module]) -> bool:
    """Whether numpy and Python may be seeded where a call seeds the graph: nothing drawn from them changes."""
    uses = [use for each in modules for use in _uses(each)]
    line, seed = module.line(call), module.tree.code_for_node(call.args[0].value) if call.args else ""
    return all(
        _is_set_here([use for use in uses if use.generator == generator], module.key, line, seed)
        for generator in ("numpy", "python")
    )


def _is_set_here(uses: list[_Use], module: str, line: int, seed: str) -> bool:
    """Whether a generator that is drawn from is seeded right here, either way."""
    draws = [use for use in uses if not use.seeds]
    if not draws:
        return True
    early = [use.line for use in draws if use.module == module]
    for use in uses:
        if not use.seeds or use.module != module:
            continue
        just_before = 0 <= line - use.line < NEAR and use.seed == seed and not any(use.line < at < line for at in early)
        near = use.line - line <= NEAR or use.seed == READER
        just_after = use.line > line and near and not any(line < at < use.line for at in early)
        if just_before or just_after:
            return True
    return False


def _uses(module: Module) -> Iterable[_Use]:
    for node in walk(module.tree):
        match node:
            case cst.ImportFrom(module=cst.Name() | cst.Attribute() as source, names=[*_]):
                if dotted_name(source) in ("random", "numpy.random"):
                    # Draws under names of their own.
                    yield _Use("", 0, "numpy" if "numpy" in dotted_name(source) else "python", False, "")
            case cst.Call(func=cst.Attribute(attr=cst.Name(value=last)) | cst.Name(value=last)) if last == READER:
                yield _Use(module.key, module.line(node), "numpy", True, READER)
                yield _Use(module.key, module.line(node), "numpy", False, "")
            case cst.Call(func=cst.Attribute(attr=cst.Name(value=last)) as func):
                name = dotted_name(func)
                generator = "numpy" if name.startswith(NUMPY) else "python" if name.startswith("random.") else ""
                if generator and last not in MADE:
                    seed = module.tree.code_for_node(node.args[0].value) if node.args else ""
                    yield _Use(module.key, module.line(node), generator, last == "seed", seed)
