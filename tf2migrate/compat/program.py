"""A whole program on `tensorflow.compat.v1`: all of its files, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import libcst as cst

from tf2migrate.api.symbols import canonical
from tf2migrate.compat.arguments import refused_arguments
from tf2migrate.compat.cells import refused_cells
from tf2migrate.compat.file import Around, Compatible, compatible
from tf2migrate.compat.naming import naming, times_bound
from tf2migrate.compat.respelling import of_tensorflow
from tf2migrate.lint.symbols import judged
from tf2migrate.lint.uses import uses
from tf2migrate.names.import_lines import aliases_of
from tf2migrate.names.project import Module, Project, dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import Refusal

_SEEDS = frozenset({"tf.set_random_seed", "tf.random.set_random_seed"})
_SCOPES = frozenset({"tf.contrib.framework.arg_scope", "tf.contrib.framework.add_arg_scope"})


def surroundings(modules: Iterable[Module]) -> Around:
    """What holds for all programs of a run: a file that they share becomes the same for each of them."""
    found = list(modules)
    named = {use.name for module in found for use in uses(module, naming(module.tree).aliases)}
    return Around(
        sets_seed=not named.isdisjoint(_SEEDS),
        asks_for_fakes=any(_asks_for_fakes(module.tree) for module in found),
        opens_scopes=any(canonical(name) in _SCOPES for name in named),
    )


def compatible_program(modules: Sequence[Module], root: Path, around: Around) -> dict[str, Compatible]:
    """What becomes of each file of a program, by its key; ``root`` is the folder of the entry."""
    handed = [
        *_handed_on(modules, root),
        *_written_for_both(modules),
        *refused_cells(modules),
        *refused_arguments(modules),
    ]
    found = {}
    for module in modules:
        made = compatible(module, around)
        own = tuple(refusal for refusal in handed if refusal.module == module.key)
        found[module.key] = Compatible(module.source.text, (*own, *made.refusals)) if own else made
    return found


def _handed_on(modules: Sequence[Module], root: Path) -> Iterator[Refusal]:
    """Parts of TensorFlow that a file takes from another file of the program: their uses there are not seen."""
    project = Project(list(modules))
    given = {module.key: set(naming(module.tree).aliases.names) for module in modules}
    for module in modules:
        own = times_bound(module.tree)
        read = {node.value for node in walk(module.tree) if isinstance(node, cst.Name)} - own.keys()
        ways: dict[str, set[str]] = {}
        for node in walk(module.tree):
            match node:
                case cst.ImportFrom(names=names):
                    dotted = dotted_name(node.module) if node.module is not None else ""
                    source = project.find(module, dotted, len(node.relative), root)
                    theirs = given[source.key] if source is not None else set()
                    wanted = read if isinstance(names, cst.ImportStar) else {name for _, name in aliases_of(node)}
                    for name in sorted(wanted & theirs):
                        yield _told(module, node, name)
                case cst.Import(names=aliases) if not of_tensorflow(node):
                    for alias in aliases:
                        source = project.find(module, dotted_name(alias.name), 0, root)
                        if source is not None:
                            name = dotted_name(alias.asname.name) if alias.asname else dotted_name(alias.name)
                            ways[name] = given[source.key]
        for node in walk(module.tree):
            if isinstance(node, cst.Attribute) and node.attr.value in ways.get(dotted_name(node.value), ()):
                yield _told(module, node, node.attr.value)


def _written_for_both(modules: Sequence[Module]) -> Iterator[Refusal]:
    """A program that names what TensorFlow 2 has by `tf`, and the rest by `tf.compat.v1`, means TensorFlow 2 by `tf`.

    There `tf.nn.dropout(x, 0.3)` drops a third, and keeps it in `tf.compat.v1`.
    """
    found = [(module, use) for module in modules for use in uses(module)]
    beside = next(((module, use) for module, use in found if use.by_compat), None)
    plain = [use for _, use in found if not use.by_compat]
    if beside is None or not plain:
        return
    if not any(one.is_tensorflow_1 and not one.use.by_compat for module in modules for one in judged(module)):
        module, use = beside
        reason = "`tf.compat.v1` stands beside names that may be those of TensorFlow 2"
        yield Refusal("TFM101", module.key, use.node, reason, "Import `tensorflow.compat.v1` as `tf`, if it is meant")


def _told(module: Module, node: cst.CSTNode, name: str) -> Refusal:
    reason = f"`{name}` is a part of TensorFlow that comes from another file of the program"
    return Refusal("TFM101", module.key, node, reason, "Import it from TensorFlow")


def _asks_for_fakes(tree: cst.Module) -> bool:
    """Whether more than a size, or `shuffle`, is given where a batch of a data set is taken."""
    for node in walk(tree):
        match node:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="next_batch")), args=args):
                if len([arg for arg in args if not (arg.keyword and arg.keyword.value == "shuffle")]) > 1:
                    return True
    return False
