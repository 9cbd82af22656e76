"""Random whole TensorFlow 1 programs. One seed gives one program, for ever the same."""

from __future__ import annotations

from random import Random

from tests.generate import extras, networks, sessions, training
from tests.generate.writer import Input, Tensor, Train, Writer

STYLES = ("script",) * 12 + ("main",) * 4 + ("class",) * 8 + ("builder",) + ("hierarchy",) * 2


def random_program(seed: int) -> str:
    """The text of a program that runs by itself under TensorFlow 1."""
    w = Writer(Random(seed))
    _head(w)
    style = w.one_of(STYLES)
    if w.chance(0.35):
        networks.define_helper(w)
    if style == "main":
        with w.block("def main():"):
            losses, trains = write_graph(w)
            sessions.Runs(w, losses, trains).write()
        w.line()
        with w.block("if __name__ == '__main__':"):
            w.line("main()")
    elif style == "class":
        _class(w)
    elif style == "hierarchy":
        _hierarchy(w)
    elif style == "builder":
        _builder(w)
    else:
        losses, trains = write_graph(w)
        w.line()
        if w.chance(0.2):
            w.reports.append(extras.define_report(w))
        if w.chance(0.15):
            w.evaluations.append(extras.define_evaluation(w, losses[0]))
        _between(w)
        sessions.Runs(w, losses, trains).write()
    return w.text()


def _head(w: Writer) -> None:
    if w.chance(0.1):
        w.line('"""A small network."""')
    w.lines.append("import numpy as np")
    w.lines.append("import tensorflow as tf")
    w.lines.append("")
    write_data(w)


def write_data(w: Writer) -> None:
    """Arrays of features, targets and classes."""
    w.taken |= {"np", "tf"}
    data = w.number(0, 99)
    w.line(f"rng = np.random.RandomState({data})")
    w.taken |= {"rng", "x_data", "y_data", "c_data"}
    width, out = w.number(2, 5), w.number(1, 4)
    end = w.one_of(("", "", ".astype(np.float32)"))
    w.line(f"x_data = rng.uniform(-1, 1, (12, {width})){end}")
    w.line(f"y_data = rng.uniform(-1, 1, (12, {out})){end}")
    w.line(f"c_data = rng.randint(0, {max(out, 2)}, 12)")
    if w.chance(0.2):
        w.line(f"tf.set_random_seed({data})")
    w.line()
    w.inputs["width"] = Input(str(width), "")  # what the graph is built for; taken out by placeholders
    w.inputs["out"] = Input(str(out), "")


def write_graph(w: Writer) -> tuple[list[Tensor], list[Train]]:
    """Placeholders, one or two networks with their losses and optimizers, and more ops."""
    h, y, classes, out = placeholders(w)
    losses: list[Tensor] = []
    trains: list[Train] = []
    for _ in range(w.random.choices((1, 2), (5, 1))[0]):
        last = _network(w, h, out)
        losses.append(training.make_loss(w, last, y, classes))
        if w.chance(0.4):
            training.make_metric(w, last, y)
        if w.chance(0.2):
            training.make_unused(w, last)
        trains.append(training.make_train(w, losses[-1], _var_list(w)))
    extras_of(w, losses, trains)
    return losses, trains


def placeholders(w: Writer) -> tuple[Tensor, str, str, int]:
    """The features, the names of the targets and of the classes (if there are enough), and how many targets."""
    width, out = int(w.inputs.pop("width").name), int(w.inputs.pop("out").name)
    x, y, c = w.fresh("x", "X", "inputs"), w.fresh("y", "y_", "Y", "labels"), w.fresh("c", "classes", "ids")
    name = w.one_of(("", "", f', name="{x}"'))
    shape = w.one_of((f"[None, {width}]", f"[None, {width}]", f"shape=[None, {width}]", f"(None, {width})"))
    dtype = w.one_of(("tf.float32", '"float"', "tf.float32"))
    w.line(f"{w.ref(x)} = tf.placeholder({dtype}, {shape}{name})")
    w.line(f"{w.ref(y)} = tf.placeholder(tf.float32, [None, {out}])")
    w.inputs[x], w.inputs[y] = Input(x, "x_data"), Input(y, "y_data")
    if out > 2:
        w.line(f"{w.ref(c)} = tf.placeholder(tf.int32, [None])")
        w.inputs[c] = Input(c, "c_data")
    classes = c if out > 2 else ""
    return Tensor(x, width, frozenset({x})), y, classes, out


def extras_of(w: Writer, losses: list[Tensor], trains: list[Train]) -> None:
    """Ops beside the training."""
    while w.chance(0.25):
        training.make_update(w)
    if w.chance(0.12):
        extras.make_average(w, trains)
    if w.chance(0.08):
        extras.make_group(w, trains)
    if w.chance(0.15):
        extras.make_summaries(w, losses[0], w.fetchable[-1])
    if w.chance(0.15):
        extras.make_saver(w)


def _network(w: Writer, x: Tensor, out: int) -> Tensor:
    h = x
    if not w.holder and w.chance(0.3):
        made = networks.call_function(w, x)
        h = made[0]
        w.fetchable += made[1:]
    else:
        h = networks.grow(w, x)
    return last_layer(w, h, out)


def last_layer(w: Writer, h: Tensor, out: int) -> Tensor:
    """The layer that has as many units as there are targets."""
    if w.chance(0.5):
        last = w.bind(f"tf.layers.dense({w.ref(h)}, {out})", out, h.needs, "out", "pred", "logits", "prediction")
    else:
        kernel = w.bind(f"tf.Variable({networks.initial(w, h.width, out)})", out, frozenset(), "W_out", "W2")
        w.variables.append(kernel.name)
        last = w.bind(f"tf.matmul({w.ref(h)}, {w.ref(kernel)})", out, h.needs, "out", "pred", "y_pred")
    w.fetchable.append(last)
    return last


def _var_list(w: Writer) -> str:
    known = [name for name in w.variables if "[" not in name]
    if not known or w.chance(0.85):
        return ""
    return "[" + ", ".join(w.ref(name) for name in w.random.sample(known, min(2, len(known)))) + "]"


def _between(w: Writer) -> None:
    """Host code between building and running that gives names new values, or changes data in place."""
    if w.chance(0.1):
        w.line("x_data[0] = 0.5")
    if w.chance(0.1):
        w.line("scale = 3.0")
    if w.chance(0.05):
        w.line("y_data = y_data * 0.5")


def _class(w: Writer) -> None:
    """A class that builds its graph in the constructor, and a script that trains it."""
    name = w.fresh("Network", "Model", "Net", "Classifier")
    held = w.fresh("net", "model", "network")
    with w.block(f"class {name}{w.one_of(('', '(object)'))}:"):
        with w.block("def __init__(self):"):
            w.holder = "self."
            losses, trains = write_graph(w)
        w.line()
        methods = write_methods(w, losses, trains) if w.chance(0.5) else []
    w.line()
    w.line(f"{held} = {name}()")
    w.holder = f"{held}."
    w.line()
    if not methods:
        sessions.Runs(w, losses, trains).write()
    else:
        session = w.fresh("sess", "session")
        with w.block(f"with tf.Session() as {session}:"):
            w.line(f"{session}.run(tf.global_variables_initializer())")
            for call in methods:
                w.line(call.format(held=held, session=session))


def _hierarchy(w: Writer) -> None:
    """A base class whose constructor calls what its subclass builds."""
    base, name = w.fresh("Base", "Algorithm", "BaseModel"), w.fresh("Network", "Model", "Net")
    build, held = w.one_of(("build", "_build_net", "create")), w.fresh("net", "model", "network")
    write_base(w, base, build)
    losses, trains = write_derived(w, base, name, build)
    w.line(f"{held} = {name}()")
    w.holder = f"{held}."
    w.line()
    sessions.Runs(w, losses, trains).write()


def write_base(w: Writer, base: str, build: str) -> None:
    """A class whose constructor calls what it has none of."""
    with w.block(f"class {base}(object):"):
        with w.block("def __init__(self, rate=0.1):"):
            w.line("self.rate = rate")
            w.line(f"self.{build}()")
        w.line()
        with w.block(f"def {build}(self):"):
            w.line("raise NotImplementedError")
    w.line()


def write_derived(w: Writer, base: str, name: str, build: str) -> tuple[list[Tensor], list[Train]]:
    """A class that builds the graph in a method that the constructor of its base calls."""
    with w.block(f"class {name}({base}):"):
        if w.chance(0.4):
            with w.block("def __init__(self):"):
                w.line(w.one_of((f"super({name}, self).__init__(0.2)", f"{base}.__init__(self)")))
            w.line()
        with w.block(f"def {build}(self):"):
            w.holder = "self."
            losses, trains = write_graph(w)
    w.line()
    return losses, trains


def write_methods(w: Writer, losses: list[Tensor], trains: list[Train], session: str = ", sess") -> list[str]:
    """Methods that run something, and calls of them. Without a parameter for the session the object has it."""
    run, given = ("sess", "{session}") if session else ("self.sess", "")
    train, loss = trains[0], losses[0]
    fit, predict = w.fresh("fit", "train", "partial_fit", "learn"), w.fresh("predict", "infer", "test")
    needs = train.needs | loss.needs
    with w.block(f"def {fit}(self{session}, rows):"):
        feed = sessions.feed_for(w, needs, "[:rows]")
        w.line(f"_, value = {run}.run([{w.ref(train)}, {w.ref(loss)}], {feed})")
        w.line("return value")
    w.line()
    shown = w.fetchable[-1]
    with w.block(f"def {predict}(self{session}):"):
        feed = sessions.feed_for(w, shown.needs)
        w.line(f"return {run}.run({w.ref(shown)}" + ("" if feed == "{}" else f", feed_dict={feed}") + ")")
    w.line()
    first = f"{given}, 6" if given else "6"
    return [f"print({{held}}.{fit}({first}))", f"print({{held}}.{predict}({given}))"]


def _builder(w: Writer) -> None:
    """A function that builds everything and gives back what is run."""
    name = w.fresh("build_graph", "build", "make_model", "create")
    with w.block(f"def {name}():"):
        losses, trains = write_graph(w)
        shown = [*w.inputs, *(t.name for t in losses), *(t.name for t in trains)]
        w.line(f"return {', '.join(shown)}")
    forget(w)
    w.line()
    w.line(f"{', '.join(shown)} = {name}()")
    sessions.Runs(w, losses, trains).write()


def forget(w: Writer) -> None:
    """What a function made and did not give back can be run no more."""
    w.fetchable, w.updates, w.averages, w.summaries, w.savers, w.variables = [], [], [], [], [], []
