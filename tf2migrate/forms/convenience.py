"""One call that is written out: its arguments as they stand in the program, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.forms.spelling import enclosed
from tf2migrate.graph.staging import Convenience, Staging
from tf2migrate.graph.values import Const, Value
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.plan.refusal import NotPlanned, Refusal


@dataclass(slots=True)
class Target:
    """What the result is assigned to: empty for a result that is returned, or that nothing keeps."""

    text: str
    returns: bool


@dataclass(slots=True)
class Writing:
    """A call to write out, all of its evaluations, and the names that its module has taken."""

    staging: Staging
    module: Module
    each: Convenience
    same: tuple[Convenience, ...]
    target: Target
    tf: str
    taken: set[str]

    def refused(self, reason: str) -> NotPlanned:
        where = Refusal("TFM410", self.module.key, self.each.call, reason, "write out what the function does")
        return NotPlanned(where)

    @property
    def places(self) -> tuple[str, ...]:
        symbol = tf1_symbol(self.each.name)
        return symbol.positional() if symbol is not None else ()

    def expression(self, parameter: str) -> cst.BaseExpression | None:
        """The expression given for a parameter."""
        for index, arg in enumerate(self.each.call.args):
            if arg.star:
                raise self.refused("the arguments of this call are starred")
            name = arg.keyword.value if arg.keyword is not None else "".join(self.places[index : index + 1])
            if name == parameter:
                return arg.value
        return None

    def text(self, parameter: str, default: str = "") -> str:
        """The text given for a parameter."""
        found = self.expression(parameter)
        return self.module.tree.code_for_node(found) if found is not None else default

    def called(self, parameter: str) -> str:
        """The text given for a parameter, so that it can be called or asked for an attribute."""
        found = self.expression(parameter)
        return self.module.tree.code_for_node(enclosed(found)) if found is not None else ""

    def value(self, parameter: str) -> Value | None:
        """The value of a parameter, where it is the same whenever the call is evaluated."""
        values = [one.arguments.get(parameter) for one in self.same]
        first = values[0]
        if isinstance(first, Const) and all(isinstance(v, Const) and v.value == first.value for v in values):
            return first
        alike = all(v is first or (type(v) is type(first) and not isinstance(v, Const)) for v in values)
        return first if alike else None

    def is_none(self, parameter: str) -> bool:
        """Whether a parameter is not given, or given as ``None``."""
        value = self.value(parameter)
        return self.expression(parameter) is None or (isinstance(value, Const) and value.value is None)

    def check_only(self, *parameters: str) -> None:
        """Refuses a call that gives other parameters a meaning."""
        for index, arg in enumerate(self.each.call.args):
            name = arg.keyword.value if arg.keyword is not None else "".join(self.places[index : index + 1])
            value = self.value(name)
            if name not in parameters and not (isinstance(value, Const) and not value.value):
                raise self.refused(f"the argument `{name}` of `{self.each.name}` is not rewritten yet")

    def fresh(self, wanted: str) -> str:
        """A name that the module does not have yet."""
        return take_name(wanted, self.taken)

    def result(self, wanted: str) -> str:
        """What the result is assigned to."""
        if not self.target.text:
            self.target.text = self.fresh(wanted)
        return self.target.text
