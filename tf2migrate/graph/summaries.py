"""The abstract interpreter: summaries, their tags, and the writers that they are handed to."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.flags import Flags
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.op_names import clean_tag
from tf2migrate.graph.staging import TaggedCall, WriteSite
from tf2migrate.graph.values import (
    Choice,
    Const,
    Host,
    Node,
    Sequence,
    Summary,
    Symbol,
    Tagged,
    Unknown,
    Value,
    Writer,
    nodes_in,
    unknown_in,
)
from tf2migrate.names.project import dotted_name

SUMMARIES = "summaries"
# Summary ops: the parameters before `collections`.
KINDS = {
    "tf.summary.scalar": ("name", "tensor"),
    "tf.summary.histogram": ("name", "values"),
    "tf.summary.image": ("name", "tensor", "max_outputs"),
    "tf.summary.text": ("name", "tensor"),
}
WRITER = "tf.summary.FileWriter"
# Summaries that a program makes itself, as messages.
MESSAGE, MESSAGE_VALUE = "tf.Summary", "tf.Summary.Value"
ADD = "add"
# What names its ops otherwise, or makes none.
UNNAMED = ("tf.summary.", "tf.get_variable", "tf.contrib.framework.get_variable", "tf.name_scope", "tf.variable_scope",
           "tf.op_scope", "tf.variable_op_scope", "tf.keras.backend.name_scope")  # fmt: skip


class Summaries(Flags):
    """``tf.summary``."""

    # ------------------------------------------------------------------ names
    def name_op(self, symbol: str, args: Arguments) -> None:
        """Takes the name that a call of TensorFlow gives to its op; ``op_name`` is that name where it is known."""
        self.op_name = None
        if symbol.startswith(UNNAMED) or symbol.endswith("Optimizer"):
            return
        known = tf1_symbol(symbol)
        if known is None or known.parameter("name") is None:
            self.op_names.call(symbol, None, not self.perhaps)
            return
        names = known.positional()
        given = args.get(names.index("name") if "name" in names else -1, "name")
        if isinstance(given, Const):
            name: object = given.value
        else:
            name = given
        plain = isinstance(name, str) and not name.endswith("/") and not self.perhaps
        if isinstance(name, str) and plain and self.op_names.is_sure(name):
            self.op_name = self.op_names.take(name)
            return
        self.op_names.call(symbol, name, not self.perhaps)

    def tag(self, args: Arguments, node: cst.Call) -> Value:
        """The tag of a summary op that is made now, or unknown."""
        given, family = args.get(0, "name"), args.keywords.get("family")
        if not isinstance(given, Const) or not isinstance(given.value, str):
            return Unknown("the name of this summary is not known", self.place(), "TFM804")
        prefix = ""
        if family is not None and not (isinstance(family, Const) and family.value is None):
            if not isinstance(family, Const) or not isinstance(family.value, str):
                return Unknown("the family of this summary is not known", self.place(), "TFM804")
            prefix = clean_tag(family.value) + "/"
        name = prefix + clean_tag(given.value)
        names = self.op_names
        if self.perhaps or not names.is_sure(name):
            names.take(name, certain=False)
            reason = f"which tag TensorFlow 1 gave to the summary `{given.value}` is not known"
            return Unknown(reason, self.place(), "TFM804")
        return Const(prefix + names.take(name))

    # ------------------------------------------------------------------ summary ops
    def summary_call(self, name: str, args: Arguments, node: cst.Call) -> Value:
        if name in KINDS:
            return self.summary(name, args, node)
        if name == WRITER:
            return self.writer(node)
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        match name:
            case "tf.summary.merge_all":
                return self.merged(self.gathered(args), node)
            case "tf.summary.merge":
                return self.merged(args.get(0, "inputs"), node)
        return self.refuse("TFM804", node, f"`{name}` is not rewritten yet")

    def summary(self, name: str, args: Arguments, node: cst.Call) -> Value:
        data = args.get(1, *KINDS[name][1:2])
        made = self.make("summary", name, [data] if data is not None else [], node)
        tag = self.tag(args, node)
        if isinstance(tag, Unknown):
            made.unknown = made.unknown or tag
        elif any(n.kind not in ("tensor", "variable", "placeholder") for n in made.inputs):
            made.unknown = made.unknown or Unknown("a summary of the value of an update", self.place(), "TFM804")
        elif not made.inputs:
            made.unknown = made.unknown or Unknown("a summary of a value of the host", self.place(), "TFM804")
        made.details["tag"] = tag
        if data is not None:
            made.details["data"] = data
        for keyword in KINDS[name][2:]:
            value = args.get(KINDS[name].index(keyword), keyword)
            if value is not None:
                made.details[keyword] = value
        if made.control:
            made.unknown = made.unknown or Unknown("a summary under control dependencies", self.place(), "TFM804")
        for key in self.filed_in(args.get(len(KINDS[name]), "collections"), made):
            self.collections.setdefault(key, []).append(made)
        return made

    def filed_in(self, given: Value | None, made: Node) -> list[str]:
        """The collections that a summary goes to; one that is not known spoils what is merged from all."""
        if given is None or (isinstance(given, Const) and given.value is None):
            return [SUMMARIES]
        items = given.items if isinstance(given, Sequence) and given.exact else [given]
        keys = [collection_key(item) for item in items]
        if None in keys:
            made.unknown = made.unknown or Unknown("its collection is not known", self.place(), "TFM804")
        return [key or SUMMARIES for key in keys]

    def gathered(self, args: Arguments) -> Value:
        key = collection_key(args.get(0, "key")) if args.get(0, "key") is not None else SUMMARIES
        if key is None or args.get(1, "scope") is not None:
            return Unknown("which summaries are merged here is not known", self.place(), "TFM804")
        found = self.collections.get(key, [])
        if not all(isinstance(made, Node) and self.is_certain(made) for made in found):
            return Unknown("a condition of the host decides which summaries are merged here", self.place(), "TFM804")
        return Sequence(list(found))

    def merged(self, inputs: Value | None, node: cst.Call) -> Value:
        """A summary of several; ``details["members"]`` are the single ones, in order."""
        if isinstance(inputs, Unknown):
            return inputs
        if isinstance(inputs, Node):
            inputs = Sequence([inputs])
        if (unknown := unknown_in(inputs)) is not None:
            return unknown
        if not isinstance(inputs, Sequence) or not inputs.exact:
            return Unknown("which summaries are merged here is not known", self.place(), "TFM804")
        nodes = [item for item in inputs.items if isinstance(item, Node) and item.kind == "summary"]
        if len(nodes) != len(inputs.items):
            return Unknown("something else is merged with the summaries", self.place(), "TFM804")
        made = self.make("summary", "tf.summary.merge", list(nodes), node)
        if not nodes:
            made.unknown = Unknown("there is no summary to merge, and no run of none", self.place(), "TFM804")
        made.details["members"] = Sequence([member for item in nodes for member in members(item)])
        return made

    # ------------------------------------------------------------------ summaries that the program makes itself
    def message(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """``tf.Summary(value=[...])``, or a value of it: a tag and a number of the host."""
        given = dict(args.keywords)
        if name == MESSAGE:
            values = given.pop("value", Sequence([]))
            listed = isinstance(values, Sequence) and all(isinstance(v, Tagged) and v.single for v in values.items)
        else:
            given.pop("node_name", None)
            nodes = [node for value in given.values() for node in nodes_in(value)]
            listed = given.keys() == {"tag", "simple_value"} and not nodes
            given = {}
        if args.positional or not args.exact or given or not listed:
            return self.refuse("TFM804", node, "a summary that is made of other than numbers is not rewritten yet")
        self.staging.tagged.append(TaggedCall(name, node, self.place()))
        return Tagged(name == MESSAGE_VALUE)

    def message_method(self, receiver: Tagged, name: str, args: Arguments, node: cst.Call) -> Value:
        if name == ADD and not receiver.single:
            added = self.message(MESSAGE_VALUE, args, node)
            return added if isinstance(added, Unknown) else Const(None)
        return self.refuse("TFM804", node, f"`{name}` of a summary is not rewritten yet")

    # ------------------------------------------------------------------ writers
    def makes_writers(self, body: cst.BaseSuite, frame: Frame) -> bool:
        """Whether a block does nothing but make writers: ``tf.summary.FileWriter(path, sess.graph)``."""
        for line in body.body:
            for small in line.body if isinstance(line, cst.SimpleStatementLine) else (line,):
                match small:
                    case cst.Expr(value=cst.Call(func=func)) | cst.Assign(value=cst.Call(func=func)):
                        base, dot, rest = dotted_name(func).partition(".")
                    case _:
                        return False
                holder = frame.lookup(base)
                if not isinstance(holder, Symbol) or f"{holder.name}{dot}{rest}" != WRITER:
                    return False
        return True

    def writer(self, node: cst.Call) -> Value:
        made = Writer(node, self.loops_around())
        self.staging.writers.append(made)
        return made

    def loops_around(self) -> frozenset[int]:
        """The loops of the host that are going on."""
        steps = self.place().steps
        return frozenset(id(s.statement) for s in steps if isinstance(s.statement, cst.For | cst.While))

    def writer_method(self, receiver: Writer, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if receiver.closed:
            return self.refuse("TFM804", node, "a summary writer is used after it was closed, where it writes nothing")
        match name:
            case "add_summary":
                step = next((a.value for a in node.args if a.keyword and a.keyword.value == "global_step"), None)
                if step is None and len(node.args) > 1 and node.args[1].keyword is None:
                    step = node.args[1].value
                summary = args.get(0, "summary") or Host()
                self.staging.writes.append(WriteSite(node, frame, self.place(), summary, step))
                return Const(None)
            case "close":
                if self.loops_around() - receiver.loops:
                    return self.refuse("TFM804", node, "a summary writer is closed in a loop that may go on to use it")
                receiver.closed = not self.perhaps
                return Const(None)
            case "add_graph" | "add_run_metadata" | "flush":
                return Const(None)
        return self.refuse("TFM804", node, f"`{name}` of a summary writer is not rewritten yet")


def collection_key(value: Value | None) -> str | None:
    """The name under which summaries of a collection are kept here; None where it is not known."""
    match value:
        case Const(value=str() as text):
            return SUMMARIES if text == SUMMARIES else f"summaries in {text}"
        case Symbol(name=name):
            last = name.rpartition(".")[2].lower()
            return SUMMARIES if last == SUMMARIES else f"summaries in {last}"
    return None


def members(node: Node) -> list[Node]:
    """The single summaries that a summary op is made of."""
    inner = node.details.get("members")
    return list(nodes_in(inner)) if inner is not None else [node]


def summary_of(value: Value) -> list[Node] | None:
    """The summary ops of which ``value`` is the result, None where it may be something else."""
    match value:
        case Summary(node=node):
            return [node]
        case Choice(options=options):
            found: list[Node] = []
            for option in options:
                if isinstance(option, Const) and option.value is None:
                    continue
                inner = summary_of(option)
                if inner is None:
                    return None
                found.extend(inner)
            return found
    return None


def is_writer(value: Value) -> bool:
    """Whether ``value`` is a writer, if it is not None."""
    if isinstance(value, Choice):
        return any(isinstance(o, Writer) for o in value.options) and all(
            isinstance(o, Writer) or (isinstance(o, Const) and o.value is None) for o in value.options
        )
    return isinstance(value, Writer)
