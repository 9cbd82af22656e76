"""The abstract interpreter: savers and questions about checkpoints."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.calls import Arguments
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import CheckpointCall
from tf2migrate.graph.summaries import Summaries
from tf2migrate.graph.values import Const, Host, Saver, Value, nodes_in

# Arguments that change nothing in what the rewrite saves: there is no meta graph.
KNOWN = {
    "save": ("sess", "save_path", "global_step", "write_meta_graph"),
    "restore": ("sess", "save_path"),
}
SAVER = ("var_list", "max_to_keep", "name")


class Savers(Summaries):
    """``tf.train.Saver``."""

    def saver(self, args: Arguments, node: cst.Call) -> Value:
        unknown = [key for key in args.keywords if key not in SAVER]
        if unknown or len(args.positional) > 1 or not args.exact:
            what = f"`{unknown[0]}`" if unknown else "these arguments"
            return self.refuse("TFM803", node, f"{what} of a saver cannot be carried over yet")
        given = args.get(0, "var_list")
        members = [n for member in self.members("variables") for n in nodes_in(member)]
        everything = {id(n) for n in members if "local" not in n.details}
        if given is not None and not (isinstance(given, Const) and given.value is None):
            chosen = {id(n) for n in nodes_in(given)}
            if chosen != everything:
                reason = "a saver of only some variables is not rewritten yet"
                return self.refuse("TFM803", node, reason, "save all of them")
        made = Saver(node, self.place(), len(self.staging.nodes))
        self.staging.savers.append(made)
        return made

    def saver_method(self, receiver: Saver, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if name not in KNOWN:
            return self.refuse("TFM803", node, f"`{name}` of a saver is not rewritten yet")
        unknown = [key for key in args.keywords if key not in KNOWN[name]]
        if unknown or len(args.positional) > 3 or not args.exact:
            return self.refuse("TFM803", node, f"these arguments of `{name}` are not rewritten yet")
        self.staging.checkpoints.append(CheckpointCall(name, node, frame, self.place(), len(self.staging.runs)))
        return Host() if name == "save" else Const(None)

    def checkpoint_question(self, name: str, node: cst.Call, frame: Frame) -> Value:
        """``tf.train.latest_checkpoint`` and its like: an answer of the file system."""
        if name.endswith("checkpoint_exists"):
            made = CheckpointCall("exists", node, frame, self.place(), len(self.staging.runs))
            self.staging.checkpoints.append(made)
        return Host(origin=name)
