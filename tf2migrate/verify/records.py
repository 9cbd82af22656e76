"""What a child writes about every run, and how the parent reads it: JSON headers with raw arrays.

Pickles of arrays do not travel between numpy 1 and 2, so a record file is a sequence of frames: the
length of a JSON header (4 bytes, little endian), the header, the bytes of its arrays. A frame is a
*run* (site number and values) or the *end* (why the child stopped). Runs on Python 3.7 too.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

# Composite tensors open in the order of the tuples that a session returned for them.
_COMPOSITES = {
    "SparseTensor": ("indices", "values", "dense_shape"),
    "IndexedSlices": ("values", "indices", "dense_shape"),
    "RaggedTensor": ("values", "row_splits"),
    "RaggedTensorValue": ("values", "row_splits"),
}
BARE = 10
WHOLE = 200000  # elements up to which a value is written whole; of larger ones evenly spaced elements


def leaves(value: Any) -> list[Any]:
    """What a run returned as a flat list in order: containers opened, ``None`` dropped."""
    if value is None:
        return []
    if isinstance(value, dict):
        # A rewrite may build the same dict in another order.
        return [leaf for key in sorted(value, key=str) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    parts = _COMPOSITES.get(type(value).__name__, ())
    if parts:
        return [leaf for part in parts for leaf in leaves(getattr(value, part))]
    return [value]


def describe(value: Any) -> tuple[dict[str, Any], bytes]:
    """One leaf as header entry and raw bytes."""
    import numpy

    entry: dict[str, Any] = {"form": "host"}
    if hasattr(value, "numpy"):
        entry["form"] = "tensor"
        value = value.numpy()
    # As an array of its own kind, a byte string loses the zeros at its end.
    array = numpy.asarray(value, dtype=object if isinstance(value, (bytes, str)) else None)
    entry["shape"] = list(array.shape)
    if array.dtype.kind in "OSU":
        entry["kind"] = "text"
        items = array.ravel().tolist()
        if len(items) == 1 and isinstance(items[0], bytes) and _is_summary(items[0]):
            return {"form": "host", "kind": "summary", "shape": []}, b""
        entry["text"] = [_text(item) for item in items]
        return entry, b""
    if array.dtype.name == "bfloat16":
        array = array.astype(numpy.float32)
    if array.dtype.kind not in "biufc":
        entry["kind"] = "other"
        entry["text"] = [type(value).__name__]
        return entry, b""
    entry["kind"] = array.dtype.kind
    flat = array.ravel()
    if flat.size > WHOLE:
        entry["sampled"] = True
        flat = flat[:: -(-flat.size // WHOLE)]
    flat = numpy.ascontiguousarray(flat, dtype=flat.dtype.newbyteorder("<"))
    entry["dtype"] = flat.dtype.str
    entry["count"] = int(flat.size)
    return entry, flat.tobytes()


def _text(item: Any) -> str:
    if isinstance(item, bytes):
        return "b:" + base64.b64encode(item).decode("ascii")
    return "u:" + str(item)


def _is_summary(value: bytes) -> bool:
    """A serialised summary: what is written to an event file is not a value of the model."""
    if "tensorflow" not in sys.modules:
        return False
    try:
        from tensorflow.core.framework.summary_pb2 import Summary

        summary = Summary.FromString(value)
    except Exception:
        return False
    return bool(summary.value) and all(item.tag and item.WhichOneof("value") for item in summary.value)


class Recorder:
    """Writes frames, and stops the child at the end of its budget.

    A site has ``steps`` runs that return values; runs of ops alone count apart, and there may be
    ``BARE`` times as many in all. ``total`` bounds all runs: the rewrite gets as many as the original had.
    Runs of the sites in ``dropped`` that return nothing are no runs: the rewrite has nothing in their
    place, as for the initialiser.
    """

    def __init__(self, path: str, steps: int, total: int, dropped: Sequence[int], deadline: float, clock: Any) -> None:
        self._stream = open(path, "wb")  # noqa: SIM115  # open until the child ends
        self._steps = steps
        self._total = total
        self._dropped = dropped
        self._deadline = deadline
        self._clock = clock
        self._lock = threading.RLock()
        self._valued: dict[int, int] = {}
        self._bare = 0
        self._runs = 0
        self.stop: Any = None  # called with the reason; does not return

    def record(self, number: int, value: Any) -> bool:
        """One run of a site; was it one? A run beyond the budget is not written and ends the program."""
        described = [describe(leaf) for leaf in leaves(value)]
        if number in self._dropped and not described:
            return False
        with self._lock:
            self._count(number, bool(described))
            header = {"site": number, "values": [entry for entry, _ in described]}
            self._write(header, b"".join(raw for _, raw in described))
            if self._clock() > self._deadline:
                self.stop("time")
        return True

    def _count(self, number: int, valued: bool) -> None:
        if 0 < self._total <= self._runs:
            self.stop("enough")
        self._runs += 1
        if not self._steps:
            return
        if valued:
            self._valued[number] = self._valued.get(number, 0) + 1
        else:
            self._bare += 1
        if self._valued.get(number, 0) > self._steps or self._bare > BARE * self._steps:
            self.stop("enough")

    def end(self, why: str, **facts: Any) -> None:
        """The last frame: ``ok``, ``enough``, ``time``, ``exit`` or ``error``."""
        with self._lock:
            if not self._stream.closed:
                facts["end"] = why
                self._write(facts, b"")
                self._stream.close()

    def _write(self, header: dict[str, Any], raw: bytes) -> None:
        text = json.dumps(header).encode("ascii")
        self._stream.write(struct.pack("<I", len(text)) + text + raw)
        self._stream.flush()  # a child may be killed at any time


def read(path: str) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """The frames of a file: each header with the arrays of its values; a cut-off frame ends it."""
    import numpy

    with open(path, "rb") as stream:
        while True:
            size = stream.read(4)
            if len(size) < 4:
                return
            length = struct.unpack("<I", size)[0]
            text = stream.read(length)
            if len(text) < length:
                return
            header = json.loads(text.decode("ascii"))
            arrays: list[Any] = []
            for entry in header.get("values", ()):
                if "dtype" not in entry:
                    arrays.append(None)
                    continue
                dtype = numpy.dtype(entry["dtype"])
                raw = stream.read(dtype.itemsize * entry["count"])
                if len(raw) < dtype.itemsize * entry["count"]:
                    return
                arrays.append(numpy.frombuffer(raw, dtype=dtype))
            yield header, arrays
