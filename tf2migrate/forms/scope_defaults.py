"""What a variable scope gives the variables inside of it is written where they are made.

The initializer of a scope is that of each ``tf.get_variable`` and layer in its block that has none of its own. Where
the block stands around them in the same function, and what it gives is the same there, each of them can be given it.
The result is an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Inherited, Staging
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

LITERALS = (cst.Name, cst.Attribute, cst.Call, cst.Arg, cst.Integer, cst.Float, cst.UnaryOperation, cst.Minus)


def written_defaults(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such arguments written out; None where there are none, or one cannot be."""
    if not staging.inherited:
        return None
    out: list[Module] = []
    for module in modules:
        here = [each for each in staging.inherited if each.place.module == module.key]
        blocks = {id(scope): block for block, scope in _blocks(module)}
        added: dict[int, dict[str, cst.BaseExpression]] = {}
        for each in here:
            value = _value(each)
            block = blocks.get(id(each.scope))
            if value is None or block is None or not each.parameter or not _is_around(block, each.call, value):
                return None
            added.setdefault(id(each.call), {})[each.parameter] = value
        if any(_others(staging, call, scopes) for call, scopes in _by_call(here).items()):
            return None
        taken = {(id(each.scope), each.keyword) for each in here}
        if taken:
            edit = _Writing(module, added, taken, builder)
            module, builder = edit.apply(module).settled(), edit.builder
        out.append(module)
    return out, builder


def _blocks(module: Module) -> Iterator[tuple[cst.With, cst.Call]]:
    for node in walk(module.tree):
        if isinstance(node, cst.With):
            yield from ((node, item.item) for item in node.items if isinstance(item.item, cst.Call))


def _value(each: Inherited) -> cst.BaseExpression | None:
    """What the scope gives, if it is a name or a call of literals, which mean the same a few lines below."""
    given = next((a.value for a in each.scope.args if a.keyword is not None and a.keyword.value == each.keyword), None)
    simple = given is not None and all(isinstance(node, LITERALS) for node in walk(given))
    return given if simple else None


def _is_around(block: cst.With, call: cst.Call, value: cst.BaseExpression) -> bool:
    """Whether a call stands in a block, in the same function, and the block binds nothing that the value reads."""
    read = {name.value for name in names_read(value)}
    if read & {name for name, _ in bindings(block)}:
        return False
    stack: list[cst.CSTNode] = list(block.body.body)
    while stack:
        node = stack.pop()
        if node is call:
            return True
        if not isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            stack.extend(children(node))
    return False


def _by_call(found: list[Inherited]) -> dict[int, list[Inherited]]:
    out: dict[int, list[Inherited]] = {}
    for each in found:
        out.setdefault(id(each.call), []).append(each)
    return out


def _others(staging: Staging, call: int, found: list[Inherited]) -> bool:
    """Whether a call is made under other scopes as well, or takes nothing from its scope at another time."""
    scopes = {(each.keyword, id(each.scope)) for each in found}
    keywords = {each.keyword for each in found}
    made = [n for n in staging.nodes if id(n.expression) == call and n.kind in ("variable", "layer")]
    return len(scopes) != len(keywords) or len(found) != len(made) * len(keywords)


class _Writing(Traced):
    """Moves the arguments."""

    def __init__(
        self,
        module: Module,
        added: dict[int, dict[str, cst.BaseExpression]],
        taken: set[tuple[int, str]],
        builder: cst.FunctionDef | None,
    ) -> None:
        super().__init__(module, builder)
        self.added = added
        self.taken = taken

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(made, cst.Call):
            gone = {keyword for scope, keyword in self.taken if scope == id(original)}
            new = self.added.get(id(original), {})
            if gone or new:
                kept = [a for a in made.args if a.keyword is None or a.keyword.value not in {*gone, *new}]
                kept = [a.with_changes(comma=cst.MaybeSentinel.DEFAULT) if a is kept[-1] else a for a in kept]
                fresh = [_argument(name, value.deep_clone()) for name, value in new.items()]
                return made.with_changes(args=[*kept, *fresh])
        return made


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)
