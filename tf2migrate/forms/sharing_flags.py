"""Objects that remember whether their variables exist share them by ``AUTO_REUSE``.

``with tf.variable_scope("generator", reuse=self.reuse)``, and ``self.reuse = True`` behind it, is
``reuse=tf.AUTO_REUSE`` in a program that runs: the first call makes the variables, the others find them. Only an
attribute that serves for nothing else goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Symbol
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

FLAGS = ("True", "False", "None")


@dataclass(slots=True)
class _Flag:
    """An attribute, with what mentions it: all of these, or it is none."""

    stores: list[tuple[cst.SimpleStatementLine, str]] = field(default_factory=list)
    arguments: list[cst.Arg] = field(default_factory=list)
    branches: list[tuple[cst.If, cst.Call]] = field(default_factory=list)
    mentions: int = 0

    @property
    def only_shares(self) -> bool:
        known = len(self.stores) + len(self.arguments) + len(self.branches)
        values = {value for _, value in self.stores}
        shares = bool(self.arguments or self.branches)
        return known == self.mentions and shares and "True" in values and len(values) == 2


def without_sharing_flags(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with scopes that share by themselves; None where no object remembers it."""
    flags: dict[str, _Flag] = {}
    for module in modules:
        for node in module.tree.body:
            _collect(staging, node, (), flags)
    for module in modules:
        for each in walk(module.tree):
            if isinstance(each, cst.Attribute) and each.attr.value in flags:
                flags[each.attr.value].mentions += 1
    found = [flag for flag in flags.values() if flag.only_shares]
    return edited(modules, builder, lambda module, builder: _Sharing(module, found, builder)) if found else None


def _collect(staging: Staging, node: cst.CSTNode, around: tuple[cst.With, ...], flags: dict[str, _Flag]) -> None:
    """Finds the stores of constants in attributes, and where attributes decide about sharing."""
    match node:
        case cst.FunctionDef():
            around = ()
        case cst.With():
            around = (*around, node)
        case cst.SimpleStatementLine(
            body=[
                cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Attribute(value=cst.Name(), attr=cst.Name(value=name)))],
                    value=cst.Name(value=value),
                )
            ]
        ) if value in FLAGS:
            flags.setdefault(name, _Flag()).stores.append((node, value))
        case cst.Call(func=func, args=args) if _is_scope(staging, func):
            for arg in args:
                if arg.keyword is not None and arg.keyword.value == "reuse":
                    match arg.value:
                        case cst.Attribute(value=cst.Name(), attr=cst.Name(value=name)):
                            flags.setdefault(name, _Flag()).arguments.append(arg)
        case cst.If(test=cst.Attribute(value=cst.Name(), attr=cst.Name(value=name)), body=body, orelse=None):
            scope = _shared_scope(staging, body, around)
            if scope is not None:
                flags.setdefault(name, _Flag()).branches.append((node, scope))
    for child in children(node):
        _collect(staging, child, around, flags)


def _is_scope(staging: Staging, func: cst.BaseExpression) -> bool:
    values = staging.values_of(func)
    return bool(values) and all(isinstance(v, Symbol) and v.name == "tf.variable_scope" for v in values)


def _shared_scope(staging: Staging, body: cst.BaseSuite, around: tuple[cst.With, ...]) -> cst.Call | None:
    """The call that opens the scope of which a block says that it shares its variables, and nothing else."""
    match body:
        case cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Expr(value=value)])]) | cst.SimpleStatementSuite(
            body=[cst.Expr(value=value)]
        ):
            pass
        case _:
            return None
    match value:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="reuse_variables")), args=[]):
            scopes = [call for call, bound in _scopes(staging, around) if bound == name]
        case cst.Call(
            func=cst.Attribute(value=cst.Call(func=func, args=[]), attr=cst.Name(value="reuse_variables")), args=[]
        ) if any(isinstance(v, Symbol) and v.name == "tf.get_variable_scope" for v in staging.values_of(func)):
            scopes = [call for call, _ in _scopes(staging, around)][-1:]
        case _:
            return None
    plain = scopes and not any(arg.keyword is not None and arg.keyword.value == "reuse" for arg in scopes[-1].args)
    return scopes[-1] if plain and len(scopes[-1].args) == 1 else None


def _scopes(staging: Staging, around: tuple[cst.With, ...]) -> Iterator[tuple[cst.Call, str]]:
    """The variable scopes that are open, the innermost last, and the names that they have."""
    for block in around:
        for item in block.items:
            if isinstance(item.item, cst.Call) and _is_scope(staging, item.item.func):
                bound = item.asname.name if item.asname is not None else None
                yield item.item, bound.value if isinstance(bound, cst.Name) else ""


class _Sharing(Traced):
    """Lets the scopes share, and takes the flags away."""

    def __init__(self, module: Module, flags: list[_Flag], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.auto = f"{Aliases(module.tree).tensorflow or 'tf'}.AUTO_REUSE"
        self.gone = {id(line) for flag in flags for line, _ in flag.stores}
        self.gone |= {id(branch) for flag in flags for branch, _ in flag.branches}
        self.arguments = {id(arg) for flag in flags for arg in flag.arguments}
        self.scopes = {id(scope) for flag in flags for _, scope in flag.branches}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.arguments and isinstance(made, cst.Arg):
            return made.with_changes(value=self.expression(self.auto, original))
        if id(original) in self.scopes and isinstance(made, cst.Call):
            shared = cst.Arg(
                self.expression(self.auto, original),
                cst.Name("reuse"),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
            args = [arg.with_changes(comma=cst.MaybeSentinel.DEFAULT) for arg in made.args]
            return made.with_changes(args=[*args, shared])
        return made
