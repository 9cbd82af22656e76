"""Names of a graph that an object holds, as the method that builds it writes them."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.names.attributes import name_node
from tf2migrate.plan.flow import Flow


def region_expression(flow: Flow, expression: cst.BaseExpression, frame: Frame) -> cst.BaseExpression:
    """``model.loss`` as a name of the builder: ``self.loss``."""
    region = flow.region

    class _Names(cst.CSTTransformer):
        def leave_Attribute(
            self, original_node: cst.Attribute, updated_node: cst.Attribute
        ) -> cst.BaseExpression:
            base = flow.staging.value_in(original_node.value, frame)
            if base is region.held:
                return name_node(f"{region.receiver}.{original_node.attr.value}")
            return updated_node

    made = expression.visit(_Names())
    assert isinstance(made, cst.BaseExpression)
    return made
