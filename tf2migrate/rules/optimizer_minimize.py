"""TFM904: a method that optimizers of Keras 3 do not have."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual

# Gone attributes, and what does their work.
_GONE = {
    "minimize": "Take the gradients of a `tf.GradientTape` and call `apply_gradients`",
    "get_gradients": "Take the gradients of a `tf.GradientTape`",
    "lr": "Write `learning_rate`",
    "weights": "Write `variables`",
    "get_weights": "Use the values of `variables`",
    "set_weights": "Assign to the `variables`",
}


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        match node:
            case cst.Attribute(value=optimizer, attr=cst.Name(value=name)) if name in _GONE:
                if file.is_optimizer(optimizer):
                    yield Trap(node, f"optimizers of Keras 3 have no `{name}`", _GONE[name])


RULE = Rule(
    code="TFM904",
    name="optimizer-minimize",
    summary="Finds `minimize`, `lr` and other attributes that optimizers of Keras 3 do not have any more.",
    why="`optimizer.minimize(loss, var_list)` took the gradients itself; in Keras 3 the call raises `AttributeError`.",
    example="""
        import tensorflow as tf

        w = tf.Variable(3.0)
        optimizer = tf.keras.optimizers.SGD(0.1)
        optimizer.minimize(lambda: w * w, [w])
        print(w.numpy())
    """,
    use_instead="""
        import tensorflow as tf

        w = tf.Variable(3.0)
        optimizer = tf.keras.optimizers.SGD(0.1)
        with tf.GradientTape() as tape:
            loss = w * w
        optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w]))
        print(w.numpy())
    """,
    fix=manual("The gradients are the same; `apply_gradients` counts `iterations` as `minimize` did."),
    references=("https://keras.io/api/optimizers/", "https://www.tensorflow.org/guide/autodiff"),
    find=_find,
)
