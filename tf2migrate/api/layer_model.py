"""What comes out when a layer function of TensorFlow 1 is looked up, and what is known about the call."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tf2migrate.api.calls_model import Argument, Definition
from tf2migrate.api.literals import string

_KERAS_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
# Collections of variables and outputs are not rewritten.
COLLECTIONS: Mapping[str, tuple[object, ...]] = {
    "variables_collections": (None,),
    "outputs_collections": (None,),
}


class Flag(enum.Enum):
    """What the `training` argument is in the rewritten program, where it is not written out."""

    HOST = enum.auto()  # a Python boolean when the function is traced
    TENSOR = enum.auto()  # a tensor, such as an argument of the step function


@dataclass(frozen=True, slots=True)
class Normalizer:
    """The `normalizer_fn` of a contrib layer by its name, and its `normalizer_params` as arguments."""

    name: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """What is known about the call: TensorFlow's alias, rank and dtype of the inputs, how it updates."""

    tf: str
    rank: int | None = None
    dtype: str = "float32"
    flag: Flag = Flag.HOST
    update: str = "True"
    normalizer: Normalizer | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A Keras layer to construct once, and the arguments with which each call goes to it."""

    constructor: str
    inputs: str | None  # None for a layer object, which is called elsewhere
    call_arguments: tuple[str, ...] = ()  # after the inputs, such as `training=is_training`
    definitions: tuple[Definition, ...] = ()
    stateful: bool = True  # has variables
    updates: bool = False  # TF1 updates its moving statistics only in runs of the collection UPDATE_OPS
    scope_name: str | None = None
    reuse: str | None = None


def constructor(
    reference: str,
    options: Mapping[str, str],
    by_position: Sequence[str] = (),
    positional: Collection[str] = (),
) -> str:
    """The text that makes the layer: what is given by position stays so while Keras has the same order."""
    parts: list[str] = []
    leading = True
    for index, (option, text) in enumerate(options.items()):
        leading = leading and option in positional and tuple(by_position[index : index + 1]) == (option,)
        parts.append(text if leading else f"{option}={text}")
    return f"{reference}({', '.join(parts)})"


def name_option(text: str | None) -> dict[str, str]:
    """The layer's name where Keras accepts it for certain: a literal without slashes."""
    value = string(text) if text else None
    return {"name": text} if text and value and _KERAS_NAME.fullmatch(value) else {}


def dtype_option(dtype: str) -> dict[str, str]:
    """Layers of TensorFlow 1 take the dtype of their input; Keras layers cast the input to float32."""
    return {} if dtype == "float32" else {"dtype": f'"{dtype}"'}
