"""The abstract interpreter: command-line flags, and the call that hands the program over to ``main``."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.flags import METHODS, absl_name
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import FlagEvent
from tf2migrate.graph.training import Training
from tf2migrate.graph.values import (
    Bound,
    Builtin,
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Instance,
    Symbol,
    Unknown,
    Value,
)
from tf2migrate.names.project import Module, Project

ORIGIN = "tf.flags.FLAGS"
# What TensorFlow 1 makes of the values of a flag, by how it is defined.
TYPES = {"boolean": "bool", "bool": "bool", "float": "float32", "integer": "int32", "string": "string"}
# Builtins that look at the object itself and at none of its flags.
HARMLESS = {"bool", "callable", "dir", "id", "isinstance", "iter", "len", "list", "print", "repr", "str", "type"}


class Flags(Training):
    """``tf.flags`` and ``tf.app.run``, and ``absl.app.run``, which is the same thing."""

    def __init__(self, project: Project, entry: Module) -> None:
        super().__init__(project, entry)
        self.entry = entry
        self.flag_values = Host(origin=ORIGIN, key=("flags",))
        self.flag_changes = 0
        # What a tensor of each flag is, until the program itself gives the flag another value.
        self.flag_types: dict[str, str] = {}

    def event(self, kind: str, node: cst.CSTNode, flag: str = "") -> None:
        self.staging.flags.append(FlagEvent(kind, node, self.place(), flag))

    # ------------------------------------------------------------------ FLAGS
    def name(self, name: str, frame: Frame) -> Value:
        return self.as_flag_values(super().name(name, frame))

    def as_flag_values(self, value: Value) -> Value:
        if isinstance(value, Symbol) and absl_name(value.name) == "absl.flags.FLAGS":
            return self.flag_values
        return value

    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        if base is self.flag_values:
            return self.flag(name, node)
        return self.as_flag_values(super().attribute(base, name, node))

    def flag(self, name: str, node: cst.Attribute) -> Value:
        """Reading a flag; the first read of all parses the command line."""
        if name in METHODS:
            if name == "mark_as_parsed":
                self.event("parse", node)
            return Bound(self.flag_values, Builtin(name), name)
        if name == "__flags":
            # absl's own dict of flags, in both; looking at it parses nothing.
            return Host()
        if name == "_parse_flags":
            reason = "`FLAGS._parse_flags`: it left TensorFlow before 1.15, under which this program does not run"
            return self.refuse("TFM101", node, reason, "flags are parsed when one is read: leave the call out")
        if name.startswith("_"):
            return self.refuse("TFM103", node, f"`{name}` of `FLAGS` is private and not the same in absl")
        self.event("read", node, name)
        return Host(key=("flag", name, self.flag_changes), dtype=self.flag_types.get(name, ""))

    def set_attribute(self, base: Value, name: str, value: Value, where: cst.CSTNode) -> None:
        if base is self.flag_values:
            self.flag_changes += 1
            self.flag_types.pop(name, None)
            self.event("set", where, name)
        super().set_attribute(base, name, value, where)

    # ------------------------------------------------------------------ calls
    def apply(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if callee is self.flag_values:
            self.event("parse", node)
            return Host()
        if isinstance(callee, Foreign) and callee.name == "absl.app.run":
            return self.run_main(args, node, frame)
        return super().apply(callee, args, node, frame)

    def foreign(self, name: str, args: Arguments, node: cst.Call) -> Value:
        if any(value is self.flag_values for value in args.all()):
            self.event("escape", node)
        return super().foreign(name, args, node)

    def builtin(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if any(value is self.flag_values for value in args.all()) and name not in HARMLESS:
            known = len(args.positional) > 1 and isinstance(args.positional[1], Const)
            if name == "vars":
                return self.refuse("TFM103", node, "`vars` of `FLAGS` is not the same in absl")
            if name == "hasattr" or (name == "getattr" and not known):
                self.event("read", node)
            elif name not in ("getattr", "setattr"):
                self.event("escape", node)
        return super().builtin(name, args, node, frame)

    def flags_call(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        """A call of something in ``tf.app`` or ``tf.flags``."""
        native = absl_name(name)
        if native is None:
            return self.refuse("TFM103", node, f"absl has nothing like `{name}`")
        if native == "absl.app.run":
            return self.run_main(args, node, frame)
        if native.startswith("absl.flags.DEFINE"):
            self.event("define", node)
            flag = args.get(0, "name")
            if isinstance(flag, Const) and isinstance(flag.value, str):
                self.flag_types[flag.value] = TYPES.get(native.removeprefix("absl.flags.DEFINE_"), "")
        return super().foreign(native, args, node)

    def run_main(self, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        """Parses the flags and calls ``main`` with what is left of the command line."""
        main = args.get(0, "main")
        if main is None or (isinstance(main, Const) and main.value is None):
            if frame.module != self.entry.key:
                return self.refuse("TFM103", node, "which `main` this runs depends on the program that is started")
            main = self.staging.module_frames[self.entry.key].env.get("main")
        if not args.exact or not isinstance(main, Function | Bound | Class | Instance):
            return self.refuse("TFM103", node, "the function that this runs is not known", "name it in the call")
        self.event("run", node)
        function = main.function if isinstance(main, Bound) else main
        result = self.call_main(main, node, frame)
        reached = not isinstance(function, Function) or id(function.definition) in self.staging.visited
        if isinstance(result, Unknown) and not reached:
            return self.refuse("TFM103", node, f"`main` cannot be called with the command line: {result.reason}")
        return result

    def call_main(self, main: Value, node: cst.Call, frame: Frame) -> Value:
        """Calls ``main``. Its call is not in the source, so nobody can add arguments to it."""
        if isinstance(main, Function):
            return self.invoke(main, [Host()], {}, node.func)
        if isinstance(main, Bound) and isinstance(main.function, Function):
            return self.invoke(main.function, [main.receiver, Host()], {}, node.func)
        return self.apply(main, Arguments([Host()], {}), node, frame)
