"""What is random draws the same on both sides; noise that is frozen or drawn elsewhere is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tf2migrate.verify.values import Comparison, Verdict

pytestmark = pytest.mark.slow
Compare = Callable[..., Comparison]

SAMPLED = "tf.ones([30, 2]), tf.zeros([30]), tf.constant([[1], [9]]), tf.ones([2, 2]), 5, 30"
# Each pair is what a TF1 program says and what its rewrite says, for one tensor of the same values.
DRAWS = {
    "normal": ("tf.random_normal([3, 4], 1.0, 2.0)", "tf.random.normal([3, 4], 1.0, 2.0)"),
    "normal of the new name": ("tf.random.normal([7])", "tf.random.stateless_normal([7], seed=[1, 2])"),
    "truncated": ("tf.truncated_normal([50], stddev=.1)", "tf.random.truncated_normal([50], stddev=.1)"),
    "uniform": ("tf.random_uniform([5], -1., 1.)", "tf.random.uniform([5], -1., 1.)"),
    "uniform integers": (
        "tf.random_uniform([20], 3, 9, dtype=tf.int32)",
        "tf.random.uniform([20], 3, 9, dtype=tf.int32)",
    ),
    "float64": ("tf.random_normal([4], dtype=tf.float64)", "tf.random.normal([4], dtype=tf.float64)"),
    "half": ("tf.random_uniform([64], dtype=tf.float16)", "tf.random.uniform([64], dtype=tf.float16)"),
    "scalar": ("tf.random_normal([])", "tf.random.normal([])"),
    "shape of a tensor": (
        "tf.random_normal(tf.shape(tf.zeros([2, 3])))",
        "tf.random.normal(tf.shape(tf.zeros([2, 3])))",
    ),
    "shuffle": ("tf.random_shuffle(tf.range(30))", "tf.random.shuffle(tf.range(30))"),
    "multinomial": (
        "tf.multinomial(tf.log([[.2, .3, .5], [.9, .05, .05]]), 9)",
        "tf.random.categorical(tf.math.log([[.2, .3, .5], [.9, .05, .05]]), 9)",
    ),
    "gamma": ("tf.random_gamma([4], 2., 3.)", "tf.random.gamma([4], 2., 3.)"),
    "poisson": ("tf.random_poisson(4., [6])", "tf.random.poisson([6], 4.)"),
    "seeds do not matter": ("tf.random_normal([3], seed=5)", "tf.random.normal([3], seed=6)"),
    "dropout by keep_prob": (
        "tf.nn.dropout(tf.ones([6, 5]), .7)",
        "tf.nn.dropout(tf.ones([6, 5]), rate=1 - .7)",
    ),
    "dropout by rate": (
        "tf.nn.dropout(tf.ones([6, 5]), rate=.4)",
        "dropout(tf.ones([6, 5]), training=True)",
    ),
    "dropout of a layer": (
        "tf.layers.dropout(tf.ones([6, 5]), .4, training=True)",
        "tf.nn.dropout(tf.ones([6, 5]), .4)",
    ),
    "dropout with a noise shape": (
        "tf.nn.dropout(tf.ones([6, 5]), .5, noise_shape=[6, 1])",
        "tf.nn.dropout(tf.ones([6, 5]), .5, noise_shape=[6, 1])",
    ),
    "dropout inside a loop": (
        "tf.map_fn(lambda r: tf.nn.dropout(r, .5), tf.ones([3, 8]))",
        "tf.map_fn(lambda r: tf.nn.dropout(r, .5), tf.ones([3, 8]))",
    ),
    "noise in a cond": (
        "tf.cond(tf.constant(True), lambda: tf.random_normal([3]), lambda: tf.zeros([3]))",
        "tf.cond(tf.constant(True), lambda: tf.random.normal([3]), lambda: tf.zeros([3]))",
    ),
    "sampled softmax": (f"tf.nn.sampled_softmax_loss({SAMPLED})", f"tf.nn.sampled_softmax_loss({SAMPLED})"),
    "nce": (f"tf.nn.nce_loss({SAMPLED})", f"tf.nn.nce_loss({SAMPLED})"),
    "distorted box": (
        "tf.image.sample_distorted_bounding_box([9, 9, 3], [[[0., 0., 1., 1.]]], min_object_covered=.1)[1]",
        "tf.image.sample_distorted_bounding_box([9, 9, 3], [[[0., 0., 1., 1.]]], min_object_covered=.1)[1]",
    ),
    "random image": (
        "tf.image.random_brightness(tf.ones([2, 2, 3]), .5)",
        "tf.image.random_brightness(tf.ones([2, 2, 3]), .5)",
    ),
}
INITIAL = {
    "variable": ("tf.Variable(tf.random_normal([3, 4]))", "tf.keras.Variable(tf.random.normal([3, 4]))"),
    "get_variable": ('tf.get_variable("w", [3, 4])', 'Layer().add_weight(shape=[3, 4], name="w")'),
    "get_variable is glorot": (
        'tf.get_variable("v", [3, 4])',
        "tf.Variable(tf.keras.initializers.GlorotUniform()([3, 4]))",
    ),
    "initializer": (
        'tf.get_variable("t", [9, 2], initializer=tf.truncated_normal_initializer(stddev=.1))',
        "Layer().add_weight(shape=[9, 2], initializer=tf.keras.initializers.TruncatedNormal(stddev=.1))",
    ),
    "variance scaling": (
        'tf.get_variable("s", [9, 2], initializer=tf.variance_scaling_initializer())',
        "Layer().add_weight(shape=[9, 2], initializer=tf.keras.initializers.VarianceScaling())",
    ),
    "orthogonal": (
        'tf.get_variable("o", [4, 4], initializer=tf.orthogonal_initializer())',
        "Layer().add_weight(shape=[4, 4], initializer=tf.keras.initializers.Orthogonal())",
    ),
    "uniform": (
        'tf.get_variable("u", [5], initializer=tf.random_uniform_initializer(-1, 1))',
        "Layer().add_weight(shape=[5], initializer=tf.keras.initializers.RandomUniform(-1., 1.))",
    ),
    "callable": (
        "tf.Variable(tf.random_uniform([5], -2., 2.))",
        "Layer().add_weight(shape=[5], initializer=lambda s, dtype: tf.random.uniform(s, -2., 2.))",
    ),
    "dense": ("tf.layers.dense(tf.ones([2, 3]), 4)", "tf.keras.layers.Dense(4)(tf.ones([2, 3]))"),
    "conv2d": (
        "tf.layers.conv2d(tf.ones([1, 6, 6, 2]), 3, 3, padding='same')",
        "tf.keras.layers.Conv2D(3, 3, padding='same')(tf.ones([1, 6, 6, 2]))",
    ),
    "embedding": (
        "tf.keras.layers.Embedding(6, 3)(tf.constant([[1, 2]]))",
        "tf.keras.layers.Embedding(6, 3)(tf.constant([[1, 2]]))",
    ),
}


def tf1_program(expressions: list[str], runs: int) -> str:
    """Builds all, initialises, fetches all together ``runs`` times."""
    return f"""
import tensorflow as tf
values = [{", ".join(expressions)}]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for run in range({runs}):
        __tf2migrate_record__(1, sess.run(values))
"""


def eager(expressions: list[str], runs: int) -> str:
    """Makes all anew for each run."""
    return f"""
import tensorflow as tf
dropout = tf.keras.layers.Dropout(.4)
class Layer(tf.keras.layers.Layer):
    pass
for run in range({runs}):
    __tf2migrate_record__(1, [tf.convert_to_tensor(v).numpy() for v in [{", ".join(expressions)}]])
"""


def traced(expressions: list[str], runs: int) -> str:
    """One graph function, traced once."""
    return f"""
import tensorflow as tf
dropout = tf.keras.layers.Dropout(.4)
@tf.function
def values():
    return [{", ".join(expressions)}]
for run in range({runs}):
    __tf2migrate_record__(1, [v.numpy() for v in values()])
"""


def of(table: dict[str, tuple[str, str]], side: int) -> list[str]:
    return [pair[side] for pair in table.values()]


def unequal(comparison: Comparison, table: dict[str, tuple[str, str]]) -> list[str]:
    """The names of what differed; the values are fetched in the order of the table."""
    assert comparison.sites, comparison
    names = list(table)
    assert len(comparison.sites[0].values) == len(names), comparison
    return [names[value.position - 1] for value in comparison.sites[0].values if not value.ok]


@pytest.mark.parametrize("style", [eager, traced])
def test_draws(compare: Compare, style: Callable[[list[str], int], str]) -> None:
    comparison = compare(tf1_program(of(DRAWS, 0), 3), style(of(DRAWS, 1), 3))
    assert unequal(comparison, DRAWS) == []
    assert comparison.ok, comparison


@pytest.mark.tf1
@pytest.mark.parametrize("style", [eager, traced])
def test_draws_of_tf1(compare: Compare, tf1_python: str, style: Callable[[list[str], int], str]) -> None:
    comparison = compare(tf1_program(of(DRAWS, 0), 3), style(of(DRAWS, 1), 3), oracle=tf1_python)
    assert unequal(comparison, DRAWS) == []
    assert comparison.ok, comparison


def test_initial_values(compare: Compare) -> None:
    """The rewrite makes its variables anew at each run: initial values do not depend on the run."""
    comparison = compare(tf1_program(of(INITIAL, 0), 1), eager(of(INITIAL, 1), 1))
    assert unequal(comparison, INITIAL) == []


@pytest.mark.tf1
def test_initial_values_of_tf1(compare: Compare, tf1_python: str) -> None:
    comparison = compare(tf1_program(of(INITIAL, 0), 1), eager(of(INITIAL, 1), 1), oracle=tf1_python)
    assert unequal(comparison, INITIAL) == []


TF1_NOISE = """
import tensorflow as tf
noise = {0}
with tf.Session() as sess:
    for run in range(3):
        __tf2migrate_record__(1, sess.run(noise))
"""


@pytest.mark.parametrize(
    "after",
    [
        pytest.param("noise = tf.random.normal([4])\nf = lambda: noise", id="drawn once, outside"),
        pytest.param("import numpy as np\nnoise = tf.constant(np.ones(4, 'f'))\nf = lambda: noise", id="frozen"),
        pytest.param("f = tf.function(lambda: tf.random.normal([2, 2])[0])", id="another shape"),
        pytest.param("f = lambda: tf.random.truncated_normal([4])", id="another distribution"),
    ],
)
def test_wrong_noise(compare: Compare, after: str) -> None:
    after = f"import tensorflow as tf\n{after}\nfor i in range(3):\n    __tf2migrate_record__(1, f().numpy())\n"
    comparison = compare(TF1_NOISE.format("tf.random_normal([4])"), after)
    assert comparison.verdict is Verdict.DIFFERENT


def test_noise_of_what_a_constructor_traces(compare: Compare) -> None:
    after = """
import tensorflow as tf
class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.noise.get_concrete_function()
    @tf.function
    def noise(self):
        return tf.random.normal([4])
model = Model()
for i in range(3):
    __tf2migrate_record__(1, model.noise().numpy())
"""
    comparison = compare(TF1_NOISE.format("tf.random_normal([4])"), after)
    assert comparison.verdict is Verdict.SAME


def test_initial_values_that_a_function_draws(compare: Compare) -> None:
    """A variable that is made after the first runs begins as it would have before them."""
    before = """
import tensorflow as tf
first = tf.Variable(tf.random_normal([4]))
second = tf.Variable(tf.random_normal([4]))
with tf.Session() as sess:
    for variable in (first, second):
        sess.run(variable.initializer)
        __tf2migrate_record__(1, sess.run(variable))
"""
    after = """
import tensorflow as tf
for _ in range(2):
    drawn = tf.function(lambda: tf.random.normal([4]))
    variable = tf.keras.Variable(lambda shape, dtype: drawn(), shape=[4], dtype="float32")
    __tf2migrate_record__(1, variable.numpy())
"""
    assert compare(before, after).verdict is Verdict.SAME


def test_frozen_noise_shows_from_the_second_run(compare: Compare) -> None:
    after = "import tensorflow as tf\nnoise = tf.random.normal([4]).numpy()\n"
    after += "for i in range(3):\n    __tf2migrate_record__(1, noise)\n"
    comparison = compare(TF1_NOISE.format("tf.random_normal([4])"), after)
    assert comparison.sites[0].values[0].first_beyond == 2


def test_late_initial_values(compare: Compare) -> None:
    """Initialising again, and layers that Keras builds at their first call, draw the first values."""
    before = """
import tensorflow as tf
x = tf.ones([2, 3])
W = tf.Variable(tf.random_normal([3, 3]))
V = tf.Variable(tf.random_normal([3, 3]) * 2.)
init = tf.global_variables_initializer()
noise = tf.random_normal([2])
late = tf.layers.dense(x, 2)
with tf.Session() as sess:
    for trial in range(3):
        sess.run([init, tf.global_variables_initializer()])
        __tf2migrate_record__(1, sess.run([W, noise]))
        __tf2migrate_record__(2, sess.run(late))
        V.initializer.run()
        __tf2migrate_record__(3, sess.run(V))
"""
    after = """
import tensorflow as tf
x = tf.ones([2, 3])
class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.W = tf.keras.Variable(tf.random.normal([3, 3]))
        self.late = tf.keras.layers.Dense(2)
class Other(tf.keras.layers.Layer):
    def build(self, shape):
        self.V = self.add_weight(shape=[3, 3], initializer=lambda shape, dtype: tf.random.normal(shape) * 2.)
    def call(self, x):
        return self.V + 0.
for trial in range(3):
    model, other = Model(), Other()
    step = tf.function(lambda: tf.random.normal([2]))
    __tf2migrate_record__(1, [model.W.numpy(), step().numpy()])
    __tf2migrate_record__(2, tf.function(model.late)(x).numpy())
    __tf2migrate_record__(3, tf.function(other)(x).numpy())
"""
    assert compare(before, after).ok


DATASET = """
import tensorflow as tf
data = tf.data.Dataset.range(20).map(lambda i: tf.cast(i, tf.float32) + tf.{random}([], 0., .5))
data = data.shuffle(7, seed=3).batch(4).repeat(2).prefetch(2)
"""
DATASET_1 = """
batch = data.make_one_shot_iterator().get_next()
with tf.Session() as sess:
    for step in range(10):
        __tf2migrate_record__(1, sess.run(batch))
"""
DATASET_2 = """
for batch in data:
    __tf2migrate_record__(1, batch.numpy())
"""


def test_dataset_order(compare: Compare) -> None:
    """Shuffled alike in each epoch; what a pipeline draws ahead of the program does not count runs."""
    before, after = DATASET.format(random="random_uniform"), DATASET.format(random="random.uniform")
    assert compare(before + DATASET_1, after + DATASET_2).ok
    unshuffled = after.replace(".shuffle(7, seed=3)", "")
    assert compare(before + DATASET_1, unshuffled + DATASET_2).verdict is Verdict.DIFFERENT


@pytest.mark.tf1
def test_dataset_order_of_tf1(compare: Compare, tf1_python: str) -> None:
    before, after = DATASET.format(random="random_uniform"), DATASET.format(random="random.uniform")
    assert compare(before + DATASET_1, after + DATASET_2, oracle=tf1_python).ok


def test_host_randomness(compare: Compare) -> None:
    """The program's own random numbers are seeded, from the clock too, and Keras does not move them."""
    before = """
import random
import numpy as np
import tensorflow as tf
np.random.seed()
hidden = tf.layers.dense(tf.ones([1, 2]), 3)
numbers = [random.random(), np.random.rand(), np.random.RandomState().rand()]
numbers.append(np.random.default_rng().random())
with tf.Session() as sess:
    __tf2migrate_record__(1, sess.run(tf.constant(numbers)))
"""
    after = """
import random
import numpy as np
import tensorflow as tf
np.random.seed()
hidden = tf.keras.layers.Dense(3)(tf.ones([1, 2]))
numbers = [random.random(), np.random.rand(), np.random.RandomState().rand()]
numbers.append(np.random.default_rng().random())
__tf2migrate_record__(1, tf.constant(numbers).numpy())
"""
    assert compare(before, after).ok


def test_gpu_and_old_numpy(compare: Compare) -> None:
    """A program pinned to a GPU runs on the CPU; numpy names that are gone work and are told."""
    before = """
import numpy as np
import tensorflow as tf
with tf.device("/gpu:0"):
    x = tf.constant(np.ones(3, np.float))
with tf.Session() as sess:
    __tf2migrate_record__(1, sess.run(x))
"""
    after = "import numpy as np\n__tf2migrate_record__(1, np.ones(3))\n"
    comparison = compare(before, after)
    assert comparison.ok, comparison
    assert comparison.notes == ("the original uses np.float, which newer versions of numpy do not have",)
