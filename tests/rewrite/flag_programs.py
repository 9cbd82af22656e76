"""Small TF1 programs that read flags, the arguments to run them with, and what they print under TensorFlow 1.15."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its arguments, what it prints, and how it ends (an exit code, or the exception)."""

    argv: tuple[str, ...]
    printed: tuple[str, ...]
    ending: str = "0"


@dataclass(frozen=True, slots=True)
class FlagProgram:
    """The files of a program, ``main.py`` first, and its runs."""

    files: dict[str, str]
    runs: tuple[Run, ...]


SCRIPT = """\
import os

import tensorflow as tf

# What can be chosen.
flags = tf.app.flags
FLAGS = flags.FLAGS

flags.DEFINE_float("rate", 0.5, "step size")
flags.DEFINE_integer("steps", 2, "how many steps")
flags.DEFINE_boolean("loud", False, "whether to say more")

# The work.
print(FLAGS.rate, FLAGS.steps)
if FLAGS.loud:
    print("loud")
tf.logging.info(os.sep)
"""

MAIN = """\
import tensorflow as tf

tf.app.flags.DEFINE_float(flag_name="rate", default_value=0.1, docstring="step size")
tf.app.flags.DEFINE_bool("loud", default_value=True, docstring="whether to say more")
tf.app.flags.DEFINE_enum("mode", "train", ["train", "test"], "what to do")
tf.app.flags.DEFINE_list("layers", "3,4", "sizes")
tf.flags.DEFINE_multi_integer("seed", [1], "seeds")
FLAGS = tf.app.flags.FLAGS


def main(argv):
    print(FLAGS.rate, FLAGS.loud, FLAGS.mode, FLAGS.layers, FLAGS.seed, argv[1:])
    if FLAGS.mode == "test":
        return 3


if __name__ == "__main__":
    tf.app.run()
"""

BOTH = """\
import numpy as np
import tensorflow as tf

flags = tf.flags
flags.DEFINE_integer("size", 3, "how long")
FLAGS = flags.FLAGS
data = np.ones(FLAGS.size)


def start(_):
    FLAGS.size += 1
    print(data.sum(), FLAGS.size)


if __name__ == "__main__":
    tf.app.run(main=start)
"""

ARGPARSE = """\
import argparse
import sys

import tensorflow as tf

FLAGS = None


def main(left):
    print(FLAGS.rate, left[1:])
    tf.logging.info("done")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=0.5)
    FLAGS, unparsed = parser.parse_known_args()
    tf.app.run(main=main, argv=[sys.argv[0]] + unparsed)
"""

TAKEN = """\
from __future__ import print_function

import tensorflow as tf
from tensorflow.python.platform import flags as gflags

gflags.DEFINE_string("path", "here", "where")
app = "program"


def show(flags):
    print(app, flags.path)


def main(_):
    tf.app.flags.FLAGS.path += "!"
    show(tf.app.flags.FLAGS)


if __name__ == "__main__":
    tf.app.run(main)
"""

INSIDE = """\
import tensorflow as tf


def main():
    flags = tf.app.flags
    flags.DEFINE_string("name", "nobody", "who")
    print("hello", flags.FLAGS.name)


main()
"""

WITHOUT_RUN = """\
import tensorflow as tf

tf.flags.DEFINE_integer("count", 2, "how many")
FLAGS = tf.flags.FLAGS


def work():
    for number in range(FLAGS.count):
        print(number)


if __name__ == "__main__":
    print("begins")
    work()
"""

MARKED = """\
import sys
import tensorflow as tf

tf.flags.DEFINE_integer("count", 2, "how many")
FLAGS = tf.flags.FLAGS
FLAGS(["program", "--count=5"])
print(FLAGS.count)
"""

TWO = {
    "main.py": """\
import tensorflow as tf

import settings
from settings import FLAGS


def main(_):
    print(FLAGS.batch, settings.doubled())


if __name__ == "__main__":
    tf.app.run()
""",
    "settings.py": """\
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("batch", 16, "size of a batch")
FLAGS = flags.FLAGS


def doubled():
    return 2 * FLAGS.batch
""",
}

TWO_AT_IMPORT = {
    "main.py": """\
import tensorflow as tf

tf.flags.DEFINE_integer("batch", 16, "size of a batch")

from settings import *

print(SIZE, flags.FLAGS.batch)
""",
    "settings.py": """\
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("times", 2, "how often")
SIZE = flags.FLAGS.times * flags.FLAGS.batch
""",
}

LISTED = """\
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("width", 3, "of a stripe")
flags.DEFINE_string("colour", "red", "of a stripe")
FLAGS = flags.FLAGS


def main(_):
    own = [(name, flag.value) for name, flag in FLAGS.__flags.items() if name in ("width", "colour")]
    print(sorted(own), FLAGS.width)


if __name__ == "__main__":
    tf.app.run()
"""

PROGRAMS: dict[str, FlagProgram] = {
    "listed": FlagProgram(
        {"main.py": LISTED},
        (
            Run((), ("[('colour', 'red'), ('width', 3)] 3",)),
            Run(("--width=4",), ("[('colour', 'red'), ('width', 4)] 4",)),
        ),
    ),
    "script": FlagProgram(
        {"main.py": SCRIPT},
        (
            Run((), ("0.5 2",)),
            Run(("--rate=0.25", "--steps", "7", "--loud"), ("0.25 7", "loud")),
            Run(("--noloud", "rest"), ("0.5 2",)),
            Run(("--other=1",), (), "UnrecognizedFlagError"),
            Run(("--steps=x",), (), "IllegalFlagValueError"),
        ),
    ),
    "main": FlagProgram(
        {"main.py": MAIN},
        (
            Run((), ("0.1 True train ['3', '4'] [1] []",)),
            Run(("--rate=2", "--noloud", "--layers=5"), ("2.0 False train ['5'] [1] []",)),
            Run(("--mode=test", "--seed=4", "--seed=5", "x"), ("0.1 True test ['3', '4'] [4, 5] ['x']",), "3"),
            Run(("--other=1", "x"), ("0.1 True train ['3', '4'] [1] ['--other=1', 'x']",)),
            Run(("--mode=none",), (), "IllegalFlagValueError"),
        ),
    ),
    "both": FlagProgram(
        {"main.py": BOTH},
        (
            Run((), ("3.0 4",)),
            Run(("--size=5",), ("5.0 6",)),
            Run(("--other",), (), "UnrecognizedFlagError"),
        ),
    ),
    "argparse": FlagProgram(
        {"main.py": ARGPARSE},
        (
            Run((), ("0.5 []",)),
            Run(("--rate=2", "--other=1", "x"), ("2.0 ['--other=1', 'x']",)),
        ),
    ),
    "taken": FlagProgram(
        {"main.py": TAKEN},
        (Run((), ("program here!",)), Run(("--path=there",), ("program there!",))),
    ),
    "inside": FlagProgram(
        {"main.py": INSIDE},
        (Run((), ("hello nobody",)), Run(("--name=Ada",), ("hello Ada",))),
    ),
    "without_run": FlagProgram(
        {"main.py": WITHOUT_RUN},
        (
            Run((), ("begins", "0", "1")),
            Run(("--count", "1"), ("begins", "0")),
            Run(("--other",), ("begins",), "UnrecognizedFlagError"),
        ),
    ),
    "marked": FlagProgram({"main.py": MARKED}, (Run((), ("5",)), Run(("--count=9",), ("5",)))),
    "two": FlagProgram(TWO, (Run((), ("16 32",)), Run(("--batch=3",), ("3 6",)))),
    "two_at_import": FlagProgram(
        TWO_AT_IMPORT,
        (Run((), ("32 16",)), Run(("--batch=3", "--times=3"), ("9 3",))),
    ),
}
