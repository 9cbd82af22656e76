"""Run a piece of TensorFlow 1 source under TensorFlow 1.15 and bring back its arrays."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

_HEAD = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
import tensorflow as tf
tf.compat.v1.logging.set_verbosity("ERROR")
given = dict(np.load(sys.argv[1]))
result = {}
"""
_TAIL = "\nnp.savez(sys.argv[2], **result)\n"


def run_tf1(python: str, source: str, **arrays: Any) -> dict[str, Any]:
    """The entries of `result` after the source has run with `tf`, `np` and the arrays in `given`."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.npz"), Path(folder, "after.npz")
        # TensorFlow 2 leaves TF2_BEHAVIOR in the environment, which makes TensorFlow 1 eager.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TF")}
        np.savez(before, **arrays)
        done = subprocess.run(
            [python, "-c", _HEAD + source + _TAIL, str(before), str(after)],
            env=environment | {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return dict(np.load(after))
