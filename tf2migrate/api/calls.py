"""What a call, or a mere mention, of a TF1 symbol becomes in native TensorFlow 2.

The ways, tried in this order: a handler in Python; a row of `changes.tsv`; the very same object, perhaps
under another name, which TensorFlow 2 shows by offering it as `tf.compat.v1.<name>`; a refusal with its
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from tf2migrate.api import (
    calls_control,
    calls_crf,
    calls_host,
    calls_losses,
    calls_nn,
    distributions,
    recurrent,
)
from tf2migrate.api.call_site import CallSite, Facts, bind, filled, respelled
from tf2migrate.api.calls_model import Argument, Call, Definition, Kept, Refused
from tf2migrate.api.changes import Respelling, Template, change, refusal, refused_by_name
from tf2migrate.api.effects import Effect, effects, op_seed_parameter
from tf2migrate.api.literals import is_literal
from tf2migrate.api.symbols import (
    Symbol,
    canonical,
    private_in_tf2,
    same_object,
    spelled_in_tf2,
    tf1_exists,
    tf1_symbol,
    tf2_exists,
    tf2_symbol,
)

__all__ = [
    "Argument",
    "Call",
    "Definition",
    "Effect",
    "Kept",
    "Refused",
    "effects",
    "op_seed_parameter",
    "renamed",
    "rewrite_call",
    "rewrite_reference",
]

_HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    **calls_control.HANDLERS,
    **calls_crf.HANDLERS,
    **calls_host.HANDLERS,
    **calls_losses.HANDLERS,
    **calls_nn.HANDLERS,
    **distributions.HANDLERS,
    **recurrent.HANDLERS,
}
# Graph structure that native TensorFlow 2 still has and means the same by.
_STILL_GRAPH = frozenset(
    [
        "tf.GradientTape",
        "tf.control_dependencies",
        "tf.device",
        "tf.function",
        "tf.group",
        "tf.init_scope",
        "tf.no_op",
    ]
)
_COMPAT = "tf.compat.v1."
# Keras as it was and is: what has the same defaults and arithmetic in both (semantics.md C).
_STABLE_KERAS = (
    "tf.keras.activations.",
    "tf.keras.backend.epsilon",
    "tf.keras.datasets.",
    "tf.keras.layers.Activation",
    "tf.keras.layers.Add",
    "tf.keras.layers.AveragePooling",
    "tf.keras.layers.Concatenate",
    "tf.keras.layers.Conv1D",
    "tf.keras.layers.Conv2D",
    "tf.keras.layers.Conv3D",
    "tf.keras.layers.Dense",
    "tf.keras.layers.Flatten",
    "tf.keras.layers.GlobalAveragePooling",
    "tf.keras.layers.GlobalMaxPool",
    "tf.keras.layers.MaxPool",
    "tf.keras.layers.Permute",
    "tf.keras.layers.Reshape",
    "tf.keras.layers.UpSampling",
    "tf.keras.layers.ZeroPadding",
    "tf.keras.losses.categorical_crossentropy",
    "tf.keras.preprocessing.sequence.pad_sequences",
    "tf.keras.utils.Progbar",
    "tf.keras.utils.get_file",
)


def rewrite_call(
    name: str,
    arguments: Sequence[Argument],
    tf: str = "tf",
    *,
    ranks: Mapping[str, int | None] | None = None,
    dtypes: Mapping[str, str | None] | None = None,
    no_gradient: Collection[str] = (),
    sizes: Collection[str] = (),
) -> Call | Kept | Refused:
    """The native TF2 counterpart of a call of `name`, the dotted TF1 name as the user spells it.

    The arguments are source texts, in source order, already rewritten themselves. Kept means that the call
    may stay as it is, name and all. The text of a Call is always a single term, so that it can stand
    anywhere. What the caller knows about the arguments helps, by TF1 parameter: their `ranks`, their
    `dtypes` (`"float32"`), which of them no trained variable influences (`no_gradient`), and which alone give the
    static shape of the result (`sizes`).
    """
    spelled = _normal(name)
    symbol = tf1_symbol(spelled)
    if symbol is None:
        return _call_without_symbol(spelled, arguments, tf)
    if any(argument.star for argument in arguments):
        return _starred(spelled, symbol, arguments, tf)
    handler, row = _HANDLERS.get(symbol.name), change(symbol.name)
    target = _same(symbol)
    if symbol.kind not in ("function", "class") or (handler is None and row is None and target is None):
        return _refused(spelled, symbol.name)
    if symbol.parameters is None:
        return _verbatim(spelled, target, arguments, tf) if target else _refused(spelled, symbol.name)
    site = bind(spelled, symbol, arguments, tf, Facts(ranks or {}, dtypes or {}, no_gradient, sizes))
    if isinstance(site, Refused):
        return site
    if handler is not None:
        result = handler(site)
    elif isinstance(row, Template):
        result = filled(site, row.text)
    elif isinstance(row, Respelling):
        target = spelled if spelled in row.also else row.target
        result = respelled(site, target, row.renamed, row.dropped, row.added)
    else:
        result = respelled(site, target or spelled)
    return _settled(result, name, spelled, arguments, tf)


def rewrite_reference(name: str, tf: str = "tf") -> str | Kept | Refused:
    """The native TF2 counterpart of `name` where it is not called: a function as a value, a dtype."""
    spelled = _normal(name)
    found = _reference(spelled)
    if isinstance(found, Refused):
        return found
    if found == name:
        return Kept()
    return tf + found.removeprefix("tf") if found.startswith("tf.") else found


def renamed(name: str, arguments: Sequence[Argument], tf: str = "tf") -> str | None:
    """The new function text, where a call keeps its arguments byte for byte and only changes its name."""
    result = rewrite_call(name, arguments, tf)
    if not isinstance(result, Call) or result.definitions:
        return None
    head, _, rest = result.text.partition("(")
    return head if rest == f"{', '.join(_written(arguments))})" else None


def _normal(name: str) -> str:
    return "tf." + name.removeprefix(_COMPAT) if name.startswith(_COMPAT) else name


def _settled(
    result: Call | Kept | Refused, name: str, spelled: str, arguments: Sequence[Argument], tf: str
) -> Call | Kept | Refused:
    """`tf.compat.v1.x` may stay only as `tf.x`."""
    if isinstance(result, Kept) and name != spelled:
        return Call(f"{tf}{spelled.removeprefix('tf')}({', '.join(_written(arguments))})")
    return result


def _written(arguments: Sequence[Argument]) -> list[str]:
    return [f"{a.keyword}={a.text}" if a.keyword else a.star + a.text for a in arguments]


def _same(symbol: Symbol) -> str | None:
    """The TF2 name of the object, where it means the same outside of a graph too."""
    if symbol.name.startswith(_STABLE_KERAS):
        return symbol.name if tf2_exists(symbol.name) else None
    if refused_by_name(symbol.name):
        return None
    target = same_object(symbol.name)
    if target is None or symbol.name in _STILL_GRAPH:
        return target
    return None if effects(symbol.name) in (Effect.GRAPH, Effect.VARIABLE) else target


def _refused(spelled: str, name: str) -> Refused:
    found = refusal(name, spelled)
    if found is not None:
        return found
    if effects(name) is Effect.GRAPH:
        return Refused(
            f"`{spelled}` builds graph structure, which has no counterpart", "Rewrite it by hand", "TFM410"
        )
    return Refused(f"`{spelled}` has no counterpart in TensorFlow 2", "Rewrite the call by hand")


def _call_without_symbol(spelled: str, arguments: Sequence[Argument], tf: str) -> Call | Kept | Refused:
    """Names that are no public symbol: TF2's functions in private modules, methods, kernels, mistakes."""
    target = private_in_tf2(spelled)
    if target is not None:
        return _verbatim(spelled, target, arguments, tf)
    if spelled.startswith("tf.raw_ops."):
        return Kept() if tf2_exists(spelled) else _refused(spelled, spelled)
    refused = refusal(canonical(spelled), spelled)
    if refused is not None:
        return refused
    if tf1_exists(spelled):
        found = _reference(spelled)
        return found if isinstance(found, Refused) else _verbatim(spelled, found, arguments, tf)
    return Refused(f"`{spelled}` is not known to TensorFlow 1.15", "Check the name", unknown=True)


def _verbatim(spelled: str, target: str, arguments: Sequence[Argument], tf: str) -> Call | Kept:
    """The same arguments under the name that TF2 has."""
    name = spelled_in_tf2(spelled, target)
    if name == spelled:
        return Kept()
    return Call(f"{tf}{name.removeprefix('tf')}({', '.join(_written(arguments))})")


def _starred(spelled: str, symbol: Symbol, arguments: Sequence[Argument], tf: str) -> Call | Kept | Refused:
    """`*args` and `**kwargs` hide what they fill: fine only where the parameters have not changed."""
    target = _same(symbol)
    if target is None or symbol.name in _HANDLERS or change(symbol.name) is not None:
        refused = _refused(spelled, symbol.name)
        if symbol.name in _HANDLERS or change(symbol.name) is not None:
            refused = Refused(f"`{spelled}` gets arguments through a star", "Write the arguments out")
        return refused
    return _verbatim(spelled, target, arguments, tf)


def _reference(spelled: str) -> str | Refused:
    """The TF2 name (or a literal) for a mention."""
    if spelled.startswith("tf.logging.") and spelled.rpartition(".")[2] in calls_host.LEVELS:
        return f'"{calls_host.LEVELS[spelled.rpartition(".")[2]]}"'
    private = private_in_tf2(spelled)
    if private is not None:
        return private
    symbol = tf1_symbol(spelled)
    if symbol is None:
        return _member(spelled)
    if symbol.kind == "constant":
        return _constant(spelled, symbol)
    if symbol.kind == "module":
        return spelled if tf2_exists(spelled) else _refused(spelled, symbol.name)
    row = change(symbol.name)
    if spelled.startswith("tf.data.") and symbol.kind == "class" and refusal(symbol.name, spelled) is None:
        return spelled if tf2_exists(spelled) else _refused_value(spelled, symbol.name)
    if symbol.name in _HANDLERS:
        return _refused_value(spelled, symbol.name)
    if isinstance(row, Respelling):
        target = spelled if spelled in row.also else row.target
        return (
            spelled_in_tf2(spelled, target)
            if _same_places(symbol, row)
            else _refused_value(spelled, symbol.name)
        )
    same = None if row else _same(symbol)
    return spelled_in_tf2(spelled, same) if same else _refused_value(spelled, symbol.name)


def _refused_value(spelled: str, name: str) -> Refused:
    found = refusal(name, spelled)
    return found or Refused(
        f"`{spelled}` as a value has no counterpart with the same arguments",
        "Write a lambda that calls it",
        "TFM102",
    )


def _same_places(symbol: Symbol, row: Respelling) -> bool:
    """Whether the arguments that TF2 wants are those that TF1 took at these places."""
    target = tf2_symbol(row.target)
    if target is None or target.parameters is None or row.added or not symbol.positional():
        return False
    places1 = [row.renamed.get(name, name) for name in symbol.positional()]
    needed = [p.name for p in target.parameters if p.default is None and p.kind == "positional"]
    return places1[: max(1, len(needed))] == list(target.positional()[: max(1, len(needed))])


def _member(spelled: str) -> str | Refused:
    """An attribute of a class, such as `tf.errors.X.Y` or `tf.losses.Reduction.SUM`."""
    owner, _, last = spelled.rpartition(".")
    symbol = tf1_symbol(owner) if owner else None
    if symbol is not None and symbol.kind == "constant":
        value = _constant(owner, symbol)
        return value if isinstance(value, Refused) else f"{value}.{last}"
    if symbol is None or last not in symbol.members:
        found = refusal(canonical(spelled), spelled)
        return found or Refused(f"`{spelled}` is not known to TensorFlow 1.15", "Check the name", unknown=True)
    if symbol.name == "tf.losses.Reduction":
        reduction = calls_losses.reduction_value(last)
        return f'"{reduction}"' if reduction else _refused(spelled, symbol.name)
    found = refusal(f"{symbol.name}.{last}", spelled)
    if found is not None:
        return found
    if tf2_exists(spelled):
        return spelled
    target = same_object(symbol.name)
    return f"{target}.{last}" if target and tf2_exists(f"{target}.{last}") else _refused(spelled, symbol.name)


def _constant(spelled: str, symbol: Symbol) -> str | Refused:
    """A dtype, a version, a string that TF1 has a name for."""
    last = spelled.rpartition(".")[2]
    same = same_object(symbol.name)
    if same is not None:
        return spelled_in_tf2(spelled, same)
    if spelled == "tf.VERSION":
        return "tf.__version__"
    candidates = [spelled, f"tf.version.{last}"]
    if spelled.startswith("tf.saved_model."):
        candidates.append(f"tf.saved_model.{last}")
    if refusal(symbol.name, spelled) is None or spelled.startswith("tf.saved_model."):
        for candidate in candidates:
            known = tf2_symbol(candidate)
            if known is not None and known.kind == "constant":
                return candidate
        if symbol.value.startswith(("'", '"')) and not is_literal(symbol.value, ""):
            return symbol.value
    return _refused(spelled, symbol.name)
