"""Lists that are chosen from the variables of the graph, in statements that move or stay.

``[tf.nn.l2_loss(v) for v in tf.trainable_variables() if "bias" not in v.name]`` goes over the variables that the
filter chose, by their names in the model: Keras has other names and another order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import libcst as cst

from tf2migrate.api.collections import VARIABLE_LISTS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Foreign, Node, Sequence, Symbol, Value
from tf2migrate.names.tree import children
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.substitution import Replacement

# Functions whose result does not depend on the order of the list.
SUMS = ("tf.add_n", "tf.reduce_sum", "tf.reduce_mean", "tf.accumulate_n", "numpy.sum")


class Listing:
    """Finds the lists in one statement; ``text`` gives the list of some variables, in their order if that matters."""

    def __init__(self, staging: Staging, frame: Frame, text: Callable[[list[Node], bool], str]) -> None:
        self.module = frame.module
        self.found: list[list[Node]] = []
        self.staging = staging
        self.frame = frame
        self.text = text
        # What a saver is given is no list any more: it saves the model.
        self.savers = {id(saver.call) for saver in staging.savers}

    def edits(
        self, where: cst.CSTNode, replacements: dict[int, Replacement], whole: dict[int, str]
    ) -> list[list[Node]]:
        """Adds the edits of ``where`` to those of its substitution; the variables of each list that it holds."""
        self.found = []
        stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(where, None)]
        while stack:
            node, around = stack.pop()
            if id(node) in whole or id(node) in self.savers:
                continue
            if isinstance(node, cst.BaseSimpleComp) and self.comprehension(node, around, replacements, whole):
                stack.append((node.elt, node))
                continue
            if isinstance(node, cst.Call) and is_collection(self.staging, node):
                chosen = self.variables(node)
                if id(node) in self.staging.with_slots:
                    self.refuse_slots(node)
                if chosen is not None:
                    self.found.append(chosen)
                    whole[id(node)] = _parenthesized(self.text(chosen, not self.is_sum(around)))
                    continue
            if isinstance(node, cst.Attribute) and node.attr.value == "name":
                self.check_name(node)
            stack.extend((child, node if not isinstance(node, cst.Arg) else around) for child in children(node))
        return self.found

    def refuse_slots(self, call: cst.CSTNode) -> None:
        """The list would have to hold what Keras keeps in its optimizers, under other shapes and numbers."""
        reason = "the variables that an optimizer has made for itself are listed with those of the graph"
        raise NotPlanned(Refusal("TFM402", self.module, call, reason, "list the trainable variables"))

    def check_name(self, node: cst.Attribute) -> None:
        """Keras has other names for variables, which may not be seen."""
        if any(isinstance(v, Node) and v.kind == "variable" for v in self.seen(node.value)):
            reason = "the name of a variable is read, which is another in Keras"
            raise NotPlanned(Refusal("TFM402", self.module, node, reason, "write the name out"))

    def is_sum(self, around: cst.CSTNode | None) -> bool:
        """Whether a list is the argument of a function that adds or counts."""
        if not isinstance(around, cst.Call):
            return False
        if isinstance(around.func, cst.Name) and around.func.value in ("sum", "len"):
            return True
        symbols = [v.name for v in self.staging.values_of(around.func) if isinstance(v, Symbol | Foreign)]
        return bool(symbols) and all(name in SUMS for name in symbols)

    def variables(self, expression: cst.BaseExpression) -> list[Node] | None:
        """The variables that an expression lists; None if it is something else."""
        seen = self.seen(expression)
        value = seen[-1] if seen else None
        if not isinstance(value, Sequence) or not value.exact or not value.items:
            return None
        nodes = [item for item in value.items if isinstance(item, Node) and item.kind in ("variable", "layer")]
        return nodes if len(nodes) == len(value.items) else None

    def comprehension(
        self,
        node: cst.BaseSimpleComp,
        around: cst.CSTNode | None,
        replacements: dict[int, Replacement],
        whole: dict[int, str],
    ) -> bool:
        """A comprehension over variables that are chosen by the graph or by their names."""
        clause = node.for_in
        listed = self.variables(clause.iter)
        if id(clause.iter) in self.staging.with_slots and not clause.ifs:
            self.refuse_slots(clause.iter)
        if listed is None or clause.inner_for_in is not None or len(clause.ifs) > 1:
            return False
        if not clause.ifs and not isinstance(clause.iter, cst.Call):
            return False
        chosen = self.chosen(listed, clause.ifs[0].test) if clause.ifs else listed
        if not chosen:
            return False
        self.found.append(chosen)
        text = self.text(chosen, not self.is_sum(around))
        if isinstance(node, cst.ListComp) and _is_target(node.elt, clause.target):
            whole[id(node)] = _parenthesized(text)
            return True
        whole[id(clause.iter)] = _parenthesized(text)
        for test in clause.ifs:
            whole[id(test.test)] = "True"
        replacements[id(node)] = _without_filter
        return True

    def seen(self, expression: cst.BaseExpression) -> list[Value]:
        """The values that an expression of the body had; a comprehension has a frame of its own."""
        observations = self.staging.observations.get(id(expression), ())
        return [o.value for o in observations if self.frame in (o.frame, o.frame.parent)]

    def chosen(self, listed: list[Node], test: cst.BaseExpression) -> list[Node]:
        """The variables for which a filter holds; empty when that is not known."""
        answers = self.seen(test)[-len(listed) :]
        if len(answers) != len(listed) or not all(isinstance(answer, Const) for answer in answers):
            return []
        return [node for node, answer in zip(listed, answers, strict=True) if cast(Const, answer).value]


def is_collection(staging: Staging, node: cst.Call) -> bool:
    """Whether a call gives a list of variables of the graph."""
    symbols = [v.name for v in staging.values_of(node.func) if isinstance(v, Symbol)]
    return bool(symbols) and all(name in VARIABLE_LISTS for name in symbols)


def _is_target(element: cst.BaseExpression, target: cst.BaseExpression) -> bool:
    return isinstance(element, cst.Name) and isinstance(target, cst.Name) and element.value == target.value


def _parenthesized(text: str) -> str:
    return f"({text})" if " + " in text else text


def _without_filter(updated: cst.BaseExpression) -> cst.BaseExpression:
    comp = cast(cst.BaseSimpleComp, updated)
    return cast(cst.BaseExpression, comp.with_changes(for_in=comp.for_in.with_changes(ifs=[])))
