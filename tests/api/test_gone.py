"""Names that TensorFlow 1.15 has not are told apart from those that it has."""

from __future__ import annotations

import pytest

from tf2migrate.api.gone import given_by_place, gone_before


@pytest.mark.parametrize(
    ("name", "became"),
    [
        ("tf.mul", "tf.multiply"),
        ("tf.pack", "tf.stack"),
        ("tf.concat_v2", "tf.concat"),
        ("tf.train.SummaryWriter", "tf.summary.FileWriter"),
        ("tf.nn.seq2seq.rnn_decoder", "tf.contrib.legacy_seq2seq"),
        ("tf.listdiff", "tf.setdiff1d"),
    ],
)
def test_old_name_is_told_with_the_new_one(name: str, became: str) -> None:
    refused = gone_before(name)
    assert refused is not None
    assert refused.code == "TFM101"
    assert "does not run" in refused.reason
    assert became in refused.advice


def test_labels_and_logits_have_names() -> None:
    refused = given_by_place("tf.nn.softmax_cross_entropy_with_logits")
    assert refused is not None
    assert refused.code == "TFM101"
    assert given_by_place("tf.nn.softmax_cross_entropy_with_logits_v2") is None


def test_name_that_never_was() -> None:
    refused = gone_before("tf.no_such_function")
    assert refused is not None
    assert refused.reason == "`tf.no_such_function` is not in TensorFlow 1.15"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("tf.reduce_mean", id="function"),
        pytest.param("tf.TensorArray.read", id="method"),
        pytest.param("tf.initialize_all_variables", id="old but still there"),
        pytest.param("tf.python.ops.nn_ops.conv2d_v2", id="private"),
        pytest.param("tf.raw_ops.Add", id="kernel"),
        pytest.param("tf.contrib.slim.nets.vgg.vgg_16", id="contrib, of which not all is listed"),
    ],
)
def test_name_of_1_15(name: str) -> None:
    assert gone_before(name) is None
