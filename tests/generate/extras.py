"""What stands around the network: conditionals, moving averages, summaries, checkpoints, functions that run."""

from __future__ import annotations

from tests.generate.writer import Tensor, Train, Writer


def conditional(w: Writer, h: Tensor, training: str) -> Tensor:
    """A branch that the graph takes: by a placeholder, or by what is computed."""
    at = w.ref(h)
    test, needs = w.one_of(((w.ref(training), {training}), (f"tf.reduce_sum({at}) > 0.1", set())))
    one, other = w.one_of(
        (
            (f"lambda: {at} * 0.5", f"lambda: {at}"),
            (f"lambda: tf.nn.relu({at})", f"lambda: tf.tanh({at})"),
            (f"lambda: tf.identity({at})", f"lambda: {at} + 1.0"),
        )
    )
    form = w.one_of(("tf.cond({}, {}, {})", "tf.cond({}, true_fn={}, false_fn={})"))
    return w.bind(form.format(test, one, other), h.width, h.needs | needs, "h", "gated", "chosen")


def make_average(w: Writer, trains: list[Train]) -> None:
    """Moving averages of variables, updated by an op of their own or together with the training."""
    known = [name for name in w.variables if "[" not in name]
    if not known:
        return
    chosen = w.random.sample(known, min(2, len(known)))
    ema, update = w.fresh("ema", "averages"), w.fresh("ema_op", "maintain", "average_op")
    w.line(f"{w.ref(ema)} = tf.train.ExponentialMovingAverage({w.one_of(('0.9', 'decay=0.5', '0.99'))})")
    listed = f"[{', '.join(w.ref(name) for name in chosen)}]"
    w.averages.append((ema, chosen[0]))
    form = w.one_of(("alone", "alone", "after", "group"))
    if form == "after":
        with w.block(f"with tf.control_dependencies([{w.ref(trains[0])}]):"):
            w.line(f"{w.ref(update)} = {w.ref(ema)}.apply({listed})")
        w.updates.append(Train(update, trains[0].needs))
        return
    w.line(f"{w.ref(update)} = {w.ref(ema)}.apply({listed})")
    w.updates.append(Train(update, frozenset()))
    if form == "alone" and w.chance(0.5):
        shown = w.bind(f"{w.ref(ema)}.average({w.ref(chosen[0])})", 0, frozenset(), "shadow", "averaged")
        w.fetchable.append(shown)


def make_group(w: Writer, trains: list[Train]) -> None:
    """Two updates as one op."""
    plain = [update for update in w.updates if not update.needs]
    if not plain:
        return
    both = w.fresh("both", "all_ops", "grouped")
    w.line(f"{w.ref(both)} = tf.group({w.ref(trains[0])}, {w.ref(w.one_of(plain))})")
    trains.append(Train(both, trains[0].needs))


def make_summaries(w: Writer, loss: Tensor, shown: Tensor) -> None:
    """Summaries of the loss and of more, merged or alone."""
    merged = w.fresh("merged", "summary_op", "summaries")
    made = f'tf.summary.scalar("{w.one_of(("loss", "cost", "train/loss"))}", {w.ref(loss)})'
    needs = loss.needs
    if w.chance(0.3):
        w.line(f"{w.ref(merged)} = {made}")
    else:
        w.line(made)
        if w.chance(0.5):
            w.line(f'tf.summary.histogram("{w.one_of(("out", "activations"))}", {w.ref(shown)})')
            needs = needs | shown.needs
        if w.variables and w.chance(0.3):
            w.line(f'tf.summary.histogram("weights", {w.ref(w.one_of(w.variables))})')
        w.line(f"{w.ref(merged)} = tf.summary.merge_all()")
    w.summaries.append(Train(merged, needs))


def make_saver(w: Writer) -> None:
    """A saver of everything, or of some variables."""
    name = w.fresh("saver", "checkpoints")
    known = [variable for variable in w.variables if "[" not in variable]
    some = f"[{', '.join(w.ref(variable) for variable in w.random.sample(known, 1))}]" if known else ""
    w.line(f"{w.ref(name)} = tf.train.Saver({w.one_of(('', '', 'max_to_keep=2', some))})")
    w.savers.append(name)


def define_report(w: Writer) -> str:
    """A function of the host whose parameters and locals bear names that the graph has, too."""
    name = w.fresh("report", "show", "log_line")
    taken = [word for word in sorted(w.taken) if word.isidentifier() and word not in ("np", "tf", "scale", name)]
    value, total = w.random.sample([*taken, "value", "total"], 2)
    with w.block(f"def {name}({value}, scale=1):"):
        w.line(f"{total} = np.sum({value}) * scale")
        w.line(w.one_of((f"print({total})", f'print("%.3f" % {total})')))
    w.line()
    return name


def define_evaluation(w: Writer, loss: Tensor) -> str:
    """A function that is handed the session and a feed, and runs."""
    name, session = w.fresh("evaluate", "run_loss", "test_on"), w.one_of(("sess", "session", "s"))
    with w.block(f"def {name}({session}, feed):"):
        if w.chance(0.3):
            w.line('"""The loss of a batch."""')
        w.line(f"return {session}.run({w.ref(loss)}, feed_dict=feed)")
    w.line()
    return name
