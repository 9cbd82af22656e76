"""Small programs as text, and what the staging analysis made of them, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.files import source_from_bytes
from tf2migrate.graph.labels import Labels
from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Choice, Mapping, Node, Optimizer, Sequence, Unknown, Value
from tf2migrate.names.project import Project, parse

# Two placeholders, a session, and a condition that only the run decides.
HEAD = """\
import numpy as np
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
z = tf.placeholder(tf.float32, [None, 2])
sess = tf.Session()
flag = np.random.rand() > 0.5
"""


def stage(text: str, *, head: str = HEAD, **others: str) -> Staging:
    """The analysis of ``head`` and ``text`` as ``main.py``; other files by name, with ``__`` for a folder."""
    texts = {"main.py": head + text + "\n"}
    texts |= {f"{name.replace('__init', '//init').replace('__', '/').replace('//init/', '__init__')}.py": content
              for name, content in others.items()}  # fmt: skip
    modules = [parse(source_from_bytes(Path(name), content.encode())) for name, content in texts.items()]
    return analyse(Project(modules), modules[0])


def runs(text: str, **others: str) -> list[str]:
    """What each run fetches, and after a bar what it feeds, in the order of the runs."""
    staging = stage(text, **others)
    labels = _Words(staging)
    return [
        labels.value(site.fetches) + (f" | {labels.value(site.feeds)}" if site.feeds is not None else "")
        for site in staging.runs
    ]


class _Words(Labels):
    """Calls the two placeholders what the head calls them, whatever other names they have."""

    def name(self, value: Node | Optimizer) -> str:
        known = dict(zip(map(id, self.staging.nodes), "xz", strict=False))
        return known.get(id(value)) or super().name(value)


def fetched(text: str, **others: str) -> str:
    """What ``sess.run(y)`` fetches at the end of a program that leaves something in ``y``."""
    *_, last = runs(f"{text}\nsess.run(y)", **others)
    return last


def is_certain(text: str, **others: str) -> bool:
    """Whether the analysis claims to know what is in ``y`` at the end of a program."""
    staging = stage(f"{text}\nsess.run(y)", **others)
    return not staging.obstacles and _is_certain(staging.runs[-1].fetches)


def _is_certain(value: Value) -> bool:
    match value:
        case Choice() | Unknown():
            return False
        case Node(unknown=unknown):
            return unknown is None
        case Sequence(items=items, exact=exact):
            return exact and all(map(_is_certain, items))
        case Mapping(items=items, exact=exact):
            return exact and all(map(_is_certain, items.values()))
    return True


def state(text: str, *, kind: str = "variable") -> list[str]:
    """The names of the variables (or layers) that a program makes."""
    return [node.name for node in stage(text).nodes if node.kind == kind]


def obstacles(text: str, **others: str) -> list[str]:
    """The codes of the obstacles."""
    return [obstacle.code for obstacle in stage(text, **others).obstacles]


def wrong(reason: str) -> pytest.MarkDecorator:
    """The analysis is wrong here; the mark goes when it is mended."""
    return pytest.mark.xfail(reason=reason, strict=True)
