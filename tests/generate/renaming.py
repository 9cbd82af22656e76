"""The same program with other names: whatever a program calls things, it means the same."""

from __future__ import annotations

import ast
import builtins


def renamed(text: str) -> str:
    """The program with a new name for each name of its functions, parameters and variables.

    Attributes, and names that are imported or stand in strings, stay.
    """
    tree = ast.parse(text)
    strings = {
        word
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
        for word in n.value.replace("{", " ").replace("}", " ").split()
    }
    names = {name: f"n{index}_{name[::-1].strip('_')}" for index, name in enumerate(sorted(_bound(tree) - strings))}
    return ast.unparse(_Renamer(names, _functions(tree)).visit(tree)) + "\n"


def _bound(tree: ast.Module) -> set[str]:
    """Names that the program binds itself, imports apart."""
    found: set[str] = set()
    kept: set[str] = set(dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.FunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(body=body):
                # What a class binds are attributes.
                kept |= {n.name for n in body if isinstance(n, ast.FunctionDef)}
                kept |= {
                    n.id for s in body for n in ast.walk(s) if isinstance(s, ast.Assign) and isinstance(n, ast.Name)
                }
            case ast.alias(name=name, asname=asname):
                kept.add(asname or name.split(".")[0])
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                kept |= set(names)
            case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                # Keys, which may come back as arguments.
                kept |= {keyword.arg for keyword in keywords if keyword.arg}
            case ast.Attribute(value=ast.Attribute(attr="app"), attr="run"):
                kept.add("main")  # which this calls
    return {name for name in found - kept if not name.startswith("__")}


def _functions(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], functions: set[str]) -> None:
        self.names = names
        self.functions = functions

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        own = isinstance(node.func, ast.Name | ast.Attribute) and _last(node.func) in self.functions
        for keyword in node.keywords if own else ():
            keyword.arg = self.names.get(keyword.arg or "", keyword.arg)
        return self.generic_visit(node)


def _last(function: ast.Name | ast.Attribute) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr
