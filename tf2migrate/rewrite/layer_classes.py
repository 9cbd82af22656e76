"""Layer functions as classes: the statements that make state in the constructor, the others in ``call``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.api.layer_model import Layer
from tf2migrate.graph.values import Node, is_cell, nodes_in
from tf2migrate.names.bindings import all_reads, bindings, bound_names, free_names, names_read
from tf2migrate.names.negation import negated
from tf2migrate.names.tree import children, ids_in, walk
from tf2migrate.plan.graph_statements import is_summary_statement
from tf2migrate.plan.layer_bodies import own_part, simple_statements
from tf2migrate.plan.layer_model import LayerCall, LayerFunction
from tf2migrate.plan.region import opens
from tf2migrate.plan.reserved import attribute
from tf2migrate.rewrite.layer_attributes import LayerAttributes, holds, index_of
from tf2migrate.rewrite.layer_calls import (
    by_parameter,
    call_arguments,
    constructor_arguments,
    unread_arguments,
    with_lifted,
)
from tf2migrate.rewrite.native_layer import native_layer
from tf2migrate.rewrite.substitution import Replacement, Substitution
from tf2migrate.rewrite.variables import anywhere, in_model

# Stands for the output of a layer, which no constructor may hold.
OUTPUT = "_output_of_a_layer_"


@dataclass(slots=True)
class LayerClass(LayerAttributes):
    """Renders one layer function."""

    # ------------------------------------------------------------------ the class
    def statement(self, base: str) -> cst.ClassDef:
        self.name_attributes()
        function, tf = self.function, self.symbols.tf
        lazily = bool(function.shapes)
        body = list(function.definition.body.body)
        doc = self.docstring(body)
        init = ["self", *self.signature(function.init)]
        saved = function.init if lazily else function.saved
        text = f"class {function.name}({tf}.{base}):\n"
        if doc:
            text += "    __doc__\n"
        text += f"    def __init__({', '.join(init)}):\n        super().__init__()\n"
        text += "".join(f"        self.{attribute(name)} = {name}\n" for name in saved)
        holes = {"__doc__": doc, "__first__": self.first(body, lazily), "__second__": self.second(body)}
        if lazily:
            shapes = [f"{name}_shape" if len(self.tensors()) > 1 else "input_shape" for name in self.tensors()]
            text += f"\n    def build(self, {', '.join(shapes)}):\n        __first__\n"
        elif holes["__first__"]:
            text += "        __first__\n"
        parameters = ", ".join(["self", *self.signature([*function.call, *function.lifted])])
        text += f"\n    def call({parameters}):\n        __second__\n"
        made = cast(cst.ClassDef, self.templates.statements(text, holes)[0])
        return made.with_changes(leading_lines=function.definition.leading_lines)

    def tensors(self) -> list[str]:
        return [
            n for n in self.function.call if any(any(True for _ in nodes_in(f.env_at_entry(n))) for f in self.frames)
        ]

    def docstring(self, body: list[cst.CSTNode] | list[cst.BaseStatement]) -> list[cst.BaseStatement]:
        first = body[0] if body else None
        if isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1:
            small = first.body[0]
            if isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString):
                return [first]
        return []

    def signature(self, names: list[str]) -> list[str]:
        """Parameters with the defaults that they had; one without a default may not follow one with."""
        out: list[str] = []
        params = {p.name.value: p for p in self.function.parameters}
        seen_default = False
        for name in names:
            default = params[name].default if name in params else None
            if default is not None:
                seen_default = True
                out.append(f"{name}={self.symbols.code(default)}")
            else:
                if seen_default and name not in params:
                    out.append("*") if "*" not in out else None
                elif seen_default:
                    raise self.refused(params[name], f"the parameter `{name}` comes after one with a default")
                out.append(name)
        return out

    # ------------------------------------------------------------------ the two halves
    def first(self, body: list[cst.CSTNode] | list[cst.BaseStatement], lazily: bool) -> list[cst.BaseStatement]:
        out: list[cst.BaseStatement] = []
        for statement in body:
            match statement:
                case cst.With(body=inner) if self.dissolves(statement):
                    out += self.first(list(inner.body), lazily)
                case cst.If() if id(statement) in self.function.first:
                    made = self.branch(statement, lambda inner: self.first(inner, lazily), self.first_edit(lazily))
                    out += [made] if made is not None else []
                case cst.For() if id(statement) in self.function.first:
                    out += self.first_loop(statement, lazily)
                case cst.FunctionDef() if id(statement) in self.function.first:
                    out.append(self.inner_function(statement, lazily))
                case cst.SimpleStatementLine() if id(statement) in self.function.first:
                    out += self.making(statement, lazily)
            if id(statement) in self.function.leaving:
                out += self.templates.statements("return\n", {})
        return out

    def second(self, body: list[cst.CSTNode] | list[cst.BaseStatement]) -> list[cst.BaseStatement]:
        out: list[cst.BaseStatement] = []
        for statement in body:
            match statement:
                case cst.With(body=inner) if self.dissolves(statement):
                    out += self.second(list(inner.body))
                case cst.If() if id(statement) in self.function.second:
                    made = self.branch(statement, self.second, self.second_edit())
                    out += [made] if made is not None else []
                case cst.For() if id(statement) in self.function.second:
                    out += self.second_loop(statement)
                case cst.BaseStatement() if is_summary_statement(self.staging, statement):
                    pass
                case cst.BaseStatement() if id(statement) in self.function.second:
                    made2 = statement.visit(self.second_edit())
                    if isinstance(made2, cst.BaseStatement) and not _is_idle(made2):
                        out.append(made2)
        return out

    def first_loop(self, statement: cst.For, lazily: bool) -> list[cst.BaseStatement]:
        """The loop that makes the elements of the lists."""
        inner = self.first(list(statement.body.body), lazily)
        if not inner:
            return []
        lists = "".join(f"self.{name} = []\n" for name, loop in self.looped.items() if loop is statement)
        iterable = cast(cst.BaseExpression, statement.iter.visit(self.first_edit(lazily)))
        made = cst.For(statement.target, iterable, cst.IndentedBlock(inner))
        return [*(self.templates.statements(lists, {}) if lists else []), made]

    def second_loop(self, statement: cst.For) -> list[cst.BaseStatement]:
        inner = self.second(list(statement.body.body))
        if not inner:
            return []
        iterable = cast(cst.BaseExpression, statement.iter.visit(self.second_edit()))
        names = [n for n, loop in self.looped.items() if loop is statement and n not in self.iterators]
        begun = [f"{self.iterators[n]} = iter(self.{n})\n" for n, loop in self.looped.items()
                 if loop is statement and n in self.iterators]
        if begun:
            return [*self.templates.statements("".join(begun), {}), *self.passes(statement, names, iterable, inner)]
        return self.passes(statement, names, iterable, inner)

    def passes(
        self, statement: cst.For, names: list[str], iterable: cst.BaseExpression, inner: list[cst.BaseStatement]
    ) -> list[cst.BaseStatement]:
        """The loop of ``call``, through the lists of ``names`` and what it went through before."""
        target = statement.target
        if names and not index_of(statement):
            columns = [(self.element_name(n), f"self.{n}") for n in names]
            columns += [c for c in self.columns(target, iterable) if self.is_needed(c[0], statement, inner)]
            elements, lists = ", ".join(e for e, _ in columns), ", ".join(values for _, values in columns)
            lists = f"zip({lists})" if len(columns) > 1 else lists
            head = f"for {elements} in {lists}:\n    __body__\n"
            return self.templates.statements(head, {"__body__": inner})
        return [cst.For(target, iterable, cst.IndentedBlock(inner), leading_lines=statement.leading_lines)]

    def columns(self, target: cst.BaseExpression, iterable: cst.BaseExpression) -> list[tuple[str, str]]:
        """What a loop goes through, side by side, with the targets."""
        code = self.symbols.code
        match target, iterable:
            case cst.Tuple(elements=elements), cst.Call(func=cst.Name(value="zip"), args=args) if (
                len(elements) == len(args) and not any(a.star or a.keyword for a in args)
            ):
                return [(code(e.value).strip(), code(a.value).strip()) for e, a in zip(elements, args, strict=True)]
        text = code(target).strip()
        text = f"({text})" if isinstance(target, cst.Tuple) and not target.lpar else text
        return [(text, code(iterable).strip())]

    def is_needed(self, target: str, loop: cst.For, inner: list[cst.BaseStatement]) -> bool:
        """Whether what a loop binds is read by what is left of its body, or by what comes after it."""
        inside = {id(s) for s in simple_statements([loop])}
        body = simple_statements(self.function.definition.body.body)
        read = {n.value for s in body if id(s) not in inside for n in names_read(own_part(s))}
        read |= {n.value for s in inner for n in names_read(s)}
        return bool(set(bound_names(cst.parse_expression(target))) & read)

    def branch(self, statement: cst.If, half, edit: Substitution) -> cst.If | None:  # type: ignore[no-untyped-def]
        then = half(list(statement.body.body))
        orelse: cst.If | cst.Else | None = None
        if isinstance(statement.orelse, cst.If):
            orelse = self.branch(statement.orelse, half, edit)
        elif statement.orelse is not None:
            other = half(list(statement.orelse.body.body))
            orelse = cst.Else(cst.IndentedBlock(other)) if other else None
        if not then and orelse is None:
            return None
        test = cast(cst.BaseExpression, statement.test.visit(edit))
        if not then and isinstance(orelse, cst.Else):
            return cst.If(negated(test), orelse.body, leading_lines=statement.leading_lines)
        body = cst.IndentedBlock(then or [cst.SimpleStatementLine([cst.Pass()])])
        return cst.If(test, body, orelse, leading_lines=statement.leading_lines)

    def dissolves(self, statement: cst.With) -> bool:
        return all(
            bool(values) and all(opens(v) for v in values)
            for values in (self.staging.values_of(item.item) for item in statement.items)
        )

    def making(self, statement: cst.SimpleStatementLine, lazily: bool) -> list[cst.BaseStatement]:
        """A statement of the constructor: the state that it makes, or host code that the state needs."""
        state = [n for n, _ in bindings(statement) if n in self.function.state]
        expressions = self.state_expressions(statement)
        if not expressions and id(statement) in self.function.leaving:
            return []
        if not expressions:
            made = statement.visit(self.first_edit(lazily))
            return [made] if isinstance(made, cst.BaseStatement) else []
        out: list[cst.BaseStatement] = []
        value = getattr(statement.body[0], "value", None)
        if state and not any(expression is value for expression in expressions):
            name = self.function.state[state[0]]
            text = self.state_value(cast(cst.BaseExpression, value), name, lazily)
            text = f"self.{name}.append({text})" if name in self.looped else f"self.{name} = {text}"
            made2 = self.templates.statements(text + "\n", {})
            return [made2[0].with_changes(leading_lines=statement.leading_lines)]
        for expression in expressions:
            name = self.function.state[state[0]] if state else self.attributes[id(expression)]
            if any(
                f"self.{name} = " in self.symbols.code(s) or f"self.{name}.append(" in self.symbols.code(s) for s in out
            ):
                continue
            text = f"self.{name} = {self.constructor(expression, name, lazily)}"
            if name in self.looped:
                text = f"self.{name}.append({self.constructor(expression, name, lazily)})"
            out += self.templates.statements(text + "\n", {})
        if state and out:
            out[0] = out[0].with_changes(leading_lines=statement.leading_lines)
        return out

    def inner_function(self, function: cst.FunctionDef, lazily: bool) -> cst.BaseStatement:
        """A function inside of the layer function that makes variables for it, which stands in the constructor."""
        own = self.function
        gone = {*own.state, *own.call}
        for name in free_names(function):
            values = [frame.lookup(name.value) for frame in self.frames if frame.holder(name.value) is frame]
            if name.value in gone or any(any(True for _ in nodes_in(value)) for value in values):
                reason = f"`{name.value}`, which the function reads that makes these variables, is not there by then"
                raise self.refused(function, reason, "TFM404")
        edit = self.first_edit(lazily)
        inside = ids_in(function)
        for node in self.staging.nodes:
            call = node.expression
            if id(call) not in inside or node.kind not in ("variable", "layer"):
                continue
            if node.kind == "layer" or is_cell(node) or not isinstance(call, cst.Call):
                raise self.refused(function, "a function inside of this one makes layers for it")
            edit.replacements[id(call)] = self.elsewhere(node, call)
        made = cast(cst.FunctionDef, function.visit(edit))
        above = made.leading_lines
        spaced = bool(above) and above[0].comment is None
        return made if spaced else made.with_changes(leading_lines=[cst.EmptyLine(indent=False), *above])

    def elsewhere(self, node: Node, original: cst.Call) -> Replacement:
        return lambda made: self.symbols.expression(anywhere(self.symbols, node, original, cast(cst.Call, made)))

    def state_value(self, value: cst.BaseExpression, name: str, lazily: bool) -> str:
        """An expression that makes state and holds nothing else: a list of variables, a stack of cells."""
        edit = self.first_edit(lazily)
        for node in self.own_nodes():
            if isinstance(node.expression, cst.Call) and holds(value, node.expression):
                edit.replacements[id(node.expression)] = self.made(node, node.expression, name)
        return self.symbols.code(cast(cst.CSTNode, value.visit(edit))).strip()

    def made(self, node: Node, original: cst.Call, name: str) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            return self.symbols.expression(in_model(self.symbols, node, original, cast(cst.Call, updated), name))

        return replace

    def constructor(self, expression: cst.Call, name: str, lazily: bool) -> str:
        edit = self.first_edit(lazily)
        for inner in self.inside(expression):
            edit.whole[id(inner)] = OUTPUT
        updated = expression.with_changes(args=[cast(cst.Arg, a.visit(edit)) for a in expression.args])
        made = self.constructed(expression, updated, name, edit, lazily)
        if OUTPUT in made:
            raise self.refused(expression, "what a layer gives decides how another one is made", "TFM404")
        return made

    def inside(self, expression: cst.Call) -> Iterator[cst.Call]:
        """The layers whose output goes straight into the one that an expression makes: ``norm(conv(x))``."""
        calls = {id(call.call) for call in self.nested()}
        layers = {id(node.expression) for node in self.own_nodes() if node.kind == "layer"}
        for node in walk(expression):
            if isinstance(node, cst.Call) and node is not expression and id(node) in calls | layers:
                yield node

    def constructed(self, expression: cst.Call, updated: cst.Call, name: str, edit: Substitution, lazily: bool) -> str:
        for node in self.own_nodes():
            if node.expression is expression:
                if node.kind == "layer":
                    return self.layer(node, updated).constructor
                return in_model(self.symbols, node, expression, updated, name, edit if lazily else None)
        for call in self.nested():
            if call.call is expression:
                inner = self.layers[id(call.frame.owner)]
                texts = by_parameter(inner, expression, updated, self.symbols)
                return f"{self.callee(expression, inner)}({constructor_arguments(inner, texts)})"
        return self.symbols.code(updated.with_changes(func=expression.func))

    def callee(self, call: cst.Call, inner: LayerFunction) -> str:
        text = self.symbols.code(call.func)
        prefix, dot, _ = text.rpartition(".")
        return f"{prefix}{dot}{inner.name}"

    def layer(self, node: Node, updated: cst.Call) -> Layer:
        original = cast(cst.Call, node.expression)
        return native_layer(self.plan, self.symbols, node, original, self.symbols.arguments(updated))

    # ------------------------------------------------------------------ edits
    def first_edit(self, lazily: bool) -> Substitution:
        names: dict[int, str] = {}
        whole: dict[int, str] = {}
        for statement in simple_statements(self.function.definition.body.body):
            for name in all_reads(own_part(statement)):
                if name.value in self.function.init and lazily:
                    names[id(name)] = f"self.{attribute(name.value)}"
                elif name.value in self.function.state:
                    names[id(name)] = f"self.{self.function.state[name.value]}"
            if lazily:
                self.shape_reads(own_part(statement), whole)
        return Substitution(self.symbols, {}, whole, names)

    def shape_reads(self, where: cst.CSTNode, whole: dict[int, str]) -> None:
        """``x.get_shape().as_list()`` is ``list(input_shape)`` in ``build``."""
        tensors = self.tensors()
        stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(where, None)]
        while stack:
            node, parent = stack.pop()
            base = _shape_base(node)
            if base is not None and base in tensors:
                name = f"{base}_shape" if len(tensors) > 1 else "input_shape"
                if isinstance(node, cst.Call) and _ends(node, "as_list"):
                    whole[id(node)] = f"list({name})"
                    continue
                if isinstance(parent, cst.Subscript) and parent.value is node and not _is_slice(parent):
                    whole[id(node)] = name
                    continue
                if not (isinstance(parent, cst.Attribute) and parent.attr.value == "as_list"):
                    whole[id(node)] = f"{self.symbols.tf}.TensorShape({name})"
                    continue
            stack.extend((child, node) for child in children(node))

    def second_edit(self) -> Substitution:
        names: dict[int, str] = {}
        replacements: dict[int, Replacement] = {}
        whole: dict[int, str] = {}
        function = self.function
        for statement in simple_statements(function.definition.body.body):
            for name in all_reads(own_part(statement)):
                if name.value in function.init:
                    names[id(name)] = f"self.{attribute(name.value)}"
                elif name.value in function.state:
                    names[id(name)] = self.element(function.state[name.value])
        for node in self.own_nodes():
            if id(node.expression) in self.attributes:
                if node.kind == "layer":
                    replacements[id(node.expression)] = self.layer_call(node)
                else:
                    whole[id(node.expression)] = self.element(self.attributes[id(node.expression)])
        for factory in self.factory_calls():
            if factory in self.attributes and factory not in replacements:
                whole[factory] = self.element(self.attributes[factory])
        for call in self.nested():
            replacements[id(call.call)] = self.nested_call(call)
            whole |= unread_arguments(self.layers[id(call.frame.owner)], call.call, self.symbols)
        return Substitution(self.symbols, replacements, whole, names)

    def layer_call(self, node: Node) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            made = self.layer(node, cast(cst.Call, updated))
            arguments = ", ".join([made.inputs or "", *made.call_arguments])
            return self.symbols.expression(f"{self.element(self.attributes[id(node.expression)])}({arguments})")

        return replace

    def nested_call(self, call: LayerCall) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            inner = self.layers[id(call.frame.owner)]
            texts = by_parameter(inner, call.call, cast(cst.Call, updated), self.symbols)
            arguments = with_lifted(call_arguments(inner, texts, inner.frames), [f"{n}={n}" for n in inner.lifted])
            return self.symbols.expression(f"{self.element(self.attributes[id(call.call)])}({arguments})")

        return replace


def _is_idle(statement: cst.BaseStatement) -> bool:
    """``x = x``: what is left of a layer that does nothing, such as dropout outside of training."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Name(value=value))]
        ):
            return name == value
    return False


def _shape_base(node: cst.CSTNode) -> str | None:
    """The name whose static shape an expression is: ``x.shape``, ``x.get_shape()``, ``x.get_shape().as_list()``."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value == "get_shape" and isinstance(node.func.value, cst.Name):
            return node.func.value.value
        if node.func.attr.value == "as_list":
            return _shape_base(node.func.value)
    if isinstance(node, cst.Attribute) and node.attr.value == "shape" and isinstance(node.value, cst.Name):
        return node.value.value
    return None


def _ends(node: cst.Call, name: str) -> bool:
    return isinstance(node.func, cst.Attribute) and node.func.attr.value == name


def _is_slice(node: cst.Subscript) -> bool:
    return any(isinstance(e.slice, cst.Slice) for e in node.slice)
