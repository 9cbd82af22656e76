"""What the function of a run gives back, in the structure of what was fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.parts import layer_of
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.flow import Role
from tf2migrate.plan.model import Fetch, Step
from tf2migrate.plan.variable_lists import is_collected
from tf2migrate.rewrite.updates import Updates


@dataclass(slots=True)
class Results(Updates):
    """Renders the returned values."""

    def returned(self, step: Step) -> str:
        if step.is_external:
            told = [self.leaf(leaf, step) for leaf in step.fetch.values()]
            return f"{self.telling[step.updates[0].node.number]}, [{', '.join(told)}]"
        if not step.fetch.values():
            return ""
        return self.structure(step.fetch, step, top=True)

    def structure(self, fetch: Fetch, step: Step, top: bool = False) -> str:
        match fetch.kind:
            case "none":
                return "None"
            case "leaf":
                return self.leaf(fetch, step)
            case "dict":
                pairs = zip(fetch.keys, fetch.items, strict=True)
                inner = [f"{self.composer.symbols.code(k)}: {self.structure(v, step)}" for k, v in pairs]
                return "{" + ", ".join(inner) + "}"
        items = fetch.items
        if is_filled(fetch):
            return filled(fetch, self.composer.symbols.code, lambda item: self.structure(item, step))
        if is_handed_over(fetch):
            return self.leaf(fetch, step)
        if top:
            items = [i for i in items if i.kind != "none"]
            parts = [self.structure(i, step) for i in items]
            return ", ".join(parts) if len(parts) > 1 else parts[0]
        parts = [self.structure(i, step) for i in items]
        if fetch.kind == "tuple":
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        return f"[{', '.join(parts)}]"

    def leaf(self, fetch: Fetch, step: Step) -> str:
        atom = self.plan.flow.region.atom_at(step.sites[0].place)
        assert atom is not None
        assert fetch.expression is not None
        known = self.reached(step, atom, names_read(fetch.expression))
        text = self.collected_variable(fetch)
        text = text or self.composer.rendered(fetch.expression, atom, self.plan.model, known)
        if fetch.node is not None and fetch.node.kind == "variable":
            return f"{self.tf}.convert_to_tensor({text})"
        return text

    def collected_variable(self, fetch: Fetch) -> str | None:
        """A variable that is fetched as an element of a collection, by its own name."""
        expression, node = fetch.expression, fetch.node
        if node is None or node.kind != "variable" or not isinstance(expression, cst.Subscript):
            return None
        if layer_of(node) is None and not isinstance(expression.value, cst.Call) and not self.is_chosen(fetch):
            return None
        return self.variable_reference(node)

    def is_chosen(self, fetch: Fetch) -> bool:
        """Whether what is fetched has the name of a list that is chosen from all variables."""
        expression = fetch.expression
        name = expression.value if isinstance(expression, cst.Subscript) else expression
        if not isinstance(name, cst.Name) or not (self.composer.inner or self.plan.objects):
            return False
        flow = self.plan.flow
        sources = flow.reaching(name.value, flow.region.atoms[-1])
        return any(flow.role(a) is Role.ALIAS and is_collected(a) for a in sources)


def is_filled(fetch: Fetch) -> bool:
    """Whether a fetch is written as a named tuple that it makes."""
    call = fetch.expression
    return bool(fetch.record) and isinstance(call, cst.Call) and len(fetch.items) == len(call.args)


def filled(fetch: Fetch, code: Callable[[cst.CSTNode], str], of: Callable[[Fetch], str]) -> str:
    """The text of such a named tuple, whose elements have the texts that ``of`` gives."""
    call = cst.ensure_type(fetch.expression, cst.Call)
    words = [f"{arg.keyword.value}=" if arg.keyword is not None else "" for arg in call.args]
    parts = [f"{word}{of(item)}" for word, item in zip(words, fetch.items, strict=True)]
    return f"{code(call.func)}({', '.join(parts)})"


def is_handed_over(fetch: Fetch) -> bool:
    """Whether a list that is fetched by its name is given back as it is, rather than element by element."""
    named = isinstance(fetch.expression, cst.Name) or (fetch.whole and fetch.expression is not None)
    leaves = list(fetch.leaves())
    variables = any(leaf.node is not None and leaf.node.kind == "variable" for leaf in leaves)
    return fetch.kind in ("list", "tuple") and named and all(leaf.kind == "leaf" for leaf in leaves) and not variables
