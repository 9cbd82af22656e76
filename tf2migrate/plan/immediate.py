"""Runs of what was computed from host values alone: TensorFlow 2 computes these where they are written.

``sess.run(tf.argmax(scores, 1))``, with ``scores`` the result of an earlier run, needs no function: nothing behind it
is fed, drawn, trained or updated.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Mapping, Node, nodes_in
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Fetch
from tf2migrate.plan.slices import has_call

STAYING = (Role.HOST, Role.RUN, Role.CONSTANT, Role.FEED, Role.SCOPE)


def is_immediate(flow: Flow, fetch: Fetch, site: RunSite) -> bool:
    """Whether all that a run fetches has its value in the place of the run, and the feeds do not matter."""
    leaves = fetch.leaves()
    if not leaves or any(leaf.node is None or leaf.node.number not in flow.static for leaf in leaves):
        return False
    within = flow.region.held is not None and site.frame is flow.region.frame
    if site.frame.module != flow.region.module.key or within:
        return False
    if any(has_call(value) for value in _fed_values(site)):
        return False
    return all(_is_there(flow, name, site) for name in names_read(site.fetch_expression))


def _fed_values(site: RunSite) -> list[cst.CSTNode]:
    """The expressions of the fed values, which are evaluated no more."""
    if site.feeds is None or (isinstance(site.feeds, Mapping) and isinstance(site.feed_expression, cst.Name)):
        return []
    if not isinstance(site.feed_expression, cst.Dict):
        return [site.feed_expression] if site.feed_expression is not None else []
    return [e.value for e in site.feed_expression.elements]


def _is_there(flow: Flow, name: cst.Name, site: RunSite) -> bool:
    """Whether what a name of the fetch stands for is there at run time, as a value of the host or an eager tensor."""
    value = flow.staging.value_in(name, site.frame)
    if any(node.number not in flow.static for node in nodes_in(value)):
        return False
    holder = site.frame.holder(name.value)
    atom = flow.region.atom_at(site.place)
    if holder is flow.region.frame and atom is not None:
        return all(flow.role(source) in STAYING for source in flow.reaching(name.value, atom))
    # A tensor that a function with runs is given is not passed any more.
    return not (isinstance(value, Node) and (holder is not site.frame or name.value in site.frame.entry))
