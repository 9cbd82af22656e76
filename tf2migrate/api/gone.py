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


def given_by_place(name: str) -> Refused | None:
    """Why TensorFlow 1.15 cannot run a call of ``name`` with arguments by place, if it cannot.

    Before 1.0 the logits came first, and in TensorFlow 2 the labels do: 1.15 takes neither.
    """
    if name not in _BY_NAME_ONLY:
        return None
    reason = f"`{name}` gets arguments by place, which TensorFlow 1.15 does not allow"
    return Refused(reason, "Name them: `labels=` and `logits=`")


_BY_NAME_ONLY = frozenset(
    f"tf.nn.{kind}_cross_entropy_with_logits" for kind in ("softmax", "sparse_softmax", "sigmoid")
)

# Packages whose names the tables do not hold.
_NOT_LISTED = ("tf.raw_ops.", "tf.examples.", "tf.models.", "tf.python.", "tf.contrib.", "tf.core.")
