"""``apply_regularization``: the sum of the penalties of listed weights, which is collected with those of layers."""

from __future__ import annotations

from tf2migrate.forms.convenience import Writing


def summed_penalty(writing: Writing) -> list[str]:
    """``tf.contrib.layers.apply_regularization(regularizer, weights_list)``."""
    if writing.is_none("weights_list"):
        raise writing.refused("the weights that are regularized here are not listed")
    tf, weight, penalty = writing.tf, writing.fresh("weight"), writing.result("penalty")
    listed, lines = writing.text("weights_list"), []
    if not listed.isidentifier():
        name = writing.fresh("weights")
        lines, listed = [f"{name} = {listed}"], name
    each = f"{writing.called('regularizer')}({weight}) for {weight} in {listed}"
    return [
        *lines,
        f"{penalty} = {tf}.add_n([{each}])",
        f"{tf}.add_to_collection({tf}.GraphKeys.REGULARIZATION_LOSSES, {penalty})",
    ]
