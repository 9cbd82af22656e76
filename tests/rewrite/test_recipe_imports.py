"""Where the definitions that a rewrite adds find what they import."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate_text

TRAINED = """
x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([2, 1]))
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
train = tf.train.AdamOptimizer(0.1).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run([train, loss], {x: [[1.0, 2.0]]})[1])
"""


@pytest.mark.parametrize(
    "imports",
    [
        pytest.param("import tensorflow as tf\n", id="plain"),
        pytest.param("import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n", id="compat"),
        pytest.param("import tensorflow as tf  # the graph\n", id="with a comment"),
    ],
)
def test_tensorflow_is_imported_once(imports: str) -> None:
    code = migrate_text(imports + TRAINED).code
    assert "class ExactAdam" in code
    assert code.count("import tensorflow") == 1
