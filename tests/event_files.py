"""What the event files under a folder say, as JSON on stdout. Run under TensorFlow 1.15 and under TensorFlow 2.

One line for each value: the folder of its log, the step, the tag, its kind, and numbers by which it can be compared.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from typing import Any

import tensorflow as tf


def values(root: str) -> list[list[Any]]:
    """All values, in the order of the logs and of writing."""
    found: list[list[Any]] = []
    for path in sorted(glob.glob(os.path.join(root, "**", "*tfevents*"), recursive=True)):
        log = os.path.relpath(os.path.dirname(path), root)
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                found += [[log, event.step, *each] for each in read(value)]
    return found


def read(value: Any) -> list[list[Any]]:
    """Tag, kind and numbers of a value in the form of either version."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return [[value.tag, "scalar", [value.simple_value]]]
    if kind == "histo":
        return [[value.tag, "histogram", [value.histo.min, value.histo.max, value.histo.num]]]
    if kind == "image":
        return [[value.tag, "image", pixels(value.image.encoded_image_string)]]
    if kind != "tensor":
        return [[value.tag, kind, []]]
    array = tf.make_ndarray(value.tensor)
    plugin = value.metadata.plugin_data.plugin_name
    if plugin == "histograms":
        return [[value.tag, "histogram", [float(array[0, 0]), float(array[-1, 1]), float(array[:, 2].sum())]]]
    if plugin == "images":
        shown = [pixels(each) for each in array.ravel().tolist()[2:]]
        return [["%s/image/%d" % (value.tag, i), "image", each] for i, each in enumerate(shown)]  # noqa: UP031
    return [[value.tag, "scalar", [float(array)]]]


def pixels(encoded: bytes) -> list[int]:
    image = tf.image.decode_png(encoded)
    if not tf.executing_eagerly():
        with tf.compat.v1.Session() as session:
            return [int(each) for each in session.run(image).ravel()]
    return [int(each) for each in image.numpy().ravel()]


if __name__ == "__main__":
    json.dump(values(sys.argv[1]), sys.stdout)
