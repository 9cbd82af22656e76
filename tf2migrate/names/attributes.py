"""Attributes that count as names: ``self.x`` in the body of a method that sets it."""

from __future__ import annotations

import libcst as cst
from libcst._nodes.internal import visit_sequence


class AttributeName(cst.Name):
    """``self.x`` as one name, with the dot in its value. It is written like the attribute that it is."""

    def _validate(self) -> None:
        """Anything goes: the parts have been names before."""

    def _visit_and_replace_children(self, visitor: cst.CSTVisitorT) -> AttributeName:
        return AttributeName(
            lpar=visit_sequence(self, "lpar", self.lpar, visitor),
            value=self.value,
            rpar=visit_sequence(self, "rpar", self.rpar, visitor),
        )


def name_node(name: str) -> cst.Name:
    """A node for a name of a body, dotted or not."""
    return AttributeName(name) if "." in name else cst.Name(name)
