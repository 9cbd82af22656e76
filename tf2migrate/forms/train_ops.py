"""``create_train_op`` and ``optimize_loss``: train ops that run the update ops and give the loss."""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.convenience import Writing
from tf2migrate.graph.conveniences import REPEAT, STACK
from tf2migrate.graph.values import Const, Function, Node, Optimizer, Symbol

# What `optimize_loss` knows by name.
OPTIMIZERS = {
    "Adagrad": "train.AdagradOptimizer({rate})",
    "Adam": "train.AdamOptimizer({rate})",
    "Ftrl": "train.FtrlOptimizer({rate})",
    "Momentum": "train.MomentumOptimizer({rate}, momentum=0.9)",
    "RMSProp": "train.RMSPropOptimizer({rate})",
    "SGD": "train.GradientDescentOptimizer({rate})",
}
STEP = "train.get_or_create_global_step()"
STEPS = "tf.train.get_or_create_global_step"


def created_train_op(writing: Writing) -> list[str]:
    """``slim.learning.create_train_op(total_loss, optimizer, ...)``."""
    writing.check_only(
        "total_loss", "optimizer", "global_step", "update_ops", "variables_to_train", "check_numerics",
        "clip_gradient_norm",
    )  # fmt: skip
    clip = writing.value("clip_gradient_norm")
    if clip is not None and not (isinstance(clip, Const) and clip.value in (0, None)):
        raise writing.refused("the gradients of this train op are clipped one by one, which is not rewritten yet")
    checked = writing.value("check_numerics")
    if checked is not None and not isinstance(checked, Const):
        raise writing.refused("whether this train op checks its loss is not known")
    lines, loss = _loss(writing, "total_loss")
    given = writing.text("global_step")
    step = "" if given and writing.is_none("global_step") else given or _known_step(writing)
    options = f", global_step={step}" if step else ""
    options += "" if writing.is_none("variables_to_train") else f", var_list={writing.text('variables_to_train')}"
    update = writing.fresh("update")
    lines += _behind_updates(writing, f"{update} = {writing.called('optimizer')}.minimize({loss}{options})")
    value = f"{writing.tf}.identity({loss})"
    if checked is None or checked.value:
        value = f'{writing.tf}.check_numerics({loss}, "LossTensor is inf or nan")'
    return [*lines, *_result(writing, update, value)]


def optimized_loss(writing: Writing) -> list[str]:
    """``tf.contrib.layers.optimize_loss(loss, global_step, learning_rate, optimizer, ...)``."""
    writing.check_only(
        "loss", "global_step", "learning_rate", "optimizer", "clip_gradients", "learning_rate_decay_fn", "update_ops",
        "variables", "name", "summaries", "increment_global_step",
    )  # fmt: skip
    _check_summaries(writing)
    lines, loss = _loss(writing, "loss")
    counts = writing.value("increment_global_step")
    if counts is not None and not isinstance(counts, Const):
        raise writing.refused("whether this train op counts its steps is not known")
    step = _known_step(writing) if writing.is_none("global_step") else writing.text("global_step")
    optimizer = _optimizer(writing, step)
    if not optimizer.isidentifier():
        name = writing.fresh("optimizer")
        lines.append(f"{name} = {optimizer}")
        optimizer = name
    counted = f", global_step={step}" if step and (counts is None or counts.value) else ""
    update = writing.fresh("update")
    chosen = "" if writing.is_none("variables") else f", var_list={writing.text('variables')}"
    clip = writing.value("clip_gradients")
    if writing.is_none("clip_gradients"):
        lines += _behind_updates(writing, f"{update} = {optimizer}.minimize({loss}{counted}{chosen})")
    elif isinstance(clip, Const) and isinstance(clip.value, float):
        gradients, variables, _ = (writing.fresh(n) for n in ("gradients", "variables", "norm"))
        lines += _behind_updates(
            writing,
            f"{gradients}, {variables} = zip(*{optimizer}.compute_gradients({loss}{chosen}))",
            f"{gradients}, _ = {writing.tf}.clip_by_global_norm({gradients}, {writing.text('clip_gradients')})",
            f"{update} = {optimizer}.apply_gradients(zip({gradients}, {variables}){counted})",
        )
    else:
        raise writing.refused("how the gradients of this train op are clipped is not known")
    return [*lines, *_result(writing, update, f"{writing.tf}.identity({loss})")]


def _loss(writing: Writing, parameter: str) -> tuple[list[str], str]:
    """The loss under a name, and the statement that gives it one."""
    found, text = writing.expression(parameter), writing.text(parameter)
    if isinstance(found, cst.Name | cst.Attribute):
        return [], text
    name = writing.fresh("loss")
    return [f"{name} = {text}"], name


def _known_step(writing: Writing) -> str:
    """The global step, where the program has one: otherwise nothing shows that it is counted."""
    if any(node.op == STEPS or node.name == "global_step" for node in writing.staging.nodes):
        return f"{writing.tf}.{STEP}"
    return ""


def _behind_updates(writing: Writing, *lines: str) -> list[str]:
    """Statements that run the update ops as well."""
    if not writing.is_none("update_ops"):
        ops = writing.text("update_ops")
    elif _may_update(writing):
        ops = f"{writing.tf}.get_collection({writing.tf}.GraphKeys.UPDATE_OPS)"
    else:
        return list(lines)
    return ["\n".join([f"with {writing.tf}.control_dependencies({ops}):", *(f"    {line}" for line in lines), ""])]


def _may_update(writing: Writing) -> bool:
    """Whether the graph may have update ops, also of layers that are not written out yet."""
    staging = writing.staging
    layers = any(one.name in (REPEAT, STACK) for one in staging.conveniences)
    return layers or bool(staging.normalized) or any(one.updates for one in writing.same)


def _result(writing: Writing, update: str, value: str) -> list[str]:
    """The loss, fetched with the update."""
    head = f"with {writing.tf}.control_dependencies([{update}]):"
    return [f"{head}\n    {writing.result('train_op')} = {value}\n"]


def _check_summaries(writing: Writing) -> None:
    """The summaries of a train op show only where all of the graph are merged."""
    given = writing.expression("summaries")
    if isinstance(given, cst.List | cst.Tuple) and not given.elements:
        return
    seen = [v for o in writing.staging.observations.values() for v in (each.value for each in o)]
    if any(isinstance(v, Symbol) and v.name.startswith("tf.summary.merge_all") for v in seen):
        raise writing.refused("the summaries of this train op are merged with the others, which is not rewritten yet")


def _optimizer(writing: Writing, step: str) -> str:
    """The optimizer as an expression."""
    given = writing.value("optimizer")
    if isinstance(given, Optimizer):
        return writing.text("optimizer")
    value = writing.value("learning_rate")
    if not (isinstance(value, Node) or (isinstance(value, Const) and isinstance(value.value, float))):
        raise writing.refused("the learning rate of this train op is not known to be a float or a tensor")
    rate = writing.text("learning_rate")
    if not writing.is_none("learning_rate_decay_fn"):
        if not step:
            raise writing.refused("the learning rate of this train op decays without a step")
        rate = _applied(writing, "learning_rate_decay_fn", [rate, step])
    match given:
        case Const(value=str(name)) if name in OPTIMIZERS:
            return f"{writing.tf}." + OPTIMIZERS[name].format(rate=rate)
        case Symbol(name=name) if name.endswith("Optimizer"):
            return f"{writing.called('optimizer')}(learning_rate={rate})"
        case Function():
            return _applied(writing, "optimizer", [rate])
    raise writing.refused("the optimizer of this train op is not known")


def _applied(writing: Writing, parameter: str, arguments: list[str]) -> str:
    """A function of the program called with arguments; a lambda with its parameters replaced."""
    function = writing.expression(parameter)
    if not isinstance(function, cst.Lambda):
        return f"{writing.called(parameter)}({', '.join(arguments)})"
    params = [param.name.value for param in function.params.params]
    plain = len(params) == len(arguments) and not function.params.kwonly_params
    if not plain or function.params.star_kwarg is not None or isinstance(function.params.star_arg, cst.Param):
        raise writing.refused(f"the function given for `{parameter}` is not followed")
    values = {name: cst.parse_expression(text) for name, text in zip(params, arguments, strict=True)}
    body = function.body.visit(_Inserting(values))
    assert isinstance(body, cst.BaseExpression)
    return writing.module.tree.code_for_node(body)


class _Inserting(cst.CSTTransformer):
    def __init__(self, values: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.values = values

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        return None

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        found = self.values.get(original_node.value)
        if found is None:
            return updated_node
        simple = isinstance(found, cst.Name | cst.Attribute | cst.Call | cst.Float | cst.Integer)
        return found if simple else found.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
