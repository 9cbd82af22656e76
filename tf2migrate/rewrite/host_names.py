"""Names of numpy and Python that are gone where TensorFlow 2 runs, in a program that is rewritten anyway."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.host_names import BUILTINS, FUNCTIONS, ITEM, METHODS, MODULES, successor
from tf2migrate.names.bindings import bound_names
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.rewrite.single_values import single_draws


def use_present_names(tree: cst.Module) -> cst.Module:
    """``np.float`` as ``float``, ``np.asscalar(x)`` as ``x.item()``, ``x.ptp()`` as ``np.ptp(x)``, and their like.

    What gives an array of one element by its own words is made a number where one is taken.

    Methods are taken for those of arrays where the module defines none of their name; all else is as it was.
    """
    modules, others = _bindings(tree)
    known = {name: module for name, module in modules.items() if name not in others}
    numpy = [name for name, module in known.items() if module == "numpy"]
    single = {id(call) for call in single_draws(tree, numpy)} if numpy and not others & {"int", "float"} else set()
    return tree.visit(_Present(known, others, single)) if known else tree


def _bindings(tree: cst.Module) -> tuple[dict[str, str], set[str]]:
    """The names that the module imports ``MODULES`` under, and the names that it binds to anything else."""
    modules: dict[str, str] = {}
    others: set[str] = set()
    for node in walk(tree):
        match node:
            case cst.ImportAlias(name=name, asname=None):
                dotted = dotted_name(name)
                if dotted in MODULES and modules.get(dotted, dotted) == dotted:
                    modules[dotted] = dotted
                elif dotted.partition(".")[0] not in MODULES:
                    others.add(dotted.partition(".")[0])
            case cst.ImportAlias(name=name, asname=cst.AsName(name=cst.Name(value=bound))):
                dotted = dotted_name(name)
                if dotted in MODULES and modules.get(bound, dotted) == dotted:
                    modules[bound] = dotted
                else:
                    others.add(bound)
            case cst.FunctionDef(name=cst.Name(value=bound)) | cst.ClassDef(name=cst.Name(value=bound)):
                others.add(bound)
            case cst.Param(name=cst.Name(value=bound)):
                others.add(bound)
            case cst.AssignTarget(target=target) | cst.For(target=target) | cst.CompFor(target=target):
                others |= bound_names(target).keys()
            case cst.WithItem(asname=cst.AsName(name=target)) | cst.ExceptHandler(name=cst.AsName(name=target)):
                others |= bound_names(target).keys()
            case cst.NamedExpr(target=target):
                others |= bound_names(target).keys()
    return modules, others


class _Present(cst.CSTTransformer):
    def __init__(self, modules: dict[str, str], taken: set[str], single: set[int]) -> None:
        super().__init__()
        self.single = single
        self.modules = modules
        self.taken = taken

    def canonical(self, node: cst.CSTNode) -> str | None:
        match node:
            case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=name)) if base in self.modules:
                return f"{self.modules[base]}.{name}"
        return None

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = self.canonical(original_node)
        now = successor(name) if name is not None else None
        if name is None or now is None or now in self.taken:
            return updated_node
        if name in BUILTINS:
            return cst.Name(now, lpar=updated_node.lpar, rpar=updated_node.rpar)
        return updated_node.with_changes(attr=cst.Name(now.rpartition(".")[2]))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        if id(original_node) in self.single:
            return cst.Call(cst.Attribute(updated_node, cst.Name("item")))
        if self.canonical(original_node.func) == ITEM:
            match updated_node.args:
                case [cst.Arg(value=value, star="", keyword=None)]:
                    if not _is_term(value):
                        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
                    return updated_node.with_changes(func=cst.Attribute(value, cst.Name("item")), args=())
        match updated_node.func:
            case cst.Attribute(value=base, attr=cst.Name(value=method)) as func if self.is_array(base, method):
                if method in METHODS and not updated_node.args:
                    return updated_node.with_changes(func=func.with_changes(attr=cst.Name(METHODS[method])))
                if method in FUNCTIONS and (module := self.numpy()):
                    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
                    first = cst.Arg(base, comma=comma if updated_node.args else cst.MaybeSentinel.DEFAULT)
                    function = cst.Attribute(cst.Name(module), cst.Name(method))
                    return updated_node.with_changes(func=function, args=[first, *updated_node.args])
        return updated_node

    def is_array(self, base: cst.BaseExpression, method: str) -> bool:
        """Whether something with this method can only be an array: not a module, nor an object of the program."""
        module = isinstance(base, cst.Name) and base.value in self.modules
        return not module and method not in self.taken

    def numpy(self) -> str:
        return next((name for name, module in self.modules.items() if module == "numpy"), "")


def _is_term(node: cst.BaseExpression) -> bool:
    """Whether an attribute of an expression can be written behind it as it stands."""
    return bool(node.lpar) or isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript)
