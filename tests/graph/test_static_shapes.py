"""Static shapes of tensors, against what TensorFlow itself says of the same expressions."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.graph.staged import stage
from tf2migrate.graph.sizes import number
from tf2migrate.graph.values import DYNAMIC, Node

HEAD = """import math
import numpy as np
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 784])
i = tf.placeholder(tf.float32, [None, 28, 27, 3])
s = tf.placeholder(tf.int32, [None, 20])
f = tf.placeholder(tf.float32, [8, 6, 5])
W = tf.Variable(tf.random_normal([784, 10]))
k = tf.get_variable('k', [5, 4, 3, 16])
k1 = tf.get_variable('k1', [3, 5, 7])
E = tf.get_variable('E', [1000, 32])
b = tf.Variable([1.0, 2.0, 3.0, 4.0, 5.0])
z = tf.Variable(np.zeros([784, 2], np.float32)) if False else tf.Variable(tf.zeros((784, 2)), name='z')
"""
EXPRESSIONS = """
tf.matmul(x, W)
tf.matmul(x, W) + tf.zeros([10])
tf.matmul(W, x, True, True)
tf.matmul(f, f, transpose_b=True)
x * 2.0 - 1
1.0 / f
f + b
f[0] + b
f[:, 1:4]
f[..., 0]
f[:, tf.newaxis, ::2, None]
x[0]
x[:, :10]
x[-1, 3]
tf.reshape(x, [-1, 28, 28, 1])
tf.reshape(f, [-1])
tf.reshape(f, [4, -1, 5])
tf.reshape(i, [-1, 28 * 27 * 3])
tf.reshape(x, [-1])
tf.reshape(x, [-1, int(x.get_shape()[1])])
tf.reshape(i, [-1, int(np.prod(i.get_shape().as_list()[1:]))])
tf.reshape(i, [-1, i.shape[1] * i.shape[2] * i.shape[3]])
tf.transpose(f)
tf.transpose(i, [0, 3, 1, 2])
tf.expand_dims(x, 1)
tf.expand_dims(x, -1)
tf.squeeze(f[:1], [0])
tf.concat([x, x[:, :3]], 1)
tf.concat([f, f], axis=-1)
tf.stack([x, x])
tf.stack([f, f, f], axis=2)
tf.tile(f, [2, 1, 3])
tf.pad(i, [[0, 0], [1, 1], [2, 3], [0, 0]])
tf.one_hot(s, 10)
tf.one_hot(s, depth=10, axis=1)
tf.gather(E, s)
tf.nn.embedding_lookup(E, s)
tf.reduce_mean(f)
tf.reduce_mean(f, 1)
tf.reduce_sum(i, [1, 2])
tf.reduce_max(f, axis=-1, keepdims=True)
tf.reduce_max(i, axis=(1, 3), keep_dims=True)
tf.argmax(x, 1)
tf.argmax(x)
tf.nn.relu(x)
tf.nn.softmax(tf.matmul(x, W))
tf.nn.softmax_cross_entropy_with_logits(labels=tf.matmul(x, W), logits=tf.matmul(x, W))
tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=x)
tf.nn.conv2d(i, k, strides=[1, 1, 1, 1], padding='SAME')
tf.nn.conv2d(i, k, strides=[1, 2, 3, 1], padding='SAME')
tf.nn.conv2d(i, k, [1, 2, 3, 1], 'VALID')
tf.nn.conv1d(f, k1, 2, 'SAME')
tf.nn.conv1d(f, k1, stride=1, padding='VALID')
tf.nn.max_pool(i, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')
tf.nn.avg_pool(i, [1, 3, 3, 1], [1, 2, 2, 1], padding='VALID')
tf.nn.conv2d_transpose(i, k, [10, 56, 54, 5], [1, 2, 2, 1]) if False else tf.zeros([10, 56, 54, 5])
tf.nn.xw_plus_b(x, W, tf.zeros([10]))
tf.add_n([x, x])
tf.tensordot(f, tf.zeros([5, 2]), 1)
tf.tensordot(f, tf.zeros([6, 5, 2]), axes=2)
tf.where(x > 0, x, -x)
tf.cast(s, tf.float32)
tf.ones_like(f)
tf.eye(3)
tf.constant([[1, 2], [3, 4], [5, 6]])
tf.constant(0.5, shape=[3, 2])
tf.fill([3, 2], 1.0)
tf.shape(f)
tf.split(f, 2, axis=1)[0]
tf.split(f, [2, 4], 1)[1]
tf.unstack(f, axis=1)[0] if False else f[:, 0]
tf.nn.moments(i, [0, 1, 2])[0]
tf.nn.moments(f, axes=[1], keep_dims=True)[1]
tf.image.resize_images(i, [10, 12])
tf.minimum(x, tf.reduce_mean(x, 1, keepdims=True))
z + 1
tf.slice(f, [0, 0, 0], [2, 3, 5])
tf.random_uniform([3, f.get_shape().as_list()[2]])
tf.zeros(f.shape)
tf.zeros(f.get_shape()[1:])
tf.zeros([len(i.get_shape()), f.shape.ndims])
tf.random_normal(tf.shape(x))
tf.fill(tf.shape(f), 2.0)
""".strip().splitlines()
LAYERS = """
tf.layers.dense(x, 7)
tf.layers.dense(f, units=7)
tf.layers.conv2d(i, 6, 3)
tf.layers.conv2d(i, 6, (3, 5), strides=2, padding='same')
tf.layers.conv2d(i, filters=6, kernel_size=[3, 5], strides=(2, 3))
tf.layers.conv1d(f, 6, 3, padding='same')
tf.layers.conv2d_transpose(i, 6, 5, 2, 'same')
tf.layers.conv2d_transpose(i, 6, 3, strides=(2, 2))
tf.layers.max_pooling2d(i, 2, 2)
tf.layers.max_pooling2d(inputs=i, pool_size=[3, 3], strides=2, padding='same')
tf.layers.average_pooling2d(i, 3, 1)
tf.layers.max_pooling1d(f, 2, 2)
tf.layers.flatten(i)
tf.layers.dropout(x, 0.5)
tf.layers.batch_normalization(i)
tf.contrib.layers.fully_connected(x, 7)
tf.contrib.layers.conv2d(i, 6, 3)
tf.contrib.layers.conv2d(i, 6, [3, 5], stride=2, padding='VALID')
tf.contrib.layers.conv2d_transpose(i, 6, 5, 2)
tf.contrib.layers.max_pool2d(i, 2)
tf.contrib.layers.flatten(i)
""".strip().splitlines()


def inferred(expressions: list[str]) -> list[list[int | None] | None]:
    """What the analysis knows of each expression; None where it does not know the shape."""
    body = "\n".join(f"r{n} = {text}" for n, text in enumerate(expressions))
    env = stage(body, head=HEAD).module_frames["main.py"].env
    out: list[list[int | None] | None] = []
    for n in range(len(expressions)):
        value = env[f"r{n}"]
        assert isinstance(value, Node), expressions[n]
        sizes = value.shape
        assert sizes is None or all(size is DYNAMIC or number(size) is not None for size in sizes), expressions[n]
        out.append(None if sizes is None else [number(size) for size in sizes])
    return out


@pytest.mark.slow
@pytest.mark.tf1
def test_shapes_are_those_of_tensorflow_1(tf1_python: str) -> None:
    expressions = [*EXPRESSIONS, *LAYERS]
    lines = [f"print('shape', ({text}).get_shape().as_list())" for text in expressions]
    ran = subprocess.run([tf1_python, "-c", HEAD + "\n".join(lines)], capture_output=True, text=True, check=True)
    known = [json.loads(line[6:].replace("None", "null")) for line in ran.stdout.splitlines() if line[:6] == "shape "]
    assert dict(zip(expressions, inferred(expressions), strict=True)) == dict(zip(expressions, known, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("tf.reshape(x, tf.shape(x) + 0)", id="a shape that is a tensor"),
        pytest.param("tf.nn.conv2d(i, k, [1, 1, 1, 1], 'SAME', data_format='NCHW')", id="channels first"),
        pytest.param("tf.layers.conv2d(i, 6, 3, dilation_rate=2)", id="dilated"),
        pytest.param("tf.squeeze(x)", id="squeezed by a size that only a run decides"),
    ],
)
def test_what_is_not_worked_out_has_no_shape(text: str) -> None:
    assert inferred([text]) == [None]


def test_sizes_are_the_objects_that_the_program_gave() -> None:
    staging = stage(
        "n_in = data.shape[1]\nq = tf.placeholder(tf.float32, [None, n_in])\nm = int(tf.nn.relu(q).get_shape()[1])",
        head="import numpy as np\nimport tensorflow as tf\ndata = np.load('f.npy')\n",
    )
    env = staging.module_frames["main.py"].env
    assert env["m"] is env["n_in"]


def test_shapes_in_a_loop_of_unknown_length_are_not_known() -> None:
    body = "h = x\nfor n in np.load('sizes.npy'):\n    s = h.get_shape()[1]\n    h = tf.matmul(h, tf.zeros([s, n]))\n"
    staging = stage(body, head=HEAD)
    made = [node for node in staging.nodes if node.op == "tf.matmul"]
    assert [node.shape for node in made] == [None]
