"""Runs in functions that are called several times: each call builds its fetches anew, and they are the same ones.

``sess.run(tf.reduce_max(loss))`` in a function makes a node at each call. Where all of them compute the same from the
same nodes, the run counts as a run of the first.
"""

from __future__ import annotations

from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Node, Sequence, Value


def unite_repeated(staging: Staging) -> None:
    """Gives the sites of one run that compute the same the fetches of the first of them."""
    first: dict[int, RunSite] = {}
    for site in staging.runs:
        before = first.setdefault(id(site.expression), site)
        if before is not site and _same(before.fetches, site.fetches):
            site.fetches = before.fetches


def _same(a: Value, b: Value) -> bool:
    match a, b:
        case Node(), Node():
            if a is b:
                return True
            again = a.expression is not None and a.expression is b.expression and (a.op, a.kind) == (b.op, b.kind)
            inputs = len(a.inputs) == len(b.inputs) and not a.control and not b.control
            return a.kind == "tensor" and again and inputs and all(map(_same, a.inputs, b.inputs))
        case Sequence(exact=True), Sequence(exact=True):
            return a.kind == b.kind and len(a.items) == len(b.items) and all(map(_same, a.items, b.items))
    return False
