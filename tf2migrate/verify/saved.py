"""What the savers of a program hold, written down while it runs: the values of their variables, by name.

This file runs inside the child, under Python 3.7 with TensorFlow 1.15 as well: it imports nothing of
the package and keeps to Python 3.7.
"""

from __future__ import annotations

import functools
import os
from typing import Any

TEMPLATE = "template"
# The runs after which everything is written down: soon, and then ever more rarely.
MOMENTS = frozenset([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256])


class Watch:
    """Keeps the savers that a program makes, in the order of their making."""

    def __init__(self, tf: Any, second: bool, folder: str) -> None:
        self.folder = folder
        self.second = second
        self.savers: list[Any] = []
        self.session: Any = None
        self._watch_objects(tf) if second else self._watch_graph(tf)

    def _watch_graph(self, tf: Any) -> None:
        from tensorflow.python.client import session

        v1 = getattr(tf.compat, "v1", tf)
        self._after_making(v1.train.Saver, lambda saver, arguments: saver)
        base = session.BaseSession
        run = base.run

        @functools.wraps(run)
        def remembered(this: Any, *args: Any, **kwargs: Any) -> Any:
            self.session = this
            return run(this, *args, **kwargs)

        base.run = remembered

    def _watch_objects(self, tf: Any) -> None:
        def named(checkpoint: Any, arguments: dict[str, Any]) -> Any:
            variables = arguments.get("variables")
            return (checkpoint, dict(variables)) if isinstance(variables, dict) else None

        self._after_making(tf.train.Checkpoint, named)

    def _after_making(self, kind: Any, kept: Any) -> None:
        make = kind.__init__

        @functools.wraps(make)
        def making(this: Any, *args: Any, **kwargs: Any) -> None:
            make(this, *args, **kwargs)
            found = kept(this, kwargs)
            if found is not None:
                self.savers.append(found)

        kind.__init__ = making

    def note(self, moment: int) -> None:
        """Writes down what every saver holds after so many runs."""
        if moment not in MOMENTS:
            return
        import numpy

        for number, saver in enumerate(self.savers):
            values = self._of_objects(number, saver) if self.second else self._of_graph(saver)
            if values:
                numpy.savez(os.path.join(self.folder, f"{number}-{moment}.npz"), **values)

    def _of_graph(self, saver: Any) -> dict[str, Any]:
        listed = saver._var_list or {}
        if not isinstance(listed, dict):
            listed = {(item.op.name if hasattr(item, "initializer") else item.name): item for item in listed}
        fetched = {name: item for name, item in listed.items() if hasattr(item, "initializer")}
        run: Any = getattr(self.session, "run", None)
        if run is None or not fetched or len(fetched) < len(listed):
            return {}
        try:
            return dict(run(fetched))
        except Exception:  # not all of them have a value yet
            return {}

    def _of_objects(self, number: int, saver: Any) -> dict[str, Any]:
        checkpoint, variables = saver
        template = os.path.join(self.folder, f"{TEMPLATE}-{number}")
        if not os.path.exists(template + ".index"):
            checkpoint.write(template)
        return {name: variable.numpy() for name, variable in variables.items()}
