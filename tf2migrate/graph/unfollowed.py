"""What the analysis does not follow yet, by name or by the start of one: the code of the finding, and what it says."""

from __future__ import annotations

# Constructs with an issue of their own: (code, what to say).
ELSEWHERE = {
    "tf.train.import_meta_graph": ("TFM807", "a graph imported from a file cannot be followed"),
    "tf.import_graph_def": ("TFM807", "a graph imported from a file cannot be followed"),
    "tf.placeholder_with_default_sparse": ("TFM407", "sparse placeholders are not rewritten yet"),
    "tf.sparse_placeholder": ("TFM407", "sparse placeholders are not rewritten yet"),
    "tf.train.Coordinator": ("TFM802", "queue runners are not rewritten yet"),
    "tf.train.start_queue_runners": ("TFM802", "queue runners are not rewritten yet"),
    "tf.make_template": ("TFM404", "`tf.make_template` is not rewritten yet"),
    "tf.hessians": ("TFM410", "`tf.hessians` is not rewritten yet"),
    "tf.get_session_handle": ("TFM411", "session handles have no counterpart"),
    "tf.add_check_numerics_ops": ("TFM410", "`tf.add_check_numerics_ops` is not rewritten yet"),
    "tf.enable_eager_execution": ("TFM410", "programs that already run eagerly are not rewritten yet"),
}
PREFIXES = (
    ("tf.data.", "TFM801", "`tf.data` iterators are not rewritten yet"),
    ("tf.contrib.data.", "TFM801", "`tf.data` iterators are not rewritten yet"),
    ("tf.estimator.", "TFM805", "Estimators are not rewritten yet"),
    ("tf.contrib.learn.", "TFM805", "Estimators are not rewritten yet"),
    ("tf.nn.rnn_cell.", "TFM702", "this kind of recurrent cell is not rewritten yet"),
    ("tf.nn.raw_rnn", "TFM702", "`tf.nn.raw_rnn` is not rewritten yet"),
    ("tf.nn.static_state_saving_rnn", "TFM702", "`tf.nn.static_state_saving_rnn` is not rewritten yet"),
    ("tf.contrib.rnn.", "TFM702", "this part of `tf.contrib.rnn` is not rewritten yet"),
    ("tf.contrib.cudnn_rnn.", "TFM702", "recurrent networks of cuDNN are not rewritten yet"),
    ("tf.contrib.grid_rnn.", "TFM702", "grid cells are not rewritten yet"),
    ("tf.contrib.seq2seq.", "TFM702", "recurrent networks are not rewritten yet"),
    ("tf.contrib.legacy_seq2seq.", "TFM702", "recurrent networks are not rewritten yet"),
    ("tf.python.", "TFM103", "`{name}` is private to TensorFlow 1"),
    ("tf.keras.", "TFM410", "Keras models inside a TF1 graph are not rewritten yet"),
    ("tf.train.Monitored", "TFM808", "monitored sessions are not rewritten yet"),
    ("tf.train.Supervisor", "TFM808", "supervised sessions are not rewritten yet"),
    ("tf.train.Server", "TFM808", "distributed training is not rewritten yet"),
    ("tf.train.ClusterSpec", "TFM808", "distributed training is not rewritten yet"),
    ("tf.train.batch", "TFM802", "queue input is not rewritten yet"),
    ("tf.train.shuffle_batch", "TFM802", "queue input is not rewritten yet"),
    ("tf.train.string_input_producer", "TFM802", "queue input is not rewritten yet"),
    ("tf.train.slice_input_producer", "TFM802", "queue input is not rewritten yet"),
    ("tf.train.QueueRunner", "TFM802", "queue input is not rewritten yet"),
    ("tf.FIFOQueue", "TFM802", "queue input is not rewritten yet"),
    ("tf.RandomShuffleQueue", "TFM802", "queue input is not rewritten yet"),
    ("tf.contrib.distribut", "TFM808", "distributed training is not rewritten yet"),
)
# What computes or stays on the host, of packages that otherwise build graph structure.
COMPUTING = (
    "tf.keras.initializers.",
    "tf.keras.datasets.",
    "tf.keras.preprocessing.sequence.pad_sequences",
    "tf.keras.utils.to_categorical",
    "tf.contrib.seq2seq.sequence_loss",
    "tf.contrib.legacy_seq2seq.sequence_loss",
)


def unfollowed(name: str) -> tuple[str, str] | None:
    """The code and the reason of a finding for a symbol of a family that is not followed; None for any other."""
    for prefix, code, reason in PREFIXES:
        if name.startswith(prefix) and not name.startswith(COMPUTING):
            return code, reason.format(name=name)
    return None
