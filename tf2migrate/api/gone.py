"""Names that are no longer, or not yet, in TensorFlow 1.15: programs that use them do not run under it."""

from __future__ import annotations

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.changes import refusal
from tf2migrate.api.symbols import private_in_tf2, tf1_exists


def gone_before(name: str) -> Refused | None:
    """Why TensorFlow 1.15 cannot run a call of ``name``; None for names that it has, or that are not public."""
    if tf1_exists(name) or private_in_tf2(name) is not None or name.startswith(_NOT_LISTED):
        return None
    found = refusal(name, name)
    if found is not None:
        return found
    return Refused(f"`{name}` is not in TensorFlow 1.15", "Make the program run under 1.15 first")


# Packages whose names the tables do not hold.
_NOT_LISTED = ("tf.raw_ops.", "tf.examples.", "tf.models.", "tf.python.", "tf.contrib.", "tf.core.")
