"""Names for what a run fetches, in the body that builds the graph: names of other functions mean nothing there."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.held_names import region_expression
from tf2migrate.plan.model import Fetch
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer

NO_NAME = "what this run fetches has no name where the graph is built"


class FetchNames:
    """Gives the leaves of a fetch expressions that can be read in the region."""

    def __init__(self, flow: Flow, slicer: Slicer) -> None:
        self.flow = flow
        self.region = flow.region
        self.slicer = slicer

    def name_itself(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Names a chosen node by its own name, where it was made."""
        for other in reversed(self.region.atoms[: atom.number]):
            for name in other.binds:
                if (
                    self.flow.bound_value(other, name) is leaf.node
                    and leaf.node in other.nodes
                    and self.flow.binder(name, atom) is other
                ):
                    leaf.expression, leaf.frame = name_node(name), self.region.frame
                    return
        reason = "one of those that this run chooses from has no name of its own"
        raise NotPlanned(self.slicer.refusal("TFM401", site.fetch_expression, reason, "give it a name"))

    def locate(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Makes sure that the fetched expression means the same in the region: names of a function do not."""
        expression = leaf.expression
        assert expression is not None
        if leaf.node is None:
            return
        if self.region.held is not None and site.frame is not self.region.frame:
            self.locate_held(leaf, site, atom)
            return
        frame = leaf.frame or site.frame
        local = [n for n in names_read(expression) if frame.holder(n.value) is not self.region.frame]
        local = [n for n in local if frame.holder(n.value) is not None]
        module_level = [n for n in local if _is_module_name(n.value, site)]
        if len(local) == len(module_level):
            return
        for other in reversed(self.region.atoms[: atom.number + 1]):
            for name in other.binds:
                if self.flow.bound_value(other, name) is leaf.node:
                    leaf.expression = name_node(name)
                    leaf.frame = self.region.frame
                    return
        raise NotPlanned(self.slicer.refusal("TFM401", site.expression, NO_NAME))

    def locate_structures(self, fetch: Fetch, site: RunSite) -> None:
        """As `locate`, for structures that are fetched as a whole."""
        for item in fetch.items:
            self.locate_structures(item, site)
        if not fetch.whole or fetch.expression is None:
            return
        parts = [item.expression for item in fetch.items]
        bases = [part.value if isinstance(part, cst.Subscript) else None for part in parts]
        same = all(base is bases[0] or (base is not None and bases[0] is not None and base.deep_equals(bases[0]))
                   for base in bases)
        if not same or bases[0] is None:
            raise NotPlanned(self.slicer.refusal("TFM401", site.expression, NO_NAME))
        fetch.expression = bases[0]

    def locate_held(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Names what is fetched through the object by the names of the method that builds the graph."""
        assert leaf.expression is not None
        made = region_expression(self.flow, leaf.expression, leaf.frame or site.frame)
        names = [name.value for name in names_read(made)]
        if names and all("." in name and self.flow.reaching(name, atom) for name in names):
            binder = self.flow.binder(names[0], atom)
            if not isinstance(made, cst.Name) or (
                binder is not None and self.flow.bound_value(binder, made.value) is leaf.node
            ):
                leaf.expression, leaf.frame = made, self.region.frame
                return
        for other in reversed(self.region.atoms):
            for name in other.binds:
                if self.flow.bound_value(other, name) is leaf.node and self.flow.binder(name, atom) is other:
                    leaf.expression, leaf.frame = name_node(name), self.region.frame
                    return
        if leaf.node is not None and leaf.node.kind == "init":
            return
        raise NotPlanned(self.slicer.refusal("TFM401", site.expression, NO_NAME))


def name_whole(fetch: Fetch) -> None:
    """A list that is fetched whole has the name that its elements were found by."""
    if fetch.kind not in ("list", "tuple") or fetch.expression is None:
        return
    bases: list[str] = []
    for index, item in enumerate(fetch.items):
        match item.expression:
            case cst.Subscript(
                value=cst.Name(value=name),
                slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value=number)))],
            ) if number == str(index):
                bases.append(name)
            case _:
                return
    if len(set(bases)) == 1:
        fetch.expression, fetch.frame = name_node(bases[0]), fetch.items[0].frame


def _is_module_name(name: str, site: RunSite) -> bool:
    holder = site.frame.holder(name)
    return holder is not None and isinstance(holder.owner, cst.Module)
