"""The transition scores that ``crf_log_likelihood`` makes for itself become a variable of the program.

``crf_log_likelihood(scores, tags, lengths)`` is ``crf_log_likelihood(scores, tags, lengths, transitions)`` behind
``transitions = tf.get_variable("transitions", [n, n])``, with ``n`` the last static size of the scores: an equivalent
TensorFlow 1 program. Where the statement has a name for the transitions, it is the variable's.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Symbol
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

LIKELIHOOD = "tf.contrib.crf.crf_log_likelihood"


def written_transitions(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` with these variables; None where there are none to write."""
    made = [_Writer(module, staging).apply(module) for module in modules]
    return made if any(new is not old for new, old in zip(made, modules, strict=True)) else None


class _Writer(Traced):
    """Puts the variable before the statement of the call, and gives it to the call."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module)
        self.code = module.tree.code_for_node
        self.taken = {n.value for n in walk(module.tree) if isinstance(n, cst.Name)}
        self.names: dict[int, str] = {}
        self.before: dict[int, str] = {}
        self.unread: set[int] = set()
        tf = _tensorflow(staging, module)
        for statement in walk(module.tree):
            if not isinstance(statement, cst.SimpleStatementLine) or not tf:
                continue
            calls = [n for n in walk(statement) if isinstance(n, cst.Call) and self.makes(staging, n)]
            if len(calls) == 1 and isinstance(scores := _scores(calls[0]), cst.Name | cst.Attribute):
                target = _target(statement, calls[0])
                name = self.code(target) if target is not None else self.fresh("transitions")
                if target is not None:
                    self.unread.add(id(target))
                self.names[id(calls[0])] = name
                size = f"{self.code(scores)}.get_shape()[2].value"
                self.before[id(statement)] = f'{name} = {tf}.get_variable("transitions", [{size}, {size}])\n'

    def makes(self, staging: Staging, call: cst.Call) -> bool:
        """Whether a call makes a variable for its transitions."""
        values = staging.values_of(call.func)
        named = {arg.keyword.value for arg in call.args if arg.keyword is not None}
        given = len(call.args) == 4 or "transition_params" in named or any(arg.star for arg in call.args)
        return bool(values) and all(isinstance(v, Symbol) and v.name == LIKELIHOOD for v in values) and not given

    def fresh(self, wanted: str) -> str:
        return take_name(wanted, self.taken)

    def apply(self, module: Module) -> Module:
        return super().apply(module) if self.names else module

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.names and isinstance(made, cst.Call):
            given = self.expression(self.names[id(original)], original)
            argument = cst.Arg(given)
            if any(arg.keyword for arg in made.args):
                equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
                argument = cst.Arg(given, keyword=cst.Name("transition_params"), equal=equal)
            last = made.args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            made = made.with_changes(args=[*made.args[:-1], last, argument])
        if id(original) in self.unread:
            return cst.Name("_")
        if id(original) in self.before and isinstance(made, cst.SimpleStatementLine):
            return self.preceded(self.statements(self.before[id(original)], original), original, made)
        return made


def _target(statement: cst.SimpleStatementLine, call: cst.Call) -> cst.Name | cst.Attribute | None:
    """What a statement calls the transitions."""
    match statement.body:
        case [
            cst.Assign(
                targets=[cst.AssignTarget(target=cst.Tuple(elements=[cst.Element(), cst.Element(value=target)]))],
                value=value,
            )
        ] if value is call and isinstance(target, cst.Name | cst.Attribute):
            return target
    return None


def _scores(call: cst.Call) -> cst.BaseExpression | None:
    named = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "inputs"]
    first = [arg.value for arg in call.args[:1] if arg.keyword is None]
    return next(iter([*named, *first]), None)


def _tensorflow(staging: Staging, module: Module) -> str:
    """What a module calls TensorFlow."""
    frame = staging.module_frames.get(module.key)
    names = frame.env.items() if frame is not None else ()
    return next((name for name, value in names if isinstance(value, Symbol) and value.name == "tf"), "")
