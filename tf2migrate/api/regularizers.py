"""Weight regularizers of TensorFlow 1 and their Keras counterparts."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.api.binding import called
from tf2migrate.api.calls_model import Argument, Call, Refused
from tf2migrate.api.literals import grouped, is_literal
from tf2migrate.api.symbols import canonical

# tf.keras of TensorFlow 1: the class, and its factors. The formulas are those of Keras 3, not the defaults.
_KERAS = {
    "tf.keras.regularizers.l1": ("L1", ("l1",)),
    "tf.keras.regularizers.l2": ("L2", ("l2",)),
    "tf.keras.regularizers.l1_l2": ("L1L2", ("l1", "l2")),
    "tf.keras.regularizers.L1L2": ("L1L2", ("l1", "l2")),
}
_CONTRIB = frozenset(f"tf.contrib.layers.{kind}_regularizer" for kind in ("l1", "l2", "l1_l2"))


def is_regularizer(name: str) -> bool:
    """Is this a name of a regularizer that `regularizer` knows?"""
    return canonical(name) in _CONTRIB or canonical(name) in _KERAS


def regularizer(name: str, arguments: Sequence[Argument], *, tf: str) -> Call | Refused:
    """The Keras regularizer with the same value."""
    if not is_regularizer(name):
        return Refused(f"`{name}` has no counterpart in Keras", "Add its term to the loss by hand")
    site = called(name, arguments, tf)
    if isinstance(site, Refused):
        return site
    name = site.name
    if name in _KERAS:
        keras, factors = _KERAS[name]
        default = "0.0" if name.endswith("L1L2") else "0.01"
        options = [f"{factor}={site.first('l', factor) or default}" for factor in factors]
        return Call(f"{tf}.keras.regularizers.{keras}({', '.join(options)})")
    match name.rpartition(".")[2]:
        case "l1_regularizer":
            return Call(f"{tf}.keras.regularizers.L1({site.text('scale')})")
        case "l2_regularizer":
            return Call(f"{tf}.keras.regularizers.L2({_halved(site.text('scale'))})")
    l1, l2 = site.text("scale_l1", "1.0"), _halved(site.text("scale_l2", "1.0"))
    return Call(f"{tf}.keras.regularizers.L1L2(l1={l1}, l2={l2})")


def _halved(scale: str) -> str:
    """The factor of the sum of squares: contrib takes half of that sum, as `tf.nn.l2_loss` does."""
    return scale if is_literal(scale, 0.0) else f"{grouped(scale)} / 2"
