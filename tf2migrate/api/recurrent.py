"""Recurrent cells of TensorFlow 1 and the functions that run them: recipes that keep variables and numbers.

The cells of Keras have two kernels where TensorFlow 1 has one, which it initializes as a whole, and other gates; a
Keras layer repeats its last output behind the end of a sequence. The recipes have TensorFlow 1's variables and
parameters, so that a call stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Argument, Call, Definition, Kept, Refused
from tf2migrate.api.literals import is_literal, string
from tf2migrate.api.recipes import recipe

# Parameters whose meaning the recipes keep, in their order; a leaf cell's sharing is judged where it is built.
_CELLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tf.nn.rnn_cell.RNNCell": ("rnn_cell", ("trainable",)),
    "tf.nn.rnn_cell.BasicRNNCell": ("basic_rnn_cell", ("num_units", "activation")),
    "tf.nn.rnn_cell.BasicLSTMCell": ("basic_lstm_cell", ("num_units", "forget_bias", "activation")),
    "tf.nn.rnn_cell.LSTMCell": ("lstm_cell", ("num_units", "initializer", "forget_bias", "activation")),
    "tf.contrib.rnn.LayerNormBasicLSTMCell": (
        "layer_norm_basic_lstm_cell",
        ("num_units", "forget_bias", "activation", "norm_gain", "norm_shift"),
    ),
    "tf.contrib.rnn.LSTMBlockCell": ("basic_lstm_cell", ("num_units", "forget_bias")),
    "tf.contrib.rnn.GRUBlockCell": ("gru_cell", ("num_units",)),
    "tf.contrib.rnn.GRUBlockCellV2": ("gru_cell", ("num_units",)),
    "tf.contrib.rnn.NASCell": ("nas_cell", ("num_units", "num_proj", "use_bias")),
    "tf.nn.rnn_cell.GRUCell": ("gru_cell", ("num_units", "activation", "kernel_initializer", "bias_initializer")),
    "tf.nn.rnn_cell.MultiRNNCell": ("multi_rnn_cell", ("cells",)),
    "tf.nn.rnn_cell.DropoutWrapper": ("dropout_wrapper", ("cell", "input_keep_prob", "output_keep_prob")),
    "tf.nn.rnn_cell.ResidualWrapper": ("residual_wrapper", ("cell",)),
    "tf.contrib.rnn.AttentionCellWrapper": (
        "attention_cell_wrapper",
        ("cell", "attn_length", "attn_size", "attn_vec_size", "input_size"),
    ),
    "tf.contrib.rnn.EmbeddingWrapper": (
        "embedding_wrapper",
        ("cell", "embedding_classes", "embedding_size", "initializer"),
    ),
    "tf.contrib.rnn.InputProjectionWrapper": ("input_projection_wrapper", ("cell", "num_proj", "activation")),
    "tf.contrib.rnn.OutputProjectionWrapper": ("output_projection_wrapper", ("cell", "output_size", "activation")),
    "tf.nn.rnn_cell.LSTMStateTuple": ("lstm_state_tuple", ("c", "h")),
}
_BOTH = ("cell_fw", "cell_bw", "inputs")
_BOTH_STATES = ("initial_state_fw", "initial_state_bw")
_RUNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tf.nn.dynamic_rnn": (
        ("masked_rnn_step", "dynamic_rnn"),
        ("cell", "inputs", "sequence_length", "initial_state", "dtype", "time_major"),
    ),
    "tf.nn.static_rnn": (
        ("masked_rnn_step", "static_rnn"),
        ("cell", "inputs", "initial_state", "dtype", "sequence_length"),
    ),
    "tf.contrib.legacy_seq2seq.rnn_decoder": (
        ("rnn_decoder",),
        ("decoder_inputs", "initial_state", "cell", "loop_function"),
    ),
    "tf.nn.bidirectional_dynamic_rnn": (
        ("masked_rnn_step", "dynamic_rnn", "bidirectional_dynamic_rnn"),
        (*_BOTH, "sequence_length", *_BOTH_STATES, "dtype", "time_major"),
    ),
    "tf.contrib.rnn.stack_bidirectional_dynamic_rnn": (
        ("masked_rnn_step", "dynamic_rnn", "bidirectional_dynamic_rnn", "stack_bidirectional_dynamic_rnn"),
        (
            *("cells_fw", "cells_bw", "inputs", "initial_states_fw", "initial_states_bw"),
            *("dtype", "sequence_length", "time_major"),
        ),
    ),
    "tf.nn.static_bidirectional_rnn": (
        ("masked_rnn_step", "static_rnn", "static_bidirectional_rnn"),
        (*_BOTH, *_BOTH_STATES, "dtype", "sequence_length"),
    ),
}  # fmt: skip
# Parameters that only name, place or schedule, or that the analysis has dealt with.
_ASIDE = frozenset(
    ["reuse", "name", "scope", "parallel_iterations", "swap_memory", "num_unit_shards", "num_proj_shards"]
)
_LSTM = frozenset({"basic_lstm_cell", "lstm_cell", "full_lstm_cell", "layer_norm_basic_lstm_cell", "nas_cell"})
# What only some LSTM cells have, and all that such a cell takes.
_RARE = ("use_peepholes", "cell_clip", "num_proj", "proj_clip")
_FULL = ("num_units", "use_peepholes", "cell_clip", "initializer", "num_proj", "proj_clip", "forget_bias", "activation")


def _cell(site: CallSite) -> Call | Kept | Refused:
    text, kept = _CELLS[site.name]
    if text == "lstm_cell" and any(p in site.given and not site.defaulted(p) for p in _RARE):
        text, kept = "full_lstm_cell", _FULL
    for parameter, value in site.given.items():
        if parameter == "state_is_tuple" and is_literal(value, True):
            continue
        if parameter == "dtype" and (value == f"{site.tf}.float32" or string(value) == "float32"):
            continue
        if parameter == "activation" and string(value) is not None:
            return _not_kept(site, parameter)
        if parameter not in kept and parameter not in _ASIDE and not site.defaulted(parameter):
            return _not_kept(site, parameter)
    if site.extra:
        return Refused(f"`{site.spelled}` has too many arguments", "Check the call against TensorFlow 1.15", "TFM702")
    state = (_recipe("lstm_state_tuple", site),) if text in _LSTM else ()
    made = _recipe(text, site)
    return Call(f"{made.name}({_arguments(site, kept)})", (*state, made))


def is_cell_class(name: str) -> bool:
    """Whether this is a class of cells that are made of nothing but numbers."""
    return name in _CELLS and _CELLS[name][1][0] in ("num_units", "trainable")


def _run(site: CallSite) -> Call | Kept | Refused:
    texts, kept = _RUNS[site.name]
    for parameter in site.given:
        if parameter not in kept and parameter not in _ASIDE and not site.defaulted(parameter):
            return _not_kept(site, parameter)
    made = tuple(_recipe(text, site) for text in texts)
    return Call(f"{made[-1].name}({_arguments(site, kept)})", made)


def _not_kept(site: CallSite, parameter: str) -> Refused:
    reason = f"the argument `{parameter}` of `{site.spelled}` is not rewritten yet"
    return Refused(reason, f"Rewrite the call without `{parameter}`", "TFM702")


def _recipe(text: str, site: CallSite) -> Definition:
    return recipe(text, tf=site.tf, imports=("import collections",) if text == "lstm_state_tuple" else ())


def _arguments(site: CallSite, kept: tuple[str, ...]) -> str:
    """The arguments that stay; by place while nothing is left out before them."""
    parts: list[str] = []
    places = site.symbol.positional() or kept
    in_place = True
    position = 0
    for argument in site.arguments:
        parameter = argument.keyword
        if parameter is None:
            parameter, position = places[position], position + 1
        if parameter not in kept or (is_literal(argument.text, None) and _optional(site, parameter)):
            in_place = in_place and argument.keyword is not None
            continue
        in_place = in_place and argument.keyword is None and kept[len(parts) : len(parts) + 1] == (parameter,)
        parts.append(argument.text if in_place else _keyword(parameter, argument))
    return ", ".join(parts)


def _keyword(parameter: str, argument: Argument) -> str:
    return f"{parameter}={argument.text}"


def _optional(site: CallSite, parameter: str) -> bool:
    declared = site.symbol.parameter(parameter)
    return declared is not None and declared.default is not None


HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    **dict.fromkeys(_CELLS, _cell),
    **dict.fromkeys(_RUNS, _run),
}
