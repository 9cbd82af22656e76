"""Parts of programs that stand in files of their own: settings, losses, steps of training, classes that train."""

from __future__ import annotations

from tests.generate import networks, sessions, training
from tests.generate.writer import Input, Module, Settings, Tensor, Train, Writer

Graph = tuple[list[Tensor], list[Train]]


def write_settings(w: Writer, kept: Settings) -> None:
    """The module of settings, with all that other files came to ask of it."""
    if not kept.held:
        return
    with w.file(kept.module):
        if kept.form == "constants":
            for name, value in kept.held.items():
                w.line(f"{name} = {value}")
            return
        if kept.form == "flags":
            w.line("flags = tf.app.flags")
            for name, value in kept.held.items():
                kind = "integer" if value.isdigit() else "float"
                w.line(f'flags.DEFINE_{kind}("{name}", {value}, "{w.one_of(("how many", "of the network", ""))}")')
            w.line("FLAGS = flags.FLAGS")
            return
        with w.block(f"class Config{w.one_of(('', '(object)'))}:"):
            for name, value in kept.held.items():
                w.line(f"{name} = {value}")
        if kept.form == "object":
            w.line()
            w.line("default_config = Config()")


def loss_function(w: Writer, at: Module, out: Tensor, labels: str) -> Tensor:
    """A function of another file makes the loss."""
    name = w.fresh("compute_loss", "loss_fn", "objective")
    kept, regularized = w.variables, w.has_regularizer
    with w.file(at):
        first, second = w.fresh("logits", "pred", "y_hat"), w.fresh("labels", "target", "truth")
        w.in_function, w.variables = True, []
        with w.block(f"def {name}({first}, {second}):"):
            made = training.make_loss(w, Tensor(first, out.width, frozenset(), is_local=True), second, "")
            w.line(f"return {made.name}")
        w.line()
        w.in_function, w.variables, w.has_regularizer = False, kept, regularized
        w.homes[name] = at
    given = w.one_of((f"{w.ref(out)}, {w.ref(labels)}", f"{w.ref(out)}, {second}={w.ref(labels)}"))
    return w.bind(f"{w.reach(name)}({given})", 0, out.needs | {labels}, "loss", "cost")


def train_function(w: Writer, at: Module, loss: Tensor) -> Train:
    """A function of another file makes the op that trains."""
    name = w.fresh("training", "make_train_op", "optimize")
    kept = w.variables, w.fetchable, w.updates
    with w.file(at):
        parameter = w.fresh("loss", "total_loss", "objective")
        w.in_function, w.variables, w.fetchable, w.updates = True, [], [], []
        with w.block(f"def {name}({parameter}):"):
            made = training.make_train(w, Tensor(parameter, 0, frozenset(), is_local=True))
            w.line(f"return {made.name}")
        w.line()
        w.in_function = False
        w.variables, w.fetchable, w.updates = kept
        w.homes[name] = at
    op = w.bind(f"{w.reach(name)}({w.ref(loss)})", 0, loss.needs, "train_op", "train_step")
    return Train(op.name, loss.needs)


def define_step(w: Writer) -> str:
    """A function that is handed the session and the ops, and trains once."""
    name, session = w.fresh("train_step", "one_step", "step_once"), w.one_of(("sess", "session"))
    op, loss, feed = w.one_of((("op", "goal", "feed"), ("train_op", "loss", "feed_dict"), ("a", "b", "c")))
    with w.block(f"def {name}({session}, {op}, {loss}, {feed}):"):
        if w.chance(0.5):
            w.line(f"_, value = {session}.run([{op}, {loss}], feed_dict={feed})")
            w.line("return value")
        else:
            w.line(f"{session}.run({op}, feed_dict={feed})")
            w.line(f"return {session}.run({loss}, feed_dict={feed})")
    w.line()
    return name


def trainer_class(w: Writer, name: str, parameter: str, graph: Graph) -> None:
    """A class that holds the network and the session, and has a method that runs."""
    with w.block(f"class {name}(object):"):
        with w.block(f"def __init__(self, {parameter}, sess):"):
            w.line(f"self.{parameter} = {parameter}")
            w.line("self.sess = sess")
        w.line()
        with w.block("def run(self):"):
            w.holder = f"self.{parameter}."
            sessions.Runs(w, *graph).write_within("self.sess")


def phase_class(w: Writer, name: str) -> Graph:
    """A class whose objects share variables: the one that trains has an optimizer, too."""
    width, out = int(w.inputs.pop("width").name), int(w.inputs.pop("out").name)
    flag = w.fresh("is_training", "training", "train_mode")
    with w.block(f"class {name}(object):"), w.block(f"def __init__(self, {flag}):"):
        w.holder = "self."
        x, y = w.fresh("x", "inputs"), w.fresh("y", "targets")
        w.line(f"{w.ref(x)} = tf.placeholder(tf.float32, [None, {width}])")
        w.line(f"{w.ref(y)} = tf.placeholder(tf.float32, [None, {out}])")
        w.inputs[x], w.inputs[y] = Input(x, "x_data"), Input(y, "y_data")
        w.reusing = True
        h = networks.grow(w, Tensor(x, width, frozenset({x})))
        if w.chance(0.3):
            with w.block(f"if {flag}:"):
                w.line(f"{w.ref(h)} = tf.nn.dropout({w.ref(h)}, 0.8)")
        last = w.bind(f'tf.layers.dense({w.ref(h)}, {out}, name="last")', out, h.needs, "out", "logits")
        w.reusing = False
        w.fetchable.append(last)
        loss = training.make_loss(w, last, y, "")
        shown = list(w.fetchable)
        if w.chance(0.5):
            with w.block(f"if not {flag}:"):
                w.line("return")
            train = training.make_train(w, loss)
        else:
            with w.block(f"if {flag}:"):
                train = training.make_train(w, loss)
        w.fetchable, w.updates = shown, []
    w.line()
    return [loss], [train]


def run_phases(w: Writer, made: str, graph: Graph) -> None:
    """Both objects in one graph: one trains, the other is looked at."""
    first, second = w.fresh("m", "train_model", "trained"), w.fresh("mtest", "test_model", "tested")
    how = w.one_of(("scope", "nested", "auto"))
    reuse = ", reuse=tf.AUTO_REUSE" if how == "auto" else ""
    with w.block(f'with tf.variable_scope("model"{reuse}):'):
        w.line(f"{first} = {made}(True)")
        if how == "nested":
            w.line("tf.get_variable_scope().reuse_variables()")
            w.line(f"{second} = {made}(False)")
    if how != "nested":
        shared = reuse or ", reuse=True"
        with w.block(f'with tf.variable_scope("model"{shared}):'):
            w.line(f"{second} = {made}(False)")
    w.line()
    runs = sessions.Runs(w, *graph)
    session = w.fresh("sess", "session")
    with w.block(f"with tf.Session() as {session}:"):
        w.line(f"{session}.run(tf.global_variables_initializer())")
        w.holder = f"{first}."
        runs.train_then_look(session, f"{second}.")
