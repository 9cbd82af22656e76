"""`where`, conditionals, loops and the arithmetic whose meaning hangs on shapes or dtypes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from tf2migrate.api.call_site import CallSite, respelled
from tf2migrate.api.calls_model import Call, Kept, Refused
from tf2migrate.api.definitions import defined
from tf2migrate.api.evidence import dtype_of, has_shape_of, is_floating, is_scalar
from tf2migrate.api.literals import expression


def where(site: CallSite) -> Call | Kept | Refused:
    """TF1 selects rows where the condition is a vector; TF2 broadcasts. Equal if all shapes are one shape.

    Where the shapes are open, a function looks.
    """
    condition, x, y = site.text("condition"), site.text("x"), site.text("y")
    if not x or not y or site.defaulted("x"):
        return respelled(site, "tf.where")
    ranks = site.facts.ranks
    condition_rank = ranks.get("condition")
    value_rank = next((rank for rank in (ranks.get("x"), ranks.get("y")) if rank is not None), None)
    alike = has_shape_of(condition, x, y) or is_scalar(x) or is_scalar(y)
    if alike or (condition_rank is not None and condition_rank != 1) or value_rank in (0, 1):
        return respelled(site, "tf.where")
    if condition_rank == 1 and value_rank is not None:
        rows = f"{site.tf}.reshape({condition}, [-1{', 1' * (value_rank - 1)}])"
        given = dict(site.given) | {"condition": rows}
        parts = [given[p] if p in site.by_place else f"{p}={given[p]}" for p in given]
        return Call(f"{site.tf}.where({', '.join(parts)})")
    return Call(f"where_by_rows({condition}, {x}, {y})", (defined("where_by_rows", site.tf),))


def cond(site: CallSite) -> Call | Kept | Refused:
    """TF1 unpacks a list of one tensor, TF2 returns it as a list."""
    branches = [site.first("true_fn", "fn1"), site.first("false_fn", "fn2")]
    if site.defaulted("strict") and any(_returns_one_in_a_list(branch) for branch in branches):
        return Refused(
            f"`{site.spelled}` of TensorFlow 1 unpacks a list of one tensor, TensorFlow 2 returns the list",
            "Let the branches return the tensor itself",
            "TFM302",
        )
    return respelled(site, "tf.cond", {"fn1": "true_fn", "fn2": "false_fn"}, ("strict",))


def case(site: CallSite) -> Call | Kept | Refused:
    """Eagerly TF2 takes pairs in a list only; the order of a dict matters where several conditions may hold."""
    pairs = expression(site.text("pred_fn_pairs"))
    if not isinstance(pairs, ast.Dict):
        return respelled(site, "tf.case")
    if not site.says("exclusive", "True") or None in pairs.keys:
        reason = "TensorFlow 1 tries the conditions of a dict in the order of their names in the graph"
        return Refused(reason, "Write the pairs as a list", "TFM302")
    items = zip(pairs.keys, pairs.values, strict=True)
    listed = ", ".join(f"({ast.unparse(key)}, {ast.unparse(value)})" for key, value in items if key is not None)
    given = dict(site.given) | {"pred_fn_pairs": f"[{listed}]"}
    parts = [given[p] if p in site.by_place else f"{p}={given[p]}" for p in given if p != "strict"]
    return Call(f"{site.tf}.case({', '.join(parts)})")


def while_loop(site: CallSite) -> Call | Kept | Refused:
    """TF1 returns a single loop variable bare, TF2 always as the structure that it was given."""
    loop_vars = expression(site.text("loop_vars"))
    if not isinstance(loop_vars, ast.List | ast.Tuple) or any(
        isinstance(each, ast.Starred) for each in loop_vars.elts
    ):
        return Refused(
            "the number of loop variables is not known, and a single one is returned differently",
            "Write `loop_vars` as a list",
            "TFM302",
        )
    if len(loop_vars.elts) > 1 or site.says("return_same_structure", "True"):
        return respelled(site, "tf.while_loop", dropped=("return_same_structure",))
    made = respelled(site, "tf.while_loop", dropped=("return_same_structure",))
    if isinstance(made, Refused):
        return made
    # TensorFlow 1 returns a single loop variable bare.
    parts = (f"{each.keyword}={each.text}" if each.keyword else each.text for each in site.arguments)
    text = made.text if isinstance(made, Call) else f"{site.tf}.while_loop({', '.join(parts)})"
    return Call(f"{text}[0]")


def map_fn(site: CallSite) -> Call | Kept | Refused:
    """`dtype` is `fn_output_signature` now; given by place it stays."""
    return respelled(site, "tf.map_fn", {} if "dtype" in site.by_place else {"dtype": "fn_output_signature"})


def div(site: CallSite) -> Call | Kept | Refused:
    """Python 2's division: floor for integers, true for floats; where the dtype is open, a function looks."""
    dtype = next((d for d in (site.facts.dtypes.get("x"), site.facts.dtypes.get("y")) if d), None)
    dtype = dtype or next((d for d in (dtype_of(site.text(p), site.tf) for p in ("x", "y")) if d), None)
    floating = is_floating(dtype)
    arguments = f"{site.text('x')}, {site.text('y')}"
    if floating is None:
        return Call(f"div({arguments})", (defined("div", site.tf),))
    return Call(f"{site.tf}.{'divide' if floating else 'math.floordiv'}({arguments})")


def constant(site: CallSite) -> Call | Kept | Refused:
    """TF1 repeats the last value where `shape` has more places than values; TF2 raises."""
    value, shape = expression(site.text("value")), expression(site.text("shape", "None"))
    if isinstance(value, ast.List | ast.Tuple) and isinstance(shape, ast.List | ast.Tuple):
        sizes = [
            size.value
            for size in shape.elts
            if isinstance(size, ast.Constant) and isinstance(size.value, int)
        ]
        total = 1
        for size in sizes:
            total *= size
        if len(sizes) == len(shape.elts) and total > _count(value):
            return Refused(
                "`tf.constant` of TensorFlow 1 repeats the last value to fill `shape`",
                "Write all values, or use `tf.fill`",
                "TFM302",
            )
    return respelled(site, "tf.constant", dropped=("verify_shape",))


def name_scope(site: CallSite) -> Call | Kept | Refused:
    """TF2 takes the name only."""
    name, default = site.text("name", "None"), site.text("default_name")
    if not default or (isinstance(expression(name), ast.Constant) and not site.says("name", "None")):
        return respelled(site, "tf.name_scope", dropped=("default_name", "values"))
    text = default if site.says("name", "None") or "name" not in site.given else f"{name} or {default}"
    return Call(f"{site.tf}.name_scope({text})")


def blocks(site: CallSite) -> Call | Kept | Refused:
    """`block_size` is a number in TF1, `block_shape` a list in TF2; only keywords are clear in both."""
    moved = "crops" if "batch_to_space" in site.name else "paddings"
    refusal = site.lacking(("block_size", "block_shape"))
    if refusal is not None:
        return refusal
    shape = site.text("block_shape")
    if site.defaulted("block_shape"):
        size = site.text("block_size")
        shape = (
            f"[{size}, {size}]" if isinstance(expression(size), ast.Constant | ast.Name) else f"[{size}] * 2"
        )
    elif (
        "block_shape" in site.given
        and not {"block_shape", moved} & site.by_place
        and not site.name.endswith("_nd")
    ):
        return Kept()
    parts = [site.text("input"), f"block_shape={shape}", f"{moved}={site.text(moved)}"]
    parts += [f"name={site.text('name')}"] if "name" in site.given else []
    return Call(f"{site.tf}.{site.name.removeprefix('tf.').removesuffix('_nd')}({', '.join(parts)})")


def _returns_one_in_a_list(text: str) -> bool:
    node = expression(text)
    return (
        isinstance(node, ast.Lambda)
        and isinstance(node.body, ast.List | ast.Tuple)
        and len(node.body.elts) == 1
    )


def _count(node: ast.expr) -> int:
    if isinstance(node, ast.List | ast.Tuple):
        return sum(_count(each) for each in node.elts)
    return 1


HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    "tf.batch_to_space": blocks,
    "tf.batch_to_space_nd": blocks,
    "tf.case": case,
    "tf.cond": cond,
    "tf.constant": constant,
    "tf.div": div,
    "tf.map_fn": map_fn,
    "tf.name_scope": name_scope,
    "tf.space_to_batch": blocks,
    "tf.where": where,
    "tf.while_loop": while_loop,
}
