"""The shapes of a program that are tried, one after the other."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate_text
from tf2migrate.rewrite import attempts

# Its first form has two names only to run them; with these written out, one of them is given a name again.
CLIMBING = '''\
import numpy as np
import tensorflow as tf


def climb(sess, picture, scores, start):
    height = tf.reduce_mean(scores)
    slope = tf.gradients(height, picture)[0]
    found = start.copy()
    for _ in range(3):
        way, _ = sess.run([slope, height], {picture: found})
        found += way
    return found


def main(width):
    sess = tf.Session()
    picture = tf.placeholder(np.float32, [4, 4])
    scores = tf.tile(picture, [width(), 1])
    print(climb(sess, picture, scores, np.ones([4, 4], np.float32)))


main(lambda: 3)
'''


def test_forms_that_undo_each_other_are_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    written = attempts.fetched_locals

    def counted(*given: object) -> object:
        tried.append(given)
        assert len(tried) < 5
        return written(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(attempts, "fetched_locals", counted)
    migrate_text(CLIMBING)
    assert tried
