"""What becomes of the text of one file, and what keeps it as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tf2migrate.compat.program import compatible_program, surroundings
from tf2migrate.files import source_from_bytes
from tf2migrate.names.project import parse

HEAD = "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n"


def made_of(text: str) -> tuple[str, list[str]]:
    """The new text of a program of one file, and why it has none."""
    module = parse(source_from_bytes(Path("a.py"), text.encode()))
    made = compatible_program([module], Path(), surroundings([module]))[module.key]
    return made.text, [refusal.reason for refusal in made.refusals]


def after(text: str) -> str:
    """The new text of a program that has one; a second run changes nothing."""
    code, reasons = made_of(text)
    assert not reasons
    compile(code, "a.py", "exec")
    assert made_of(code) == (code, [])
    return code


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("import tensorflow as tf\nx = tf.log(1.0)\n", HEAD + "x = tf.log(1.0)\n"),
        ("import tensorflow.compat.v1 as tf\nx = tf.log(1.0)\n", HEAD + "x = tf.log(1.0)\n"),
        ("from tensorflow.compat import v1 as tf\nx = tf.log(1.0)\n", HEAD + "x = tf.log(1.0)\n"),
        (
            "import numpy as np, tensorflow as tf  # both\nx = tf.log(np.ones(2))\n",
            "import numpy as np, tensorflow.compat.v1 as tf  # both\ntf.disable_v2_behavior()\n"
            "x = tf.log(np.ones(2))\n",
        ),
        (
            "import tensorflow\nx = tensorflow.log(1.0)\n",
            "import tensorflow.compat.v1 as tensorflow\ntensorflow.disable_v2_behavior()\nx = tensorflow.log(1.0)\n",
        ),
        (
            "from tensorflow import log, float32\nx = log(1.0)\ny = float32\n",
            HEAD + "x = tf.log(1.0)\ny = tf.float32\n",
        ),
        (
            "'''Why.'''\nfrom __future__ import division\nfrom tensorflow import log\nx = log(1.0)\n",
            f"'''Why.'''\nfrom __future__ import division\n{HEAD}x = tf.log(1.0)\n",
        ),
        (
            "import tensorflow as tf\nfrom tensorflow.python.ops import array_ops, rnn\nx = array_ops.ones([2])\n",
            HEAD + "x = tf.ones([2])\n",
        ),
        (
            "def build():\n    import tensorflow as tf\n    return tf.ones([2])\n",
            "def build():\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\n"
            "    return tf.ones([2])\n",
        ),
        (
            "try:\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\n"
            "except ImportError:\n    import tensorflow as tf\nx = tf.log(1.0)\n",
            "try:\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\n"
            "except ImportError:\n    import tensorflow.compat.v1 as tf\nx = tf.log(1.0)\n",
        ),
        (
            "import tensorflow as tf\nflags = tf.app.flags\nnn = tf.nn\nflags.DEFINE_string('a', '', '')\n"
            "print(flags.FLAGS.a, nn.relu)\n",
            HEAD + "flags = tf.app.flags\nnn = tf.nn\nflags.DEFINE_string('a', '', '')\n"
            "print(flags.FLAGS.a, nn.relu)\n",
        ),
        (
            "import tensorflow as tf\nw = tf.get_variable(\n    'w', [2],  # small\n"
            "    initializer=tf.contrib.layers.xavier_initializer(seed=1))\n",
            HEAD + "w = tf.get_variable(\n    'w', [2],  # small\n"
            "    initializer=tf.glorot_uniform_initializer(seed=1))\n",
        ),
        (
            "import tensorflow as tf\nimport numpy as np\nx = tf.ones(np.zeros(2, np.int))\n",
            HEAD + "import numpy as np\nx = tf.ones(np.zeros(2, int))\n",
        ),
        ("import os\nx = 1  # not tensorflow\n", "import os\nx = 1  # not tensorflow\n"),
        ("x = 1\r\nimport tensorflow as tf\r\n", "x = 1\r\n" + HEAD.replace("\n", "\r\n")),
    ],
)
def test_imports_and_names(before: str, expected: str) -> None:
    assert after(before) == expected


def test_definitions_stand_behind_the_imports() -> None:
    code = after(
        "import tensorflow as tf\nimport os\n\n# The network.\nx = tf.layers.flatten(tf.ones([2, 3, 4]))\n"
    )
    assert code.startswith(HEAD + "import os\n\n\ndef layer_scope(")
    assert code.endswith("\n\n\n# The network.\nx = layers_flatten(tf.ones([2, 3, 4]))\n")
    assert code.count("\ndef ") == 2


def test_definitions_use_what_the_file_calls_tensorflow_and_how_it_indents() -> None:
    code = after("import tensorflow as T\ndef build(x):\n  return T.layers.flatten(x)\n")
    assert "\n  with layer_scope(name, " in code
    assert "\n  return T.variable_scope(" in code


def test_a_program_of_tensorflow_1_may_name_it_both_ways() -> None:
    code = after("import tensorflow as tf\nx = tf.compat.v1.log(1.0)\ny = tf.placeholder(tf.float32)\n")
    assert code == HEAD + "x = tf.log(1.0)\ny = tf.placeholder(tf.float32)\n"


def test_what_is_used_before_tensorflow_was_imported() -> None:
    code = after(
        "# Random numbers.\nfrom tensorflow import random_normal\nx = random_normal([2])\n\n"
        "import tensorflow as tf\ny = tf.log(x)\n"
    )
    assert code == "# Random numbers.\n" + HEAD + "x = tf.random_normal([2])\ny = tf.log(x)\n"
    used = "def f(x):\n    return flatten(x)\n"
    code = after(f"from tensorflow.contrib.layers import flatten\n\n\n{used}\n\nimport tensorflow as tf\n")
    assert code.startswith(HEAD + "\n\ndef layer_scope(")
    assert code.count("import tensorflow") == 1
    part = "from tensorflow.contrib.layers import flatten\n"
    code = after(f"{part}print(1)\nimport tensorflow as tf\n# Now.\nx = flatten(1)\n")
    assert code.index("import tensorflow") > code.index("print(1)")


def test_a_definition_may_have_the_name_of_the_import_that_it_replaces() -> None:
    code = after("from tensorflow.contrib.rnn import GRUCell\ncell = GRUCell(3)\n")
    assert code.startswith(HEAD)
    assert code.endswith("\n\n\ncell = GRUCell(3)\n")


def test_what_reads_text_is_given_along() -> None:
    code = after(
        "from tensorflow.contrib import learn\nimport tensorflow as tf\n"
        "words = learn.preprocessing.VocabularyProcessor(5)\nx = tf.constant(1.0)\n"
    )
    assert "\nclass VocabularyProcessor" in code
    assert "\nwords = VocabularyProcessor(5)\n" in code


def test_a_module_of_contrib_that_has_a_name_goes() -> None:
    code = after("import tensorflow as tf\nlayers = tf.contrib.layers\nx = layers.flatten(tf.ones([2, 3, 4]))\n")
    assert "\nlayers = " not in code
    assert code.endswith("\nx = contrib_flatten(tf.ones([2, 3, 4]))\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from tensorflow import *\nx = log(1.0)\n", "everything is imported from a part of TensorFlow"),
        ("import tensorflow as tf\nx = tf.contrib.eager.Variable(1)\n", "`tf.contrib.eager.Variable` has nothing"),
        ("import tensorflow as tf\nx = tf.estimator.Estimator(f)\n", "`tf.estimator.Estimator` has nothing"),
        ("import tensorflow as tf\nx = tf.keras.layers.Dense(3)\n", "`tf.keras.layers.Dense` has nothing"),
        ("import tensorflow as tf\nx = tf.pack([1])\n", "`tf.pack` has nothing"),
        ("import tensorflow as tf\ntf.enable_eager_execution()\n", "belongs to eager execution"),
        ("import tensorflow as tf\nif tf.__version__ < '1':\n    pass\n", "tells another version"),
        ("import tensorflow as tf\nx = tf.ones([2], dtyp=1)\n", "has no argument `dtyp`"),
        ("import tensorflow as tf\nx = tf.layers.dense(x, 2, activity_regularizer=f)\n", "`activity_regularizer`"),
        ("import tensorflow as tf\nx = tf.layers.dense(x, 2, None, True, None, None, None, None, f)\n", "by place"),
        ("import tensorflow as tf\nx = tf.layers.dense(x, 2, kernel_initializer='zeros')\n", "may be a text"),
        ("import tensorflow as tf\nx = tf.layers.dense(x, 2, **options)\n", "from a list or dict"),
        ("import tensorflow as tf\nx = [getattr(m, 'relu') for m in [tf.nn]]\n", "`tf.nn` has nothing"),
        ("import tensorflow as tf\ntf.float = tf.float32\n", "put under a name of TensorFlow"),
        ("from tensorflow.contrib import rnn\nfor rnn in range(3):\n    pass\n", "`rnn` stands for a part"),
        ("import tensorflow as tf\nlayers_flatten = 1\nx = tf.layers.flatten(x)\n", "`layers_flatten` is a name"),
        ("import tensorflow as tf\nfor i in xrange(3):\n    tf.ones(i)\n", "`xrange` is a name of Python 2"),
        ("import tensorflow as tf\nfor k in d.iteritems():\n    tf.ones(k)\n", "`iteritems` is a method of Python 2"),
        ("import tensorflow as tf\nimport cPickle\n", "`cPickle` does not exist any more"),
        ("import tensorflow as tf\nimport scipy.misc\nscipy.misc.imread('a')\n", "`scipy.misc.imread` does not exist"),
        ("import tensorflow as tf\nfrom keras.models import Model\n", "`keras` is a package"),
        ("import tensorflow as tf\nx = tf.nn.dropout(tf.compat.v1.placeholder(t), 0.3)\n", "those of TensorFlow 2"),
        ("import tf_slim as slim\nwith slim.arg_scope([slim.conv2d], is_training=f):\n    pass\n", "not all of its"),
        ("import tf_slim as slim\ny = slim.conv2d(x, 3, 1, outputs_collections='c')\n", "`outputs_collections`"),
        ("import tf_slim as slim\nwith slim.arg_scope(f(), **options):\n    pass\n", "not all of its layers take"),
        ("import tf_slim as slim\nwith slim.arg_scope([slim.variable], device='a'):\n    pass\n", "not all of its"),
        ("import tf_slim as slim\ny = slim.repeat(x, 2, slim.conv2d, 4, 3)\n", "is given no `scope`"),
        ("from tensorflow import log\ntf = log(1.0)\n", "`tf` is not TensorFlow here"),
    ],
)
def test_left_alone(text: str, reason: str) -> None:
    code, reasons = made_of(text)
    assert code == text
    assert any(reason in each for each in reasons), reasons


def test_another_way_to_what_is_gone_is_no_obstacle() -> None:
    after("import tensorflow as tf\ntry:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle\n")
    after("import tensorflow as tf\ntry:\n    range = xrange\nexcept NameError:\n    pass\n")


def test_what_another_file_hands_on_is_not_seen() -> None:
    texts = {
        "a.py": "from b import *\nx = tf.layers.dense(tf.ones([2, 2]), 2)\n",
        "b.py": "import tensorflow as tf\n",
        "c.py": "import b\nx = b.tf.ones([2])\n",
    }
    modules = [parse(source_from_bytes(Path(name).absolute(), text.encode())) for name, text in texts.items()]
    made = compatible_program(modules, Path().absolute(), surroundings(modules))
    reasons = {Path(key).name: [refusal.reason for refusal in one.refusals] for key, one in made.items()}
    assert reasons["b.py"] == []
    for name in ("a.py", "c.py"):
        assert reasons[name] == ["`tf` is a part of TensorFlow that comes from another file of the program"]


def test_classes_of_which_each_file_would_have_its_own() -> None:
    cells = "from tensorflow.contrib import rnn\ncell = rnn.BasicLSTMCell(3)\n"
    asking = "import tensorflow as tf\nstate = isinstance(tf.ones([2]), (list, tf.nn.rnn_cell.LSTMStateTuple))\n"
    assert after(cells + asking)
    texts = {"a.py": f"import b\n{asking}", "b.py": cells}
    modules = [parse(source_from_bytes(Path(name).absolute(), text.encode())) for name, text in texts.items()]
    made = compatible_program(modules, Path().absolute(), surroundings(modules))
    (reason,) = [refusal.reason for one in made.values() for refusal in one.refusals]
    assert "of which other files would have their own" in reason


@pytest.mark.slow
def test_the_reader_of_mnist_takes_the_seed_of_the_graph(tmp_path: Path) -> None:
    code = after(
        "from tensorflow.examples.tutorials.mnist import input_data\nimport tensorflow as tf\n"
        "tf.set_random_seed(3)\nmnist = input_data.read_data_sets('data', one_hot=True)\n"
        "print(mnist.train.next_batch(2)[1].shape, tf.get_seed(None)[0])\n"
    )
    assert "tutorials.mnist" not in code
    assert "read_mnist_one_hot(seed=tf.get_seed(None)[0])" in code
    fake = "import numpy, tensorflow\ntensorflow.keras.datasets.mnist.load_data = lambda: 2 * (\n"
    fake += "    (numpy.zeros((6000, 28, 28)), numpy.zeros(6000, int)),)\n"
    (tmp_path / "main.py").write_text(fake + code)
    done = subprocess.run([sys.executable, tmp_path / "main.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "(2, 10) 3\n"
