"""Transformers that remember, for every node that they make, the node of the user's file that it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar, cast

import libcst as cst

from tf2migrate.names.bindings import bound_in
from tf2migrate.names.project import Module
from tf2migrate.names.tree import labels, walk

Left: TypeAlias = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]
"""What a transformer leaves of a node."""
Copied = TypeVar("Copied", bound=cst.CSTNode)


class Traced(cst.CSTTransformer):
    """A transformer that carries places and origins over to the nodes that it makes.

    What a kind of transformer does is in ``rewritten``. Statements in ``gone`` are taken away, and a block without any
    left gets a ``pass``. The function that builds the graph of a class, the ``builder``, is known again afterwards.
    """

    def __init__(self, module: Module, builder: cst.FunctionDef | None = None) -> None:
        super().__init__()
        self.positions = dict(module.positions)
        self.origins = dict(module.origins)
        self.config = module.tree.config_for_parsing
        self.original = self.builder = builder
        self.gone: set[int] = set()

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> Left:
        if id(original) in self.gone:
            return cst.RemoveFromParent()
        made: Left = super().on_leave(original, updated)
        if isinstance(made, cst.CSTNode):
            self.trace(original, made)
            made = self.rewritten(original, made)
        if isinstance(made, cst.IndentedBlock) and not made.body:
            made = made.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if isinstance(made, cst.CSTNode):
            self.trace(original, made)
        if original is self.original and isinstance(made, cst.FunctionDef):
            self.builder = made
        return made

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        """What becomes of a node whose parts have been rewritten."""
        return made

    def trace(self, original: cst.CSTNode, made: cst.CSTNode) -> None:
        found = self.positions.get(original)
        if found is not None:
            self.positions[made] = found
        self.origins[made] = self.origins.get(original, original)

    def expression(self, text: str, original: cst.CSTNode) -> cst.BaseExpression:
        """An expression in the place of ``original``."""
        made = cst.parse_expression(text, self.config)
        for node in walk(made):
            self.trace(original, node)
        return made

    def statements(self, text: str, original: cst.CSTNode) -> list[cst.BaseStatement]:
        """Statements in the place of ``original``."""
        made = list(cst.parse_module(text, self.config).body)
        for node in (node for statement in made for node in walk(statement)):
            self.trace(original, node)
        return cast("list[cst.BaseStatement]", made)

    def line(self, text: str, original: cst.CSTNode) -> cst.SimpleStatementLine:
        """One line in the place of ``original``."""
        return cast(cst.SimpleStatementLine, self.statements(text, original)[0])

    def preceded(
        self, lines: Sequence[cst.BaseStatement], original: cst.CSTNode, made: cst.CSTNode
    ) -> cst.FlattenSentinel[cst.CSTNode]:
        """A statement with others before it, which get its comments."""
        first = lines[0].with_changes(leading_lines=getattr(made, "leading_lines", ()))
        every = [first, *lines[1:], made.with_changes(leading_lines=())]
        for line in every:
            self.trace(original, line)
        return cst.FlattenSentinel(every)

    def apply(self, module: Module) -> Module:
        tree = module.tree.visit(self)
        return module.reshaped(tree, self.positions, self.origins)


def edited(
    modules: list[Module],
    builder: cst.FunctionDef | None,
    edit: Callable[[Module, cst.FunctionDef | None], Traced | None],
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The files as their transformers leave them, with the builder among them; None when no file needs one."""
    out: list[Module] = []
    changed = False
    for module in modules:
        made = edit(module, builder)
        if made is not None:
            module, builder, changed = made.apply(module).settled(), made.builder, True
        out.append(module)
    return (out, builder) if changed else None


class Renamed(cst.CSTTransformer):
    """Names of a function's scope become other names or expressions."""

    def __init__(self, names: dict[str, cst.BaseExpression], owner: Traced) -> None:
        super().__init__()
        self.names = names
        self.owner = owner
        self.shadows: list[set[str]] = []
        self.ended: cst.CSTNode | None = None
        self.end: list[cst.BaseStatement] = []
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.skipped |= labels(node)
        match node:
            case cst.FunctionDef():
                self.shadows.append(bound_in(node))
            case cst.Lambda(params=params):
                self.shadows.append({p.name.value for p in params.params})
                self.skipped |= {id(p.name) for p in params.params}
        if isinstance(node, cst.FunctionDef):
            self.skipped |= {id(p.name) for p in node.params.params}
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if original is self.ended:
            return cst.FlattenSentinel(self.end) if self.end else cst.RemoveFromParent()
        made: object = super().on_leave(original, updated)
        if isinstance(original, cst.FunctionDef | cst.Lambda):
            self.shadows.pop()
        if isinstance(made, cst.IndentedBlock) and not made.body:
            made = made.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if (
            isinstance(original, cst.Name)
            and id(original) not in self.skipped
            and original.value in self.names
            and not any(original.value in s for s in self.shadows)
        ):
            made = fresh(self.names[original.value], self.owner)
            lpar = original.lpar
            if lpar and not getattr(made, "lpar", ()):
                made = cast(cst.Name, made).with_changes(lpar=lpar, rpar=original.rpar)
        if isinstance(made, cst.CSTNode):
            self.owner.trace(original, made)
        return cast(cst.CSTNode, made)


def fresh(node: Copied, owner: Traced) -> Copied:
    """A copy that is a node of its own."""
    made = node.deep_clone()
    for old, new in zip(walk(node), walk(made), strict=True):
        owner.trace(old, new)
    return made
