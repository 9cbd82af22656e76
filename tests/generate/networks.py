"""Layers and functions of layers: each takes a tensor of shape ``[batch, width]`` and gives another."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable

from tests.generate import extras
from tests.generate.writer import Input, Module, Tensor, Writer

ACTIVATIONS = ("tf.nn.relu", "tf.nn.sigmoid", "tf.nn.tanh", "tf.tanh", "tf.nn.elu", "tf.sigmoid", "tf.nn.softplus")
Layer = Callable[[Writer, Tensor], Tensor]


def initial(w: Writer, rows: int, columns: int) -> str:
    """An initial value of a matrix."""
    shape = f"[{rows}, {columns}]"
    seed = f", seed={w.number(1, 9)}" if w.chance(0.2) else ""
    return w.one_of(
        (
            f"tf.random_normal({shape}, stddev=0.4{seed})",
            f"tf.truncated_normal({shape}, stddev=0.5{seed})",
            f"tf.random_uniform({shape}, -0.6, 0.6{seed})",
            f"tf.random_uniform(shape={shape}, minval=-1.0, maxval=1.0{seed}) * 0.5",
            f"0.1 * tf.ones({shape}) + tf.random_uniform({shape})",
            f"np.linspace(-0.5, 0.5, {rows * columns}).reshape({rows}, {columns}).astype(np.float32)",
            f"tf.constant(0.2, shape={shape}) + tf.random_normal({shape}, stddev=0.1)",
        )
    )


def initializer(w: Writer) -> str:
    return w.one_of(
        (
            "tf.random_normal_initializer(stddev=0.3)",
            "tf.truncated_normal_initializer(0.0, 0.4)",
            "tf.constant_initializer(0.15)",
            "tf.random_uniform_initializer(-0.5, 0.5)",
            "tf.glorot_uniform_initializer()",
            "tf.variance_scaling_initializer()",
        )
    )


# ------------------------------------------------------------------ layers with variables
def _raw(w: Writer, h: Tensor) -> Tensor:
    units = w.number(1, 5)
    name = f', name="{w.one_of(("W", "kernel", "weights"))}"' if w.chance(0.3) else ""
    kernel = w.bind(f"tf.Variable({initial(w, h.width, units)}{name})", units, frozenset(), "W", "w", "w1")
    bias = w.bind(f"tf.Variable(tf.{w.one_of(('zeros', 'ones'))}([{units}]))", units, frozenset(), "b", "b1")
    _remember(w, kernel, bias)
    product = f"tf.matmul({w.ref(h)}, {w.ref(kernel)})"
    total = w.one_of((f"{product} + {w.ref(bias)}", f"tf.add({product}, {w.ref(bias)})"))
    if w.chance(0.3):
        total = f"tf.nn.bias_add({product}, {w.ref(bias)})"
    if w.chance(0.6):
        total = f"{w.one_of(ACTIVATIONS)}({total})"
    return w.bind(total, units, h.needs, "h", "hidden", "out", "z")


def _scoped(w: Writer, h: Tensor) -> Tensor:
    units = w.number(1, 5)
    scope = w.fresh("fc", "layer", "block", "part")
    kind = "tf.variable_scope" if w.chance(0.9) else "tf.name_scope"
    how = w.chance(0.7)
    shape = f"[{h.width}, {units}]"
    made = f'tf.get_variable("{scope}_w", {shape}'
    made += f", initializer={initializer(w)})" if how else ")"
    with w.block(f'with {kind}("{scope}"):'):
        kernel = w.bind(made, units, frozenset(), "kernel", "W", "weights")
        _remember(w, kernel)
        out = f"tf.matmul({w.ref(h)}, {w.ref(kernel)})"
        if w.chance(0.5):
            zeros = w.one_of(("tf.zeros_initializer()", "tf.constant_initializer(0.1)"))
            bias = w.bind(
                f'tf.get_variable("{scope}_b", shape=[{units}], initializer={zeros})', units, frozenset(), "bias", "b"
            )
            _remember(w, bias)
            out = f"{out} + {w.ref(bias)}"
        if w.chance(0.6):
            out = f"{w.one_of(ACTIVATIONS)}({out})"
        return w.bind(out, units, h.needs, "h", "out", "hidden")


def _dense(w: Writer, h: Tensor) -> Tensor:
    units = w.number(1, 5)
    size = w.setting(units, "hidden_units", "units", "n_hidden")
    return w.bind(f"tf.layers.dense({w.ref(h)}, {size}{_dense_options(w)})", units, h.needs, "h", "hidden", "out")


def _dense_options(w: Writer) -> str:
    parts = []
    if w.chance(0.6):
        parts.append(w.one_of(("activation=", "activation=", "")) + w.one_of(ACTIVATIONS))
    if w.reusing or w.chance(0.3):
        parts.append(f'name="{w.fresh("fc", "proj", "linear")}"')
    if w.chance(0.15):
        parts.append("use_bias=False")
    if w.chance(0.3):
        parts.append(f"kernel_initializer={initializer(w)}")
    if w.chance(0.1) and not w.in_function:
        w.has_regularizer = True
        parts.append("kernel_regularizer=tf.keras.regularizers.l2(0.01)")
    return "".join(f", {part}" for part in parts)


def _helper(w: Writer, h: Tensor) -> Tensor:
    """A call of a function of the module that makes variables."""
    if not w.helpers:
        return _dense(w, h)
    units = w.number(1, 5)
    name = w.one_of(w.helpers)
    act = w.one_of(("", ", tf.nn.relu", ", act=tf.nn.tanh"))
    size = w.setting(units, "layer_size", "n_units")
    return w.bind(f"{w.reach(name)}({w.ref(h)}, {h.width}, {size}{act})", units, h.needs, "h", "hidden", "out")


def define_helper(w: Writer) -> None:
    """A function of the module that makes a layer, as tutorials have."""
    name = w.fresh("add_layer", "fc_layer", "linear", "nn_layer")
    with w.block(f"def {name}(inputs, in_size, out_size, act=None):"):
        if w.chance(0.3):
            w.line('"""A layer of my own."""')
        if w.chance(0.5):
            w.line("Weights = tf.Variable(tf.random_normal([in_size, out_size], stddev=0.3))")
        else:
            w.line("Weights = tf.Variable(tf.truncated_normal(shape=[in_size, out_size], stddev=0.3), name='W')")
        w.line("biases = tf.Variable(tf.zeros([1, out_size]) + 0.1)")
        w.line("y = tf.matmul(inputs, Weights) + biases")
        if w.chance(0.5):
            with w.block("if act is None:"):
                w.line("return y")
            w.line("return act(y)")
        else:
            w.line("return y if act is None else act(y)")
    w.line()
    w.helpers.append(name)


def _loop(w: Writer, h: Tensor) -> Tensor:
    """Layers made in a loop."""
    current = w.bind(w.ref(h), h.width, h.needs, "h", "net", "out")
    index = w.fresh("i", "k", "depth")
    named = f', name="{w.fresh("stack", "tower")}_%d" % {index}' if w.reusing or w.chance(0.5) else ""
    act = w.one_of(ACTIVATIONS)
    if w.chance(0.5):
        units = w.number(2, 4)
        head = f"for {index} in range({w.number(1, 3)}):"
        size = w.setting(units, "depth_units", "size")
    else:
        sizes = [w.number(2, 5) for _ in range(w.number(1, 3))]
        units = sizes[-1]
        size = w.fresh("size", "units", "n")
        head = f"for {index}, {size} in enumerate({sizes}):"
    with w.block(head):
        w.line(f"{w.ref(current)} = tf.layers.dense({w.ref(current)}, {size}, {act}{named})")
    return dataclasses.replace(current, width=units)


def _dicts(w: Writer, h: Tensor) -> Tensor:
    """Weights in dictionaries."""
    units, last = w.number(2, 5), w.number(1, 4)
    weights, biases = w.fresh("weights", "params"), w.fresh("biases", "offsets")
    with w.block(f"{w.ref(weights)} = {{"):
        w.line(f'"h1": tf.Variable({initial(w, h.width, units)}),')
        w.line(f'"out": tf.Variable({initial(w, units, last)}),')
    w.line("}")
    w.line(f'{w.ref(biases)} = {{"h1": tf.Variable(tf.zeros([{units}])), "out": tf.Variable(tf.ones([{last}]))}}')
    ws, bs = w.ref(weights), w.ref(biases)
    if not w.in_function:
        w.variables += [f'{weights}["h1"]', f'{biases}["out"]']
    first = f'tf.add(tf.matmul({w.ref(h)}, {ws}["h1"]), {bs}["h1"])'
    mid = w.bind(f"tf.nn.sigmoid({first})", units, h.needs, "layer_1", "hidden")
    return w.bind(f'tf.matmul({w.ref(mid)}, {ws}["out"]) + {bs}["out"]', last, h.needs, "out", "layer_2")


def _branch(w: Writer, h: Tensor) -> Tensor:
    """A layer that a host condition chooses."""
    flag, units = w.fresh("use_relu", "flag", "deep"), w.number(2, 4)
    w.line(f"{flag} = {w.one_of(('True', 'False'))}")
    out = w.fresh("h", "hidden", "out")
    with w.block(f"if {flag}:"):
        w.line(f"{w.ref(out)} = tf.layers.dense({w.ref(h)}, {units}, tf.nn.relu)")
    with w.block("else:"):
        w.line(f"{w.ref(out)} = tf.layers.dense({w.ref(h)}, {units})")
    return Tensor(out, units, h.needs, w.in_function)


def _convolution(w: Writer, h: Tensor) -> Tensor:
    filters = w.number(1, 3)
    image = w.bind(f"tf.reshape({w.ref(h)}, [-1, {h.width}, 1, 1])", 0, h.needs, "image", "x_image")
    if w.chance(0.5):
        name = f', name="{w.fresh("conv")}"' if w.reusing else ""
        conv = f'tf.layers.conv2d({w.ref(image)}, {filters}, [2, 1], padding="same", activation=tf.nn.relu{name})'
        maps = w.bind(conv, 0, h.needs, "conv", "maps")
    else:
        kernel = w.bind(f"tf.Variable(tf.truncated_normal([2, 1, 1, {filters}], stddev=0.3))", 0, frozenset(), "K")
        conv = f'tf.nn.conv2d({w.ref(image)}, {w.ref(kernel)}, strides=[1, 1, 1, 1], padding="SAME")'
        maps = w.bind(conv, 0, h.needs, "conv", "maps")
    width = h.width * filters
    flat = w.one_of((f"tf.reshape({w.ref(maps)}, [-1, {width}])", f"tf.layers.flatten({w.ref(maps)})"))
    return w.bind(flat, width, h.needs, "flat", "h")


def _recurrent(w: Writer, h: Tensor) -> Tensor:
    units = w.number(2, 3)
    steps = w.bind(f"tf.reshape({w.ref(h)}, [-1, {h.width}, 1])", 0, h.needs, "sequence", "steps")
    cell = w.fresh("cell", "rnn")
    kind = w.one_of(("BasicRNNCell", "BasicLSTMCell", "GRUCell", "LSTMCell"))
    outputs, state = w.fresh("outputs", "outs"), w.fresh("state", "last")
    scope = f'with tf.variable_scope("{w.fresh("rnn", "enc", "recurrent")}"):'
    with w.block(scope):
        w.line(f"{w.ref(cell)} = tf.nn.rnn_cell.{kind}({units})")
        run = f"tf.nn.dynamic_rnn({w.ref(cell)}, {w.ref(steps)}, dtype=tf.float32)"
        w.line(f"{w.ref(outputs)}, {w.ref(state)} = {run}")
    return w.bind(f"{w.ref(outputs)}[:, -1, :]", units, h.needs, "last_output", "h")


def _embedding(w: Writer, h: Tensor) -> Tensor:
    """Rows of a table beside the features, or gathered by numbers that are fed."""
    if w.in_function:
        return _dense(w, h)
    units, rows = w.number(1, 3), w.number(4, 6)
    ids = w.fresh("ids", "words", "index")
    w.line(f"{w.ref(ids)} = tf.placeholder(tf.{w.one_of(('int32', 'int64'))}, [None])")
    w.inputs[ids] = Input(ids, "c_data")
    table = w.bind(f"tf.Variable({initial(w, rows, units)})", units, frozenset(), "table", "embeddings")
    _remember(w, table)
    look = w.one_of(("tf.nn.embedding_lookup", "tf.gather"))
    row = w.bind(f"{look}({w.ref(table)}, {w.ref(ids)})", units, frozenset({ids}), "embed", "row")
    return w.bind(f"tf.concat([{w.ref(h)}, {w.ref(row)}], 1)", h.width + units, h.needs | {ids}, "joined", "h")


def _tied(w: Writer, h: Tensor) -> Tensor:
    """One matrix that is used there and back."""
    units = w.number(1, 4)
    kernel, bias = w.fresh("W", "W1"), w.fresh("b", "b1")
    first = f"tf.Variable({initial(w, h.width, units)})"
    second = f"tf.Variable(tf.zeros([{units}]))"
    if w.chance(0.5):
        w.line(f"{w.ref(kernel)}, {w.ref(bias)} = {first}, {second}")
    else:
        w.line(f"{w.ref(kernel)} = {first}; {w.ref(bias)} = {second}")
    if not w.in_function:
        w.variables += [kernel, bias]
    act = w.one_of(ACTIVATIONS)
    code = w.bind(f"{act}(tf.matmul({w.ref(h)}, {w.ref(kernel)}) + {w.ref(bias)})", units, h.needs, "code", "h")
    if w.chance(0.5):
        back = f"tf.matmul({w.ref(code)}, tf.transpose({w.ref(kernel)}))"
    else:
        back = f"tf.matmul({w.ref(code)}, {w.ref(kernel)}, transpose_b=True)"
    return w.bind(back, h.width, h.needs, "decoded", "back")


def _closure(w: Writer, h: Tensor) -> Tensor:
    """A function inside that reads names around it, some of which change later."""
    name, scale = w.fresh("block", "project", "apply"), w.fresh("scale", "gain", "k")
    units = w.number(2, 4)
    w.line(f"{scale} = {w.decimal(0.5, 2)}")
    with w.block(f"def {name}(t, n={units}):"):
        if w.chance(0.5):
            w.line(f"t = tf.layers.dense(t, n, activation={w.one_of(ACTIVATIONS)})")
        else:
            w.line(f"t = tf.matmul(t, tf.Variable(tf.random_normal([{h.width}, n])))")
        w.line(f"return t * {scale}")
    out = w.bind(f"{name}({w.ref(h)})", units, h.needs, "h", "out")
    if w.chance(0.3):
        w.line(f"{scale} = {scale} + 1")
    return out


# ------------------------------------------------------------------ layers without variables
def _captured(w: Writer, h: Tensor) -> Tensor:
    """An array or a number of the host that goes into the graph and then changes."""
    name = w.fresh("mask", "scale", "offsets")
    if w.chance(0.5):
        w.line(f"{name} = np.linspace(0.5, 1.5, {h.width}).astype(np.float32)")
        change = w.one_of((f"{name}[0] = 7.0", f"{name} = {name} * 2", ""))
        how = w.one_of((f"{w.ref(h)} * {name}", f"{w.ref(h)} + tf.constant({name})"))
    else:
        w.line(f"{name} = {w.decimal(0.5, 2)}")
        change = w.one_of((f"{name} = 3.0", f"{name} *= 2", ""))
        how = w.one_of((f"{w.ref(h)} * {name}", f"tf.multiply({w.ref(h)}, {name})"))
    out = w.bind(how, h.width, h.needs, "h", "masked")
    if change and w.chance(0.5):
        w.line(change)
    return out


def _noise(w: Writer, h: Tensor) -> Tensor:
    at = w.ref(h)
    noise = w.one_of((f"tf.random_normal(tf.shape({at}))", f"tf.random_uniform(tf.shape({at}), -0.1, 0.1)"))
    return w.bind(f"{at} + 0.1 * {noise}", h.width, h.needs, "noisy", "h")


def _input_gradient(w: Writer, h: Tensor) -> Tensor:
    """The gradient of something by what it was computed from."""
    at = w.ref(h)
    top = w.bind(f"tf.reduce_sum(tf.square({at}) * 0.5 + tf.sin({at}))", 0, h.needs, "energy", "top")
    return w.bind(f"tf.gradients({w.ref(top)}, {at})[0]", h.width, h.needs, "grad", "direction")


def _element(w: Writer, h: Tensor) -> Tensor:
    at = w.ref(h)
    keep = w.number(1, h.width)
    options = [
        (f"tf.nn.relu({at})", h.width),
        (f"tf.square({at})", h.width),
        (f"{at} * {w.decimal(0.2, 1.5)}", h.width),
        (f"-{at} + 0.5", h.width),
        (f"{at}[:, :{keep}]", keep),
        (f"tf.concat([{at}, {at}], 1)", 2 * h.width),
        (f"tf.concat([{at}, tf.tanh({at})], axis=1)", 2 * h.width),
        (f"{at} - tf.reduce_mean({at}, axis=1, keep_dims=True)", h.width),
        (f"{at} - tf.reduce_mean({at}, 1, keep_dims=True)", h.width),
        (f"tf.nn.l2_normalize({at} + 0.3, 1)", h.width),
        (f"tf.nn.softmax({at})", h.width),
        (f"tf.identity({at})", h.width),
        (f"tf.clip_by_value({at}, -1.0, 1.0)", h.width),
        (f"tf.where({at} > 0, {at}, 0.1 * {at})", h.width),
        (f"tf.reduce_sum({at}, axis=1, keep_dims=True)", 1),
        (f"tf.reduce_max({at}, reduction_indices=[1], keep_dims=True)", 1),
        (f"tf.transpose(tf.transpose({at}))", h.width),
        (f"tf.to_float({at})", h.width),
        (f"tf.expand_dims({at}[:, 0], 1)", 1),
        (f"tf.split({at}, {h.width}, 1)[0]", 1),
        (f"tf.stack([{at}, {at}], axis=0)[1]", h.width),
        (f"tf.stop_gradient({at}) + {at}", h.width),
        (f"tf.log(tf.exp({at}) + 1.0)", h.width),
        (f"tf.reshape({at}, [tf.shape({at})[0], {h.width}])", h.width),
    ]
    expression, width = w.one_of(options)
    return w.bind(expression, width, h.needs, "h", "z", "feature", "t")


def _dropout(w: Writer, h: Tensor) -> Tensor:
    at = w.ref(h)
    if w.in_function or w.chance(0.3):
        how = w.one_of((f"tf.nn.dropout({at}, 0.8)", f"tf.nn.dropout({at}, keep_prob=0.7)"))
        return w.bind(how, h.width, h.needs, "h", "dropped")
    if w.chance(0.5):
        keep = w.fresh("keep_prob", "keep")
        if w.chance(0.4):
            default = w.one_of(("1.0", "0.9"))
            w.line(f"{w.ref(keep)} = tf.placeholder_with_default({default}, shape=[])")
            w.inputs[keep] = Input(keep, "0.5", has_default=True, is_batch=False)
        else:
            w.line(f"{w.ref(keep)} = tf.placeholder(tf.float32)")
            w.inputs[keep] = Input(keep, w.one_of(("0.5", "0.8", "1.0", "1")), is_batch=False)
        return w.bind(f"tf.nn.dropout({at}, {w.ref(keep)})", h.width, h.needs | {keep}, "h", "dropped")
    training = _training(w)
    return w.bind(
        f"tf.layers.dropout({at}, rate=0.4, training={w.ref(training)})", h.width, h.needs | {training}, "h", "dropped"
    )


def _training(w: Writer) -> str:
    """The name of a placeholder that says whether this is training."""
    for name, known in w.inputs.items():
        if known.feed in ("True", "False"):
            return name
    name = w.fresh("is_training", "training", "phase")
    if w.chance(0.5):
        w.line(f"{w.ref(name)} = tf.placeholder_with_default(False, [], name='{name}')")
        w.inputs[name] = Input(name, "True", has_default=True, is_batch=False)
    else:
        w.line(f"{w.ref(name)} = tf.placeholder(tf.bool)")
        w.inputs[name] = Input(name, w.one_of(("True", "False")), is_batch=False)
    return name


def _batch_norm(w: Writer, h: Tensor) -> Tensor:
    if w.in_function:
        return _dense(w, h)
    training = _training(w)
    w.has_batch_norm = True
    normal = f"tf.layers.batch_normalization({w.ref(h)}, training={w.ref(training)})"
    return w.bind(normal, h.width, h.needs | {training}, "bn", "h")


def _conditional(w: Writer, h: Tensor) -> Tensor:
    return _noise(w, h) if w.in_function else extras.conditional(w, h, _training(w))


def _lambda(w: Writer, h: Tensor) -> Tensor:
    act = w.fresh("leaky", "act", "squash")
    w.line(f"{act} = lambda v: tf.maximum(v, {w.decimal(0.1, 0.3)} * v)")
    return w.bind(f"{act}({w.ref(h)})", h.width, h.needs, "h", "out")


def _list(w: Writer, h: Tensor) -> Tensor:
    """A list of tensors that is joined."""
    parts, count = w.fresh("parts", "branches"), w.number(2, 3)
    if w.chance(0.5) and not w.reusing:
        w.line(f"{w.ref(parts)} = [tf.layers.dense({w.ref(h)}, 2, tf.nn.tanh) for _ in range({count})]")
    else:
        w.line(f"{w.ref(parts)} = []")
        index = w.fresh("i", "j")
        named = f', name="{w.fresh("head", "arm")}{{}}".format({index})' if w.reusing else ""
        with w.block(f"for {index} in range({count}):"):
            w.line(f"{w.ref(parts)}.append(tf.layers.dense({w.ref(h)}, 2, activation=tf.nn.relu{named}))")
    return w.bind(f"tf.concat({w.ref(parts)}, axis=1)", 2 * count, h.needs, "joined", "h")


def _remember(w: Writer, *tensors: Tensor) -> None:
    if not w.in_function:
        w.variables += [tensor.name for tensor in tensors]


WITH_VARIABLES: tuple[tuple[Layer, float], ...] = (
    (_raw, 5),
    (_scoped, 4),
    (_dense, 6),
    (_helper, 3),
    (_loop, 2),
    (_dicts, 2),
    (_branch, 0.2),
    (_convolution, 1),
    (_recurrent, 1),
    (_list, 0.3),
    (_batch_norm, 1),
    (_embedding, 2),
    (_tied, 2),
    (_closure, 0.5),
)
WITHOUT: tuple[tuple[Layer, float], ...] = (
    (_element, 8),
    (_dropout, 3),
    (_lambda, 1),
    (_captured, 2),
    (_noise, 1),
    (_conditional, 1),
    (_input_gradient, 1),
)
# Layers whose variables are found again by their names.
SHARED: tuple[tuple[Layer, float], ...] = ((_scoped, 3), (_dense, 5), (_loop, 1), (_list, 1), (_element, 2))


def _draw(w: Writer, layers: tuple[tuple[Layer, float], ...]) -> Layer:
    return w.random.choices([layer for layer, _ in layers], [weight for _, weight in layers])[0]


def grow(w: Writer, h: Tensor, *, remember: bool = True) -> Tensor:
    """One to four layers on top of a tensor."""
    for _ in range(w.number(1, 3)):
        h = _draw(w, SHARED if w.reusing else WITH_VARIABLES)(w, h)
        if not w.reusing and w.chance(0.4):
            h = _draw(w, WITHOUT)(w, h)
        if h.width > 12:
            h = w.bind(f"{w.ref(h)}[:, :6]", 6, h.needs, "h", "cut")
        if remember and w.chance(0.4):
            w.fetchable.append(h)
    return h


def call_function(w: Writer, h: Tensor, at: Module | None = None) -> list[Tensor]:
    """A network in a function (of another file, if one is given), called once or twice: same variables or others."""
    name = w.fresh("build", "network", "mlp", "encoder", "model", "call", "net")
    sharing = w.one_of(("none", "reuse", "auto", "scope"))
    argument = w.fresh("x_in", "inputs", "x")
    outer_taken = set(w.taken)
    parameters = {"none": "", "reuse": ", reuse=False", "auto": "", "scope": ", scope"}[sharing]
    head = {
        "none": "",
        "reuse": f'with tf.variable_scope("{name}_vars", reuse=reuse):',
        "auto": f'with tf.variable_scope("{name}_vars", reuse=tf.AUTO_REUSE):',
        "scope": "with tf.variable_scope(scope):",
    }[sharing]
    w.in_function, w.reusing = True, sharing != "none"
    with (
        w.file(at) if at else contextlib.nullcontext(),
        w.block(f"def {name}({argument}{parameters}):"),
        w.block(head) if head else contextlib.nullcontext(),
    ):
        inner = Tensor(argument, h.width, frozenset(), is_local=True)
        out = grow(w, inner, remember=False)
        w.line(f"return {w.ref(out)}")
    if at:
        w.homes[name] = at
    w.in_function = w.reusing = False
    w.taken = outer_taken | {name} if w.chance(0.5) else w.taken  # names of the function may come again outside
    w.line()
    first, second = {
        "none": ("", ""),
        "reuse": ("", ", reuse=True"),
        "auto": ("", ""),
        "scope": (', "first"', w.one_of((', "second"', ', scope="other"'))),
    }[sharing]
    results = [w.bind(f"{w.reach(name)}({w.ref(h)}{first})", out.width, h.needs, "out", "y1", "pred")]
    if w.chance(0.5):
        other = w.one_of((w.ref(h), f"{w.ref(h)} * 2.0", f"-{w.ref(h)}"))
        results.append(w.bind(f"{w.reach(name)}({other}{second})", out.width, h.needs, "again", "y2", "other"))
    return results
