"""Variables and layers: their names as TensorFlow 1.15 gives them, and which of them are one."""

from __future__ import annotations

import pytest

from tests.graph.staged import fetched, is_certain, obstacles, stage, state, wrong

G = 'tf.get_variable("g", [])'
V = 'tf.Variable(1.0, name="v")'


# Each list of names was printed by TensorFlow 1.15 itself.
@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("tf.Variable(1.0); tf.Variable(1.0)", ["Variable", "Variable_1"], id="no names"),
        pytest.param(f"{V}; {V}", ["v", "v_1"], id="the same name twice"),
        pytest.param(f"with tf.variable_scope('a'):\n    {V}; {G}", ["a/v", "a/g"], id="variable scope"),
        pytest.param(f"with tf.name_scope('a'):\n    {V}; {G}", ["a/v", "g"], id="name scope"),
        pytest.param(
            f"with tf.variable_scope('a'):\n    with tf.variable_scope('b'):\n        {G}", ["a/b/g"], id="nested"
        ),
        pytest.param(f"with tf.variable_scope('a'), tf.variable_scope('b'):\n    {G}", ["a/b/g"], id="two in one with"),
        pytest.param(f"with tf.variable_scope('a/b'):\n    {G}", ["a/b/g"], id="name with a slash"),
        pytest.param(f"with tf.variable_scope(''):\n    {G}", ["g"], id="empty name"),
        pytest.param(f"with tf.variable_scope('a', 'b'):\n    {G}", ["a/g"], id="a default that is not used"),
        pytest.param(
            f"for i in range(2):\n    with tf.variable_scope(None, 'b'):\n        {G}",
            ["b/g", "b_1/g"],
            id="default name twice",
        ),
        pytest.param(
            f"with tf.variable_scope('b'):\n    {G}\nwith tf.variable_scope(None, 'b'):\n    {G}",
            ["b/g", "b_1/g"],
            id="default name that a scope has",
            marks=wrong("only default names are counted"),
        ),
        pytest.param(
            f"for n in 'xy':\n    with tf.variable_scope(n):\n        with tf.variable_scope(None, 'b'):\n"
            f"            {G}",
            ["x/b/g", "y/b/g"],
            id="default name in two scopes",
        ),
        pytest.param(
            f"with tf.variable_scope('a'):\n    {V}\nwith tf.variable_scope('a'):\n    {V}",
            ["a/v", "a_1/v"],
            id="scope entered twice",
        ),
        pytest.param(
            "with tf.variable_scope('a'):\n    tf.get_variable('g', [])\n"
            "with tf.variable_scope('a'):\n    tf.get_variable('h', [])",
            ["a/g", "a/h"],
            id="scope entered twice with get_variable",
        ),
        pytest.param(
            f"with tf.variable_scope('a') as s:\n    pass\nwith tf.variable_scope('b'):\n"
            f"    with tf.variable_scope(s):\n        {G}",
            ["a/g"],
            id="scope object is absolute",
        ),
        pytest.param(
            f"with tf.variable_scope('a') as s:\n    pass\nwith tf.variable_scope(s.name + '/b'):\n    {G}",
            ["a/b/g"],
            id="name of a scope",
        ),
        pytest.param(
            "g = tf.get_variable('g', [])\nh = tf.get_variable(g.op.name + 'h', [])",
            ["g", "gh"],
            id="name of an op",
        ),
        pytest.param(
            "g = tf.get_variable('g', [])\nh = tf.get_variable(g.name[:-2] + 'h', [])",
            ["g", "gh"],
            id="name of a tensor",
        ),
        pytest.param(
            "tf.get_variable('g_%d' % 3, []); tf.get_variable('h_{}'.format(3), [])",
            ["g_3", "h_3"],
            id="computed names",
        ),
        pytest.param(
            "tf.train.get_or_create_global_step(); tf.train.get_or_create_global_step()",
            ["global_step"],
            id="global step",
        ),
    ],
)
def test_names_of_variables(text: str, names: list[str]) -> None:
    assert state(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("tf.layers.dense(x, 2); tf.layers.dense(x, 2)", ["dense", "dense_1"], id="no names"),
        pytest.param(
            "tf.layers.dense(x, 2, name='dense'); tf.layers.dense(x, 2)",
            ["dense", "dense_1"],
            id="a name that is a default",
            marks=wrong("only default names are counted"),
        ),
        pytest.param(
            "tf.layers.dense(x, 2); tf.layers.dense(x, 2, name='dense_1'); tf.layers.dense(x, 2)",
            ["dense", "dense_1", "dense_2"],
            id="a name that would be the next",
            marks=wrong("only default names are counted"),
        ),
        pytest.param(
            "for n in 'ab':\n    with tf.variable_scope(n):\n        tf.layers.dense(x, 2)",
            ["a/dense", "b/dense"],
            id="in two scopes",
        ),
        pytest.param(
            "with tf.name_scope('n'):\n    tf.layers.dense(x, 2)\ntf.layers.dense(x, 2)",
            ["dense", "dense_1"],
            id="name scope",
        ),
        pytest.param(
            "tf.contrib.layers.fully_connected(x, 2); tf.contrib.layers.fully_connected(x, 2)",
            ["fully_connected", "fully_connected_1"],
            id="contrib",
        ),
        pytest.param(
            "tf.layers.batch_normalization(x); tf.layers.batch_normalization(x)",
            ["batch_normalization", "batch_normalization_1"],
            id="batch normalization",
        ),
    ],
)
def test_names_of_layers(text: str, names: list[str]) -> None:
    assert state(text, kind="layer") == names


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("with tf.variable_scope('a', reuse=i > 0):", id="reuse"),
        pytest.param("with tf.variable_scope('a', reuse=tf.AUTO_REUSE):", id="AUTO_REUSE"),
        pytest.param("with tf.variable_scope('a') as s:\n        if i > 0: s.reuse_variables()", id="reuse_variables"),
        pytest.param(
            "with tf.variable_scope('a'):\n        if i > 0: tf.get_variable_scope().reuse_variables()",
            id="reuse_variables of the current scope",
        ),
        pytest.param("with tf.variable_scope(tf.get_variable_scope(), reuse=i > 0):", id="the current scope"),
        pytest.param("with tf.variable_scope('a', reuse=None if i == 0 else True):", id="None"),
    ],
)
def test_shared_variables(text: str) -> None:
    program = f"for i in range(2):\n    {text}\n        g = {G}\n        h = tf.layers.dense(x, 2, name='d')"
    staging = stage(program)
    assert [node.kind for node in staging.nodes if node.kind in ("variable", "layer")] == ["variable", "layer"]
    assert staging.obstacles == []
    variable = next(node for node in staging.nodes if node.kind == "variable")
    assert len([place for node, place in staging.touched if node is variable]) == 2


def test_reuse_is_inherited_and_ends_with_the_scope() -> None:
    text = f"with tf.variable_scope('a'):\n    with tf.variable_scope('b'):\n        {G}\n"
    text += f"with tf.variable_scope('a', reuse=True):\n    with tf.variable_scope('b'):\n        {G}\n"
    assert state(text + "with tf.variable_scope('a'):\n    tf.get_variable('new', [])") == ["a/b/g", "a/new"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{G}; {G}", id="made twice"),
        pytest.param(f"with tf.variable_scope('a', reuse=True):\n    {G}", id="never made"),
        pytest.param(f"with tf.variable_scope('a', reuse=flag):\n    {G}", id="reuse that is not known"),
        pytest.param("tf.layers.dense(x, 2, name='d'); tf.layers.dense(x, 2, name='d')", id="layer made twice"),
        pytest.param(f"with tf.variable_scope('a'):\n    {G}\nwith tf.variable_scope('a'):\n    {G}", id="no reuse"),
    ],
)
def test_unclear_sharing_is_refused(text: str) -> None:
    assert "TFM404" in obstacles(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("tf.trainable_variables()", ["a/v", "b/w"], id="trainable"),
        pytest.param("tf.global_variables()", ["a/v", "b/w", "step"], id="global"),
        pytest.param("tf.trainable_variables('a')", ["a/v"], id="scope"),
        pytest.param("tf.trainable_variables(scope='b')", ["b/w"], id="scope by keyword"),
        pytest.param("tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope='a')", ["a/v"], id="collection"),
        pytest.param(
            "tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)", ["a/v", "b/w", "step"], id="all of a collection"
        ),
        pytest.param("[v for v in tf.trainable_variables() if v.name.startswith('b')]", ["b/w"], id="filter by name"),
        pytest.param("[v for v in tf.trainable_variables() if 'a/' in v.name]", ["a/v"], id="filter by part of a name"),
        pytest.param(
            "[v for v in tf.trainable_variables() if v.op.name == 'a/v']",
            ["a/v"],
            id="filter by op name",
        ),
        pytest.param("list(filter(lambda v: 'b' in v.name, tf.trainable_variables()))", ["b/w"], id="filter function"),
    ],
)
def test_collections(text: str, names: list[str]) -> None:
    program = "with tf.variable_scope('a'):\n    tf.get_variable('v', [2, 2])\nwith tf.variable_scope('b'):\n"
    program += "    tf.get_variable('w', [2, 2])\ntf.Variable(0, trainable=False, name='step')\n"
    program += f"loss = tf.reduce_sum(x)\ntf.train.AdamOptimizer().minimize(loss, var_list={text})"
    (train,) = [node for node in stage(program).nodes if node.kind == "train"]
    variables = train.details["variables"]
    assert [node.name for node in variables.items] == names  # type: ignore[attr-defined]


def test_minimize_takes_the_variables_made_so_far() -> None:
    program = "v = tf.get_variable('v', [])\nt = tf.train.AdamOptimizer().minimize(v * v)\nw = tf.get_variable('w', [])"
    (train,) = [node for node in stage(program).nodes if node.kind == "train"]
    assert [node.name for node in train.details["variables"].items] == ["v"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "with tf.variable_scope('s%s' % np.random.randint(2)):\n    tf.get_variable('g', [])\n"
            "y = [v for v in tf.trainable_variables() if 's1' in v.name]",
            id="scope that is not known",
        ),
        pytest.param(
            "with tf.variable_scope('s%s' % np.random.randint(2)):\n    tf.get_variable('g', [])\n"
            "y = tf.trainable_variables('s1')",
            id="collection of a scope that is not known",
        ),
        pytest.param(
            "tf.get_variable(str(np.random.randint(2)), [])\n"
            "y = [v for v in tf.trainable_variables() if v.name == '1:0']",
            id="name that is not known",
        ),
        pytest.param(
            "tf.layers.dense(x, 2); tf.layers.dense(x, 2)\ny = tf.trainable_variables()[:2]",
            id="slice of layers",
        ),
    ],
)
def test_lists_of_variables_that_are_not_certain(text: str) -> None:
    assert not is_certain(text)


def test_number_of_the_variables_of_layers_is_not_guessed() -> None:
    assert fetched("tf.layers.dense(x, 2)\nn = len(tf.trainable_variables())\ny = x if n == 2 else z") != "z"


@pytest.mark.parametrize(
    ("text", "trainable"),
    [
        pytest.param("tf.get_variable('g', [], trainable=False)", False, id="get_variable"),
        pytest.param("tf.Variable(0, False)", False, id="by position"),
        pytest.param("tf.Variable(0, trainable=1 > 2)", False, id="computed"),
        pytest.param("tf.get_variable('g', [], collections=[tf.GraphKeys.LOCAL_VARIABLES])", True, id="local"),
        pytest.param("tf.get_variable('g', [])", True, id="default"),
    ],
)
def test_trainable(text: str, trainable: bool) -> None:
    (node,) = [node for node in stage(text).nodes if node.kind == "variable"]
    assert node.trainable is trainable


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        pytest.param("tf.layers.dense(x, 3, name='a')", ["a/kernel", "a/bias"], id="dense"),
        pytest.param("tf.layers.dense(x, 3, use_bias=False, name='a')", ["a/kernel"], id="without bias"),
        pytest.param("tf.layers.dense(x, 3)", ["dense/kernel", "dense/bias"], id="without a name"),
        pytest.param("tf.layers.batch_normalization(x, name='a')", ["a/gamma", "a/beta"], id="batch normalization"),
        pytest.param("tf.layers.batch_normalization(x, scale=False, name='a')", ["a/beta"], id="without scale"),
        pytest.param("tf.contrib.layers.fully_connected(x, 3, scope='a')", ["a/weights", "a/biases"], id="contrib"),
        pytest.param("tf.layers.dense(x, 3, name='a', trainable=False)", [], id="not trained"),
    ],
)
def test_variables_of_layers(layer: str, names: list[str]) -> None:
    (run,) = stage(f"y = {layer}\nsess.run(tf.trainable_variables())").runs
    assert [node.name for node in run.fetches.items] == names  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param("tf.layers.dense(x, 3, use_bias=flag, name='a')", id="a bias or none"),
        pytest.param("tf.contrib.layers.fully_connected(x, 3, normalizer_fn=tf.nn.relu)", id="normalized"),
    ],
)
def test_variables_of_layers_that_are_not_known(layer: str) -> None:
    (run,) = stage(f"y = {layer}\nsess.run(tf.trainable_variables())").runs
    assert [node.kind for node in run.fetches.items] == ["layer"]  # type: ignore[attr-defined]
