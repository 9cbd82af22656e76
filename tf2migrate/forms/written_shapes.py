"""Reads of static shapes as the sizes that they give.

TensorFlow 1 knew the static shape of every tensor while the graph was built, and programs read it to size their
variables. Where the variables of the native program are made, there is no tensor to ask: the size itself stands
there, by the name that the program has for it or as a number. The result is an equivalent TensorFlow 1 program, see
``forms/shapes.py``. Reads beside other computations move with them and stay.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.forms.size_names import SizeNames
from tf2migrate.forms.traced import Traced
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.sizes import number, size_of
from tf2migrate.graph.staging import Observation, Staging
from tf2migrate.graph.values import (
    DYNAMIC,
    Builtin,
    Dimension,
    Function,
    Node,
    Sequence,
    Shape,
    Value,
    settled,
)
from tf2migrate.names.bindings import bindings, changed_names
from tf2migrate.names.free import free_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.facts import is_fed


@dataclass(slots=True)
class Varying:
    """A read that gives another size in each pass of a loop: the sizes as text, and the name that they are bound to."""

    expression: cst.BaseExpression
    base: cst.BaseExpression
    loop: cst.For
    sizes: str
    name: str


CONVERSIONS = ("int", "len", "list", "tuple")


@dataclass(slots=True)
class Read:
    """One read of a static shape: the whole expression, the name whose shape it is, and what it is written as."""

    expression: cst.BaseExpression
    base: cst.BaseExpression
    text: str


def written_shapes(staging: Staging, modules: list[Module], parameters: bool) -> list[Module] | None:
    """The modules with reads written out, those of parameters only if asked; None when nothing changes."""
    out: list[Module] = []
    changed = False
    parents = {child: node for m in modules for node in walk(m.tree) for child in children(node)}
    for module in modules:
        finder = _Finder(staging, parents, module, parameters)
        reads = list(finder.reads())
        columns = Columns(finder.varying)
        changed = changed or bool(reads or finder.varying)
        texts = {id(read.expression): read.text for read in reads} | columns.texts
        out.append(_Writer(module, texts, columns).apply(module) if texts else module)
    return out if changed else None


class _Finder:
    """Finds the reads of one module that have to be written out."""

    def __init__(
        self, staging: Staging, parents: dict[cst.CSTNode, cst.CSTNode], module: Module, parameters: bool
    ) -> None:
        self.staging = staging
        self.module = module
        self.parameters = parameters
        self.parents = parents
        self.varying: list[Varying] = []
        self.names = SizeNames(staging, parents, module, parameters)
        self.making = {id(n.expression) for n in staging.nodes if n.kind == "variable"}
        self.computing = {id(n.expression) for n in staging.nodes if n.kind == "tensor" and is_fed(n)}

    def reads(self) -> Iterator[Read]:
        for node in walk(self.module.tree):
            base = _base(node)
            if base is None or not isinstance(node, cst.BaseExpression):
                continue
            values = self.staging.values_of(base)
            if not values or not all(isinstance(v, Node) for v in values):
                continue
            if not self.parameters and self.is_parameter(base):
                continue
            read = self.whole(node, base)
            if read is not None and self.has_to_be_written(read.expression):
                yield read
            elif read is None and (found := self.by_pass(node, base)) is not None:
                self.varying.append(found)

    # ------------------------------------------------------------------ which
    def is_parameter(self, base: cst.BaseExpression) -> bool:
        """Whether this is an argument of a function as it was given, whose shape a layer is told."""
        return isinstance(base, cst.Name) and all(
            isinstance(seen.frame.owner, cst.FunctionDef) and seen.frame.entry.get(base.value) is seen.value
            for seen in self.staging.observations.get(id(base), ())
        )

    def has_to_be_written(self, expression: cst.CSTNode) -> bool:
        """Whether a read stands where no tensor is: in host code, or in what makes a variable."""
        node: cst.CSTNode | None = expression
        statement: cst.CSTNode = expression
        while node is not None:
            if isinstance(node, cst.Call):
                if id(node) in self.making:
                    return True
                if any(isinstance(v, Function) for v in self.staging.values_of(node.func)):
                    return True
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                statement = node
                break
            node = self.parents.get(node)
        return not any(id(inner) in self.computing for inner in walk(_own_part(statement)))

    # ------------------------------------------------------------------ as what
    def whole(self, node: cst.BaseExpression, base: cst.BaseExpression) -> Read | None:
        """The largest expression around a shape that only reads it and has a text."""
        best: Read | None = None
        current: cst.BaseExpression | None = node
        while current is not None:
            text = self.text(current)
            if text:
                best = Read(current, base, text)
            current = self.around(current)
        return best

    def by_pass(self, node: cst.BaseExpression, base: cst.BaseExpression) -> Varying | None:
        """A read whose size depends on the pass of the one loop that it stands in."""
        best: Varying | None = None
        current: cst.BaseExpression | None = node
        while current is not None:
            texts = self.texts_by_pass(current)
            loop = self.only_loop(current)
            if texts and loop is not None and self.has_to_be_written(current):
                best = Varying(current, base, loop, self.column(current, loop, texts), self.bound_by(current))
            current = self.around(current)
        return best

    def only_loop(self, node: cst.CSTNode) -> cst.For | None:
        """The loop around an expression that is evaluated once in each pass of it."""
        loops = self.names.loops_around(node)
        current: cst.CSTNode | None = node
        while current is not None and current is not (loops[0] if loops else None):
            if isinstance(current, cst.If | cst.Try | cst.BaseComp | cst.Lambda | cst.IfExp | cst.BooleanOperation):
                return None
            current = self.parents.get(current)
        return loops[0] if len(loops) == 1 and isinstance(loops[0], cst.For) else None

    def texts_by_pass(self, expression: cst.BaseExpression) -> list[str]:
        """What the passes of a loop give, in order; empty where activations of the function differ."""
        frames: dict[int, list[Observation]] = {}
        for seen in self.staging.observations.get(id(expression), []):
            frames.setdefault(id(seen.frame), []).append(seen)
        lists = {tuple(self.rendered(one, expression) for one in seen) for seen in frames.values()}
        return list(lists.pop()) if len(lists) == 1 and not any("" in texts for texts in lists) else []

    def column(self, expression: cst.BaseExpression, loop: cst.For, texts: list[str]) -> str:
        """The sizes of all passes: a part of a list that the program has, or written out."""
        seen = self.staging.observations[id(expression)]
        first = seen[0].frame
        values = [size_of(settled(one.value)) for one in seen if one.frame is first]
        frame: Frame | None = first
        while frame is not None:
            for name, held in frame.env.items():
                if isinstance(held, Sequence) and held.exact and "." not in name:
                    text = _part(name, held.items, values)
                    if text and self.names.is_bound_before(frame, name, seen[0]) and not self.changes(name):
                        return text
            frame = frame.parent
        return f"[{', '.join(texts)}]"

    def changes(self, name: str) -> bool:
        """Whether anything changes the object of a name in place."""
        return any(name in changed_names(module.tree, lambda base: True) for module in self.staging.modules.values())

    def bound_by(self, expression: cst.BaseExpression) -> str:
        """The name that a statement binds to nothing but this read."""
        parent = self.parents.get(expression)
        match parent:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
                line = self.parents.get(parent)
                owner: cst.CSTNode | None = line
                while owner is not None and not isinstance(owner, cst.FunctionDef | cst.Module):
                    owner = self.parents.get(owner)
                body = owner.body if isinstance(owner, cst.FunctionDef) else owner
                alone = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
                if alone and body is not None and sum(bound == name for bound, _ in bindings(body)) == 1:
                    return name
        return ""

    def around(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The next larger expression that is still part of the read."""
        parent = self.parents.get(node)
        match parent:
            case cst.Attribute(attr=cst.Name(value="value" | "ndims")):
                return parent
            case cst.Attribute(attr=cst.Name(value="as_list" | "num_elements")):
                call = self.parents.get(parent)
                return call if isinstance(call, cst.Call) and not call.args else None
            case cst.Subscript(value=value) if value is node:
                return parent
            case cst.Arg(keyword=None, star=""):
                call = self.parents.get(parent)
                if isinstance(call, cst.Call) and len(call.args) == 1:
                    callees = self.staging.values_of(call.func)
                    if callees and all(isinstance(c, Builtin) and c.name in CONVERSIONS for c in callees):
                        return call
        return None

    def text(self, expression: cst.BaseExpression) -> str:
        """What all evaluations of an expression give, as text; empty when they differ or it cannot be written."""
        seen = self.staging.observations.get(id(expression), [])
        texts = {self.rendered(one, expression) for one in seen}
        return texts.pop() if len(texts) == 1 else self.text_by_names(seen, expression)

    def text_by_names(self, seen: list[Observation], expression: cst.BaseExpression) -> str:
        """Sizes that differ from call to call, by names of the function that hold the same numbers in each of them."""
        found: set[str] | None = None
        for one in seen:
            texts: set[str] = set()
            for chosen in self.names.namings(one):
                self.names.chosen = chosen
                texts.add(self.rendered(one, expression))
                self.names.chosen = {}
            found = texts if found is None else found & texts
        return min((found or set()) - {""}, key=lambda text: ("shape" in text, text), default="")

    def rendered(self, seen: Observation, expression: cst.BaseExpression) -> str:
        match seen.value:
            case Sequence(items=items, kind="list" | "tuple" as kind, exact=True):
                parts = [self.names.size(item, seen) for item in items]
                if not parts or "" in parts:
                    return ""
                comma = "," if kind == "tuple" and len(parts) == 1 else ""
                return f"[{', '.join(parts)}]" if kind == "list" else f"({', '.join(parts)}{comma})"
            case Shape(sizes=sizes):
                return self.shape(sizes, seen, expression)
            case Dimension(size=size) if size is DYNAMIC:
                return ""
        text = self.names.size(seen.value, seen)
        # Where the size stands alone, a sum needs no parentheses.
        alone = isinstance(self.parents.get(expression), cst.Element | cst.Arg | cst.Assign)
        return text[1:-1] if alone and text.startswith("(") else text

    def shape(self, sizes: tuple[Value, ...], seen: Observation, expression: cst.BaseExpression) -> str:
        """A static shape that is an argument: as a list, or as the text that printing it gives."""
        parent = self.parents.get(expression)
        call = self.parents.get(parent) if isinstance(parent, cst.Arg) else None
        if not isinstance(call, cst.Call):
            return ""
        callees = self.staging.values_of(call.func)
        if callees and all(isinstance(c, Builtin) and c.name == "print" for c in callees):
            known = ["?" if size is DYNAMIC else str(number(size)) for size in sizes]
            if "None" in known:
                return ""
            return f'"({", ".join(known)}{"," if len(known) == 1 else ""})"'
        if any(isinstance(c, Builtin | Function) for c in callees):
            return ""
        parts = [self.names.size(size, seen) for size in sizes]
        return f"[{', '.join(parts)}]" if parts and not {"", "None"} & set(parts) else ""


def _part(name: str, items: list[Value], values: list[Value]) -> str:
    """``sizes[:-1]`` where the values are those very items."""
    count = len(values)
    for start in range(len(items) - count + 1) if count > 1 else ():
        # The first may be a literal of its own, as in the placeholder that the loop begins with.
        same_first = items[start] is values[0] or number(values[0]) == number(items[start]) is not None
        if same_first and all(a is b for a, b in zip(items[start + 1 :], values[1:], strict=False)):
            end = len(items) - start - count
            low, high = str(start) if start else "", f"-{end}" if end else ""
            return f"{name}[{low}:{high}]" if low or high else name
    return ""


def _base(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What an expression is the static shape of: ``x.shape`` or ``x.get_shape()``."""
    match node:
        case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value="get_shape")), args=[]):
            return base
        case cst.Attribute(value=base, attr=cst.Name(value="shape")):
            return base
    return None


def _own_part(statement: cst.CSTNode) -> cst.CSTNode:
    match statement:
        case cst.If(test=test) | cst.While(test=test):
            return test
        case cst.For(iter=iterable):
            return iterable
    return statement


class Columns:
    """Sizes that differ from pass to pass: the loop goes through them beside what it goes through already."""

    def __init__(self, varying: list[Varying]) -> None:
        self.by_loop: dict[int, list[tuple[str, str]]] = {}
        self.texts: dict[int, str] = {}
        self.dropped: set[int] = set()
        for read in varying:
            columns = self.by_loop.setdefault(id(read.loop), [])
            known = next((name for name, sizes in columns if sizes == read.sizes and not read.name), "")
            name = read.name or known or self.fresh(read, columns)
            if (name, read.sizes) not in columns:
                columns.append((name, read.sizes))
            self.texts[id(read.expression)] = name
            if read.name:
                self.dropped.add(id(read.expression))

    def fresh(self, read: Varying, columns: list[tuple[str, str]]) -> str:
        base = read.base.value if isinstance(read.base, cst.Name) else "input"
        taken = {n.value for n in walk(read.loop) if isinstance(n, cst.Name)} | {name for name, _ in columns}
        return free_name(f"{base}_size", taken)

    def header(self, loop: cst.For, code: Callable[[cst.CSTNode], str]) -> tuple[str, str] | None:
        """The target and the iterable of a loop with its columns."""
        columns = self.by_loop.get(id(loop))
        if columns is None:
            return None
        names, sizes = ", ".join(n for n, _ in columns), ", ".join(s for _, s in columns)
        target = code(loop.target).strip()
        match loop.target, loop.iter:
            case (
                cst.Tuple(elements=[cst.Element(value=cst.Name(value=index)), cst.Element(value=inner)]),
                cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg(value=value, star="", keyword=None)]),
            ):
                return f"{index}, ({_grouped(inner, code)}, {names})", f"enumerate(zip({code(value).strip()}, {sizes}))"
            case cst.Tuple(elements=elements), cst.Call(func=cst.Name(value="zip"), args=args) if (
                len(elements) == len(args) and not any(a.star or a.keyword for a in args)
            ):
                target = target[1:-1] if loop.target.lpar else target
                inside = ", ".join(code(a.value).strip() for a in args)
                return f"{target}, {names}", f"zip({inside}, {sizes})"
        return f"{_grouped(loop.target, code)}, {names}", f"zip({code(loop.iter).strip()}, {sizes})"


def _grouped(target: cst.BaseExpression, code: Callable[[cst.CSTNode], str]) -> str:
    text = code(target).strip()
    return f"({text})" if isinstance(target, cst.Tuple) and not target.lpar else text


class _Writer(Traced):
    """Writes the texts, and leaves out assertions that are true of them."""

    def __init__(self, module: Module, texts: dict[int, str], columns: Columns) -> None:
        super().__init__(module)
        self.texts = texts
        self.columns = columns
        self.tree = module.tree
        self.written: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        return id(node) not in self.texts and super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if id(original) in self.texts:
            made = cst.parse_expression(self.texts[id(original)], config=self.tree.config_for_parsing)
            self.trace(original, made)
            self.written.add(made)
            return made
        if isinstance(original, cst.SimpleStatementLine) and self.is_column(original):
            return cst.RemoveFromParent()
        if isinstance(updated, cst.SimpleStatementLine) and all(self.is_true(small) for small in updated.body):
            return cst.RemoveFromParent()
        if isinstance(updated, cst.IndentedBlock) and not updated.body:
            updated = updated.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if isinstance(original, cst.For) and isinstance(updated, cst.For):
            header = self.columns.header(original, self.tree.code_for_node)
            if header is not None:
                fresh = cst.parse_statement(f"for {header[0]} in {header[1]}:\n    pass\n")
                assert isinstance(fresh, cst.For)
                updated = updated.with_changes(target=fresh.target, iter=fresh.iter)
        return super().on_leave(original, updated)

    def is_column(self, line: cst.SimpleStatementLine) -> bool:
        small = line.body[0] if line.body else None
        return isinstance(small, cst.Assign) and id(small.value) in self.columns.dropped

    def is_true(self, statement: cst.BaseSmallStatement) -> bool:
        """Whether this asserts what the shapes that are written in it make true."""
        return (
            isinstance(statement, cst.Assert)
            and any(node in self.written for node in walk(statement.test))
            and _true(self.tree, statement.test)
        )


def _true(tree: cst.Module, test: cst.BaseExpression) -> bool:
    """Whether a comparison of literals holds."""
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=right)]):
            try:
                return bool(ast.literal_eval(tree.code_for_node(left)) == ast.literal_eval(tree.code_for_node(right)))
            except (ValueError, SyntaxError):
                return False
    return False
