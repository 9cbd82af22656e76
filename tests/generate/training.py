"""Losses, optimizers and what else changes variables."""

from __future__ import annotations

from tests.generate.writer import Input, Tensor, Train, Writer


def make_loss(w: Writer, out: Tensor, labels: str, classes: str) -> Tensor:
    """A scalar loss on an output; ``labels`` is a placeholder like it, ``classes`` one of class numbers (or none)."""
    at, y = w.ref(out), w.ref(labels)
    options = [
        f"tf.reduce_mean(tf.square({at} - {y}))",
        f"tf.reduce_mean(tf.reduce_sum(tf.square({y} - {at}), reduction_indices=[1]))",
        f"tf.reduce_sum(tf.pow({at} - {y}, 2)) / (2 * 10)",
        f"tf.losses.mean_squared_error({y}, {at})",
        f"tf.losses.mean_squared_error(labels={y}, predictions={at})",
        f"tf.losses.absolute_difference({y}, {at})",
        f"tf.losses.huber_loss({y}, {at})",
        f"tf.nn.l2_loss({at} - {y})",
        f"tf.reduce_mean(tf.abs({at} - {y}))",
    ]
    probability = f"tf.sigmoid({y})"
    options += [
        f"tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels={probability}, logits={at}))",
        f"tf.losses.sigmoid_cross_entropy({probability}, {at})",
    ]
    needs = out.needs | {labels}
    if out.width > 1:
        target = f"tf.nn.softmax({y})"
        options += [
            f"tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels={target}, logits={at}))",
            f"tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits={at}, labels={target}))",
            f"-tf.reduce_mean(tf.reduce_sum({target} * tf.log(tf.nn.softmax({at}) + 1e-8), 1))",
            f"tf.losses.softmax_cross_entropy(onehot_labels={target}, logits={at})",
        ]
    if classes and out.width > 2:
        numbers = w.ref(classes)
        sparse = [
            f"tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels={numbers}, logits={at}))",
            f"tf.losses.sparse_softmax_cross_entropy({numbers}, {at})",
            f"tf.losses.softmax_cross_entropy(tf.one_hot({numbers}, {out.width}), {at})",
        ]
        if w.chance(0.4):
            return _finish(w, w.one_of(sparse), out.needs | {classes})
    return _finish(w, w.one_of(options), needs)


def _finish(w: Writer, expression: str, needs: frozenset[str]) -> Tensor:
    if w.variables and w.chance(0.08):
        variable = w.ref(w.one_of(w.variables))
        expression = f"{expression} + 0.01 * tf.nn.l2_loss({variable})"
    if w.has_regularizer and w.chance(0.6):
        total = w.one_of(
            ("tf.losses.get_regularization_loss()", "tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))")
        )
        expression = f"{expression} + {total}"
    if w.chance(0.1):
        with w.block('with tf.name_scope("loss"):'):
            return w.bind(expression, 0, needs, "loss", "cost")
    return w.bind(expression, 0, needs, "loss", "cost", "cross_entropy", "loss_op")


def _rate(w: Writer) -> tuple[str, str, frozenset[str]]:
    """A learning rate, the global step that belongs to it, and the placeholders that it needs."""
    base = w.one_of(("0.1", "0.05", "0.01", "0.02", "1e-2"))
    likely = (5, 2, 1, 3, 0, 0) if w.in_function else (5, 2, 1, 3, 1, 0.5)  # none that others would have to reach
    kind = w.random.choices(("number", "name", "step", "decay", "fed", "variable"), likely)[0]
    if kind == "variable":
        rate = w.bind(f"tf.Variable({base}, trainable=False)", 0, frozenset(), "lr", "rate_var")
        lower = w.fresh("lower", "decay_lr", "lr_update")
        w.line(f"{w.ref(lower)} = {w.ref(rate)}.assign({w.ref(rate)} * 0.5)")
        w.updates.append(Train(lower, frozenset()))
        return w.ref(rate), "", frozenset()
    if kind == "name":
        name = w.fresh("learning_rate", "lr", "LEARNING_RATE", "rate")
        w.line(f"{name} = {base}")
        return name, "", frozenset()
    if kind == "fed":
        name = w.fresh("lr", "learning_rate")
        w.line(f"{w.ref(name)} = tf.placeholder(tf.float32, [])")
        w.inputs[name] = Input(name, w.one_of(("0.05", "0.1 / (1 + 1)", "0.02")), is_batch=False)
        return w.ref(name), "", frozenset({name})
    if kind == "number":
        return w.setting(base, "learning_rate", "lr", "rate"), "", frozenset()
    step = w.fresh("global_step", "step")
    made = w.one_of(
        (
            "tf.Variable(0, trainable=False)",
            'tf.Variable(0, trainable=False, name="global_step")',
            "tf.train.get_or_create_global_step()",
            'tf.Variable(0, name="global_step", trainable=False, dtype=tf.int32)',
        )
    )
    w.line(f"{w.ref(step)} = {made}")
    w.fetchable.append(Tensor(step, 0))
    if kind == "step":
        return base, w.ref(step), frozenset()
    at = w.ref(step)
    decay = w.one_of(
        (
            f"tf.train.exponential_decay({base}, {at}, 3, 0.8)",
            f"tf.train.exponential_decay({base}, {at}, 2, 0.9, staircase=True)",
            f"tf.train.polynomial_decay({base}, {at}, 5, 0.001)",
            f"tf.train.inverse_time_decay({base}, {at}, 2, 0.5)",
            f"tf.train.natural_exp_decay({base}, {at}, 4, 0.3)",
            f"tf.train.piecewise_constant({at}, [2, 4], [{base}, 0.03, 0.004])",
            f"tf.train.cosine_decay({base}, {at}, 6, alpha=0.1)",
        )
    )
    rate = w.bind(decay, 0, frozenset(), "learning_rate", "lr")
    if w.chance(0.3):
        w.fetchable.append(rate)
    return w.ref(rate), "" if w.chance(0.15) else at, frozenset()


def make_train(w: Writer, loss: Tensor, var_list: str = "") -> Train:
    """An optimizer and the op that trains."""
    rate, step, needs = _rate(w)
    optimizer = _optimizer(w, rate)
    name = w.fresh("train_op", "train", "train_step", "opt_op", "optimizer")
    needs = needs | loss.needs
    at = w.ref(name)
    listed = f", var_list={var_list}" if var_list else ""
    counted = f", global_step={step}" if step else ""
    waiting = w.has_batch_norm and w.chance(0.7)
    if waiting:
        ops = w.fresh("update_ops", "updates")
        w.line(f"{ops} = tf.get_collection(tf.GraphKeys.UPDATE_OPS)")
        w.line(f"with tf.control_dependencies({ops}):")
        w.depth += 1
    form = w.random.choices(("chain", "held", "apply", "gradients"), (4, 3, 3, 2))[0]
    if form == "chain":
        w.line(f"{at} = {optimizer}.minimize({w.ref(loss)}{counted}{listed})")
    else:
        held = w.fresh("optimizer", "opt", "trainer")
        w.line(f"{w.ref(held)} = {optimizer}")
        if form == "held":
            w.line(f"{at} = {w.ref(held)}.minimize({w.ref(loss)}{counted}{listed})")
        elif form == "apply":
            _apply(w, w.ref(held), loss, at, listed, counted)
        else:
            _by_gradients(w, w.ref(held), loss, at, var_list, counted)
    if waiting:
        w.depth -= 1
    return Train(name, needs)


def _optimizer(w: Writer, rate: str) -> str:
    return "tf.train." + w.one_of(
        (
            f"GradientDescentOptimizer({rate})",
            f"GradientDescentOptimizer(learning_rate={rate})",
            f"AdamOptimizer({rate})",
            f"AdamOptimizer(learning_rate={rate})",
            f"AdamOptimizer({rate}, beta1=0.5)",
            f"AdamOptimizer({rate}, epsilon=1e-3)",
            f"MomentumOptimizer({rate}, 0.9)",
            f"MomentumOptimizer({rate}, momentum=0.8, use_nesterov=True)",
            f"RMSPropOptimizer({rate})",
            f"RMSPropOptimizer({rate}, decay=0.95, momentum=0.1)",
            f"AdagradOptimizer({rate})",
            f"AdadeltaOptimizer({rate})",
            f"FtrlOptimizer({rate})",
            f"ProximalGradientDescentOptimizer({rate}, l1_regularization_strength=0.001)",
        )
    )


def _apply(w: Writer, optimizer: str, loss: Tensor, train: str, listed: str, counted: str) -> None:
    pairs, clipped = w.fresh("grads_and_vars", "gvs", "gradients"), w.fresh("clipped", "capped_gvs")
    g, v = w.one_of((("g", "v"), ("grad", "var"), ("gradient", "variable")))
    w.line(f"{w.ref(pairs)} = {optimizer}.compute_gradients({w.ref(loss)}{listed})")
    if w.chance(0.3):
        w.line(f"{train} = {optimizer}.apply_gradients({w.ref(pairs)}{counted})")
        return
    how = w.one_of(
        (f"tf.clip_by_value({g}, -0.5, 0.5)", f"tf.clip_by_norm({g}, 1.0)", f"tf.clip_by_average_norm({g}, 0.5)")
    )
    test = w.one_of((f" if {g} is not None", f" if {g} is not None", ""))
    w.line(f"{w.ref(clipped)} = [({how}, {v}) for {g}, {v} in {w.ref(pairs)}{test}]")
    w.line(f"{train} = {optimizer}.apply_gradients({w.ref(clipped)}{counted})")


def _by_gradients(w: Writer, optimizer: str, loss: Tensor, train: str, var_list: str, counted: str) -> None:
    tvars, grads = w.fresh("tvars", "params", "variables"), w.fresh("grads", "gradients")
    w.line(f"{w.ref(tvars)} = {var_list or 'tf.trainable_variables()'}")
    if w.chance(0.9):
        inner = f"tf.gradients({w.ref(loss)}, {w.ref(tvars)})"
        w.line(f"{w.ref(grads)}, _ = tf.clip_by_global_norm({inner}, {w.one_of(('5', '1.0', '0.5'))})")
    else:
        w.line(f"{w.ref(grads)} = tf.gradients({w.ref(loss)}, {w.ref(tvars)})")
    w.line(f"{train} = {optimizer}.apply_gradients(zip({w.ref(grads)}, {w.ref(tvars)}){counted})")


# ------------------------------------------------------------------ more
def make_metric(w: Writer, out: Tensor, labels: str) -> None:
    """An accuracy or the like."""
    at, y = w.ref(out), w.ref(labels)
    needs = out.needs | {labels}
    if out.width > 1 and w.chance(0.6):
        right = w.bind(f"tf.equal(tf.argmax({at}, 1), tf.argmax({y}, 1))", 0, needs, "correct", "correct_prediction")
        cast = w.one_of(("tf.cast({}, tf.float32)", 'tf.cast({}, "float")', "tf.to_float({})")).format(w.ref(right))
        w.fetchable.append(w.bind(f"tf.reduce_mean({cast})", 0, needs, "accuracy", "acc"))
    elif w.chance(0.5):
        w.fetchable.append(w.bind(f"tf.reduce_max(tf.abs({at} - {y}))", 0, needs, "worst", "err"))
    else:
        w.fetchable.append(w.bind(f"tf.nn.softmax({at})", out.width, out.needs, "prob", "probs"))


def make_update(w: Writer) -> None:
    """An op that assigns: a counter, a copied variable, or one that something waits for."""
    kind = w.one_of(("counter", "copy", "decay", "waits", "clip"))
    known = [name for name in w.variables if "[" not in name]
    if kind == "clip" and known:
        update = w.fresh("clip_op", "clip", "project_op")
        variables = w.random.sample(known, min(2, len(known)))
        if w.chance(0.5):
            at = w.ref(variables[0])
            w.line(f"{w.ref(update)} = {at}.assign(tf.clip_by_value({at}, -0.3, 0.3))")
        else:
            listed = ", ".join(w.ref(name) for name in variables)
            w.line(f"{w.ref(update)} = [p.assign(tf.clip_by_value(p, -0.2, 0.2)) for p in [{listed}]]")
        w.updates.append(Train(update, frozenset()))
        return
    if kind == "copy" and w.variables:
        source = w.one_of(w.variables)
        kept = w.bind(
            f"tf.Variable({w.ref(source)}.initialized_value(), trainable=False)", 0, frozenset(), "kept", "target"
        )
        update = w.fresh("copy_op", "sync", "update")
        how = w.one_of((f"tf.assign({w.ref(kept)}, {w.ref(source)})", f"{w.ref(kept)}.assign({w.ref(source)})"))
        w.line(f"{w.ref(update)} = {how}")
        w.fetchable.append(kept)
        w.updates.append(Train(update, frozenset()))
        return
    dtype = w.one_of(("0", "0.0", "1.5"))
    counter = w.bind(f"tf.Variable({dtype}, trainable=False)", 0, frozenset(), "counter", "state", "total")
    update = w.fresh("increment", "update", "bump")
    at = w.ref(counter)
    how = w.one_of((f"tf.assign_add({at}, 1)", f"{at}.assign_add(2)", f"tf.assign({at}, {at} + 1)", f"{at}.assign(5)"))
    if kind == "decay" and dtype != "0":
        how = f"{at}.assign({at} * 0.5)"
    w.line(f"{w.ref(update)} = {how}")
    w.updates.append(Train(update, frozenset()))
    w.fetchable.append(counter)
    if kind == "waits":
        with w.block(f"with tf.control_dependencies([{w.ref(update)}]):"):
            after = w.bind(f"tf.identity({at}) + 10", 0, frozenset(), "after", "seen")
        if dtype != "0":
            w.updates.append(Train(after.name, frozenset()))


def make_unused(w: Writer, h: Tensor) -> None:
    """Ops that nothing runs."""
    at = w.ref(h)
    expression = w.one_of(
        (f"tf.reduce_sum({at})", f"tf.nn.softmax({at} * 2)", f"tf.shape({at})", f"tf.argmax({at}, 1)", "tf.no_op()")
    )
    w.bind(expression, 0, h.needs, "unused", "debug", "dummy")
