"""TFM910: a file name under which Keras 3 saves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual

_ENDS = {"save": (".keras", ".h5", ".hdf5"), "save_weights": (".weights.h5",)}
_ADVICE = {
    "save": "End it in `.keras`, or use `model.export` for a SavedModel",
    "save_weights": "End it in `.weights.h5`, or use `tf.train.Checkpoint`",
}


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        match node:
            case cst.Call(
                func=cst.Attribute(value=model, attr=cst.Name(value=method)),
                args=[cst.Arg(value=cst.SimpleString() as path), *_],
            ) if method in _ENDS and file.is_model(model):
                if not path.raw_value.endswith(_ENDS[method]):
                    message = f"Keras 3 does not {method.replace('_', ' ')} to `{path.raw_value}`"
                    yield Trap(path, message, _ADVICE[method])


RULE = Rule(
    code="TFM910",
    name="file-name-of-keras",
    summary="Finds `save` and `save_weights` of a Keras model with a file name that Keras 3 refuses.",
    why="""
        Without an ending, Keras 2 wrote a SavedModel or a checkpoint of TensorFlow. Keras 3 writes its own formats,
        tells them by the ending, and raises `ValueError` for any other name.
    """,
    example="""
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
        model.save_weights("trained")
        print("saved")
    """,
    use_instead="""
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
        model.save_weights("trained.weights.h5")
        print("saved")
    """,
    fix=manual("What reads the file has to read the new format."),
    references=("https://keras.io/guides/migrating_to_keras_3/", "https://keras.io/api/models/model_saving_apis/"),
    find=_find,
)
