"""The abstract interpreter: savers and questions about checkpoints."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import CheckpointCall
from tf2migrate.graph.summaries import Summaries
from tf2migrate.graph.values import Const, Host, Mapping, Node, Saver, Sequence, Symbol, Value, is_none

# Arguments that change nothing in what the rewrite saves: there is no meta graph.
KNOWN = {
    "save": ("sess", "save_path", "global_step", "write_meta_graph", "write_state", "strip_default_attrs"),
    "restore": ("sess", "save_path"),
}
SAVER = ("var_list", "max_to_keep")
EVERYTHING = ("tf.global_variables", "tf.all_variables")


class Savers(Summaries):
    """``tf.train.Saver``."""

    def saver(self, args: Arguments, node: cst.Call) -> Value:
        unknown = [key for key, value in args.keywords.items() if key not in SAVER and not _is_inert(key, value)]
        if unknown or len(args.positional) > 1 or not args.exact:
            what = f"`{unknown[0]}`" if unknown else "these arguments"
            return self.refuse("TFM803", node, f"{what} of a saver cannot be carried over yet")
        given = args.get(0, "var_list")
        listed = None if given is None or is_none(given) or self.is_everything(node) else given
        if listed is not None and not _is_list_of_variables(listed):
            return self.refuse("TFM803", node, "which variables this saver saves is not known")
        made = Saver(node, self.place(), len(self.staging.nodes), listed)
        self.staging.savers.append(made)
        return made

    def is_everything(self, node: cst.Call) -> bool:
        """Whether a saver is given ``tf.global_variables()`` where it is made, with what optimizers remember."""
        given = [a.value for a in node.args if a.keyword is None or a.keyword.value == "var_list"]
        if not given or not isinstance(given[0], cst.Call) or given[0].args:
            return False
        symbols = self.staging.values_of(given[0].func)
        return bool(symbols) and all(isinstance(s, Symbol) and s.name in EVERYTHING for s in symbols)

    def saver_method(self, receiver: Saver, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if name not in KNOWN:
            return self.refuse("TFM803", node, f"`{name}` of a saver is not rewritten yet")
        unknown = [key for key in args.keywords if key not in KNOWN[name]]
        if unknown or len(args.positional) > 3 or not args.exact:
            return self.refuse("TFM803", node, f"these arguments of `{name}` are not rewritten yet")
        state = args.keywords.get("write_state", Const(True))
        if not isinstance(state, Const) or (not state.value and args.get(2, "global_step") is not None):
            return self.refuse("TFM803", node, f"these arguments of `{name}` are not rewritten yet")
        kind = name if state.value else "write"
        made = CheckpointCall(kind, node, frame, self.place(), len(self.staging.runs), receiver)
        self.staging.checkpoints.append(made)
        return Host() if name == "save" else Const(None)

    def checkpoint_question(self, name: str, node: cst.Call, frame: Frame) -> Value:
        """``tf.train.latest_checkpoint`` and its like: an answer of the file system."""
        if name.endswith("checkpoint_exists"):
            made = CheckpointCall("exists", node, frame, self.place(), len(self.staging.runs))
            self.staging.checkpoints.append(made)
        return Host(origin=name)


def _is_inert(key: str, value: Value) -> bool:
    if key == "write_version":
        return isinstance(value, Symbol) and value.name.endswith(".V2")
    if key == "sharded":
        return isinstance(value, Const) and not value.value
    return key in ("name", "save_relative_paths")


def _is_list_of_variables(value: Value) -> bool:
    """Whether all members of a list or dict are variables, one by one or as those of a layer."""
    match value:
        case Sequence(items=items, exact=True):
            members = items
        case Mapping(items=pairs, exact=True) if all(isinstance(key, str) for key in pairs):
            members = list(pairs.values())
        case _:
            return False
    return bool(members) and all(isinstance(m, Node) and m.kind in ("variable", "layer") for m in members)
