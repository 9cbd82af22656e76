"""Summaries in native form: the dict that a step returns, the writer, and the statements that write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.definitions import defined
from tf2migrate.graph.staging import WriteSite
from tf2migrate.graph.summaries import members
from tf2migrate.graph.values import Node
from tf2migrate.names.bindings import bindings, bound_names
from tf2migrate.names.tree import children
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.summaries import Datum, data_of, is_tagged, written
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates

WIDTH = 100
# What the arguments of a writer became: name of the parameter and how it is written.
WRITER_PARAMETERS = ("logdir", "graph", "max_queue", "flush_secs", "graph_def", "filename_suffix", "session")


@dataclass(slots=True)
class Writing:
    """The places of a program at which summaries are written."""

    plan: Plan
    symbols: dict[str, Symbols]
    home: str
    functions: dict[tuple[int, ...], str] = field(default_factory=dict)

    def refused(self, site: WriteSite, reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM804", site.place.module, site.call, reason))

    def data(self, site: WriteSite) -> list[Datum]:
        node = written(site)
        assert node is not None
        flow = self.plan.flow
        atom = flow.region.atom_at(node.place)
        assert atom is not None
        return data_of(flow, Slicer(flow), node, atom)

    # ------------------------------------------------------------------ a function for several places
    def settle(self, key: str) -> list[tuple[str, str]]:
        """Names and texts of functions for summaries that the module ``key`` writes at several places."""
        groups: dict[tuple[int, ...], list[WriteSite]] = {}
        for site in {id(s.call): s for s in self.plan.flow.staging.writes}.values():
            if site.place.module == key and not is_tagged(site.summary):
                groups.setdefault(self.group(site), []).append(site)
        made: list[tuple[str, str]] = []
        for numbers, sites in groups.items():
            alone = len(sites) == 1 and self.is_line(sites[0])
            if alone:
                continue
            node = written(sites[0])
            assert node is not None
            base = self.name_of(node)
            name = self.plan.fresh(f"write_{base}", f"write_{base}_summaries")
            writes = "".join(f"        {self.write(self.symbols[key], d, 'summary')}\n" for d in self.data(sites[0]))
            text = f"def {name}(writer, summary, step):\n    with writer.as_default(step=step):\n{writes}"
            self.functions[numbers] = name
            made.append((name, text))
        return made

    def is_line(self, site: WriteSite) -> bool:
        """Whether the call is a statement on a line of its own."""
        match site.place.steps[-1].statement:
            case cst.SimpleStatementLine(body=[cst.Expr(value=value)]):
                return value is site.call
        return False

    def group(self, site: WriteSite) -> tuple[int, ...]:
        node = written(site)
        assert node is not None
        return tuple(m.number for m in members(node))

    def name_of(self, node: Node) -> str:
        """What the program calls a summary op."""
        flow = self.plan.flow
        for atom in flow.region.atoms:
            for name in atom.binds:
                if flow.bound_value(atom, name) is node:
                    return self.plan.local_name(name).rpartition(".")[2].strip("_") or "summaries"
        return "summaries"

    def called_by_name(self, site: WriteSite) -> bool:
        """Whether a function writes there."""
        return site.place.module == self.home and self.group(site) in self.functions

    def called(self, site: WriteSite, updated: cst.BaseExpression) -> cst.BaseExpression | None:
        """The call of the function that writes there, None where the place is the only one."""
        if not self.called_by_name(site):
            return None
        name = self.functions[self.group(site)]
        symbols = self.symbols[site.place.module]
        call = cst.ensure_type(updated, cst.Call)
        writer = symbols.code(cst.ensure_type(call.func, cst.Attribute).value).strip()
        summary = symbols.code(call.args[0].value).strip()
        return symbols.expression(f"{name}({writer}, {summary}, {self.step(site, call)})")

    # ------------------------------------------------------------------ statements
    def replaced(self, site: WriteSite, updated: cst.BaseExpression) -> list[cst.BaseStatement]:
        """The statements in place of ``writer.add_summary(summary, step)``."""
        symbols = self.symbols[site.place.module]
        assert isinstance(updated, cst.Call)
        summary = symbols.code(updated.args[0].value).strip()
        lines: list[str] = []
        if not isinstance(updated.args[0].value, cst.Name | cst.Attribute):
            name = self.plan.local("summary", "summary_values")
            lines.append(f"{name} = {summary}\n")
            summary = name
        writer = symbols.code(cst.ensure_type(updated.func, cst.Attribute).value).strip()
        lines.append(f"with {writer}.as_default(step={self.step(site, updated)}):\n")
        lines += [f"    {self.write(symbols, datum, summary)}\n" for datum in self.data(site)]
        return Templates(symbols.module.tree).statements("".join(lines), {})

    def step(self, site: WriteSite, updated: cst.Call) -> str:
        """The step as TensorFlow 1 wrote it: cut to a whole number, 0 where there is none."""
        if site.step is None or (isinstance(site.step, cst.Name) and site.step.value == "None"):
            return "0"
        symbols = self.symbols[site.place.module]
        index = next(i for i, arg in enumerate(site.call.args) if arg.value is site.step)
        text = symbols.code(updated.args[index].value).strip()
        body = site.frame.owner
        return text if is_whole(site.step, body) else f"int({text})"

    def write(self, symbols: Symbols, datum: Datum, summary: str) -> str:
        value = f"{summary}[{quoted(datum.tag)}]"
        tag, tf = quoted(datum.tag), symbols.tf
        match datum.node.op:
            case "tf.summary.image":
                return self.image(symbols, datum, value)
            case op:
                return f"{tf}.summary.{op.rpartition('.')[2]}({tag}, {value})"

    def image(self, symbols: Symbols, datum: Datum, value: str) -> str:
        """TensorFlow 1 stretched images of floats to the whole range; TensorFlow 2 takes them as they are."""
        data = datum.node.details.get("data")
        dtype = dtype_of(data) if isinstance(data, Node) else None
        if dtype != "uint8":
            symbols.define((defined("summary_image", symbols.tf),))
            value = f"summary_image({value})"
        shown = datum.node.details.get("max_outputs")
        count = getattr(shown, "value", 3)
        if not isinstance(count, int):
            where = datum.node.expression or datum.atom.statement
            raise NotPlanned(Refusal("TFM804", symbols.module.key, where, "how many images are shown is not known"))
        more = f", max_outputs={count}" if count != 3 else ""
        return f"{symbols.tf}.summary.image({quoted(datum.tag)}, {value}{more})"


def graph_arguments(call: cst.Call) -> list[cst.Arg]:
    """The arguments of a writer that are the graph or the session."""
    named = [(a.keyword.value if a.keyword else WRITER_PARAMETERS[i], a) for i, a in enumerate(call.args)]
    return [arg for name, arg in named if name in ("graph", "graph_def", "session")]


def writer_text(symbols: Symbols, original: cst.Call, updated: cst.Call) -> str:
    """``tf.summary.create_file_writer(...)`` for ``tf.summary.FileWriter(...)``."""
    given: dict[str, str] = {}
    for position, arg in enumerate(updated.args):
        if arg.star:
            reason = "the arguments of this writer are not written out"
            raise NotPlanned(Refusal("TFM804", symbols.module.key, original, reason))
        name = arg.keyword.value if arg.keyword is not None else WRITER_PARAMETERS[position]
        given[name] = symbols.code(arg.value).strip()
    parts = [given["logdir"]]
    if "max_queue" in given:
        parts.append(f"max_queue={given['max_queue']}")
    if "flush_secs" in given:
        parts.append(f"flush_millis=1000 * {given['flush_secs']}")
    if "filename_suffix" in given:
        parts.append(f"filename_suffix={given['filename_suffix']}")
    return f"{symbols.tf}.summary.create_file_writer({', '.join(parts)})"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def display(pairs: list[tuple[str, str]]) -> str:
    """A dict display, on several lines where it is long."""
    inner = [f"{quoted(tag)}: {text}" for tag, text in pairs]
    line = "{" + ", ".join(inner) + "}"
    if len(line) <= WIDTH - 20:
        return line
    return "{\n" + "".join(f"    {part},\n" for part in inner) + "}"


def is_whole(node: cst.BaseExpression, body: cst.CSTNode, depth: int = 0) -> bool:
    """Whether an expression of ``body`` is a Python int for certain."""
    match node:
        case cst.Integer():
            return True
        case cst.BinaryOperation(left=left, operator=operator, right=right):
            return isinstance(operator, WHOLE) and is_whole(left, body, depth) and is_whole(right, body, depth)
        case cst.Call(func=cst.Name(value="int" | "len")):
            return True
        case cst.Name(value=name) if depth < 8:
            found = list(_bindings(body, name))
            return bool(found) and all(
                value is not None and (value is node or is_whole(value, body, depth + 1)) for value in found
            )
    return False


WHOLE = (cst.Add, cst.Subtract, cst.Multiply, cst.FloorDivide, cst.Modulo)
WHOLE_UPDATES = (cst.AddAssign, cst.SubtractAssign, cst.MultiplyAssign)
ONE = cst.Integer("1")


def _bindings(body: cst.CSTNode, name: str) -> Iterator[cst.BaseExpression | None]:
    """What ``name`` is bound to in a function or module; None for what is not known to be a whole number."""
    if isinstance(body, cst.FunctionDef) and any(
        p.name.value == name for p in (*body.params.params, *body.params.kwonly_params, *body.params.posonly_params)
    ):
        yield None
    stack = list(children(body))
    while stack:
        node = stack.pop()
        match node:
            case cst.For(target=target, iter=cst.Call(func=cst.Name(value="range" | "xrange"))):
                if isinstance(target, cst.Name) and target.value == name:
                    yield ONE
                    stack.extend(children(node.body))
                    continue
            case cst.For(
                target=cst.Tuple(elements=[cst.Element(value=cst.Name(value=first)), _]),
                iter=cst.Call(func=cst.Name(value="enumerate"), args=[_]),
            ) if first == name:
                yield ONE
                stack.extend(children(node.body))
                continue
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=target))], value=value) if target == name:
                yield value
                continue
            case cst.AugAssign(target=cst.Name(value=target), operator=operator, value=value) if target == name:
                yield value if isinstance(operator, WHOLE_UPDATES) else None
                continue
        if isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            if not isinstance(node, cst.Lambda) and node.name.value == name:
                yield None
            continue
        bound = bound_names(node.target) if isinstance(node, cst.For) else dict(bindings(node))
        if name in bound and isinstance(node, BINDERS):
            yield None
        stack.extend(children(node))


BINDERS = (
    cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For, cst.NamedExpr, cst.AsName, cst.Import, cst.ImportFrom,
    cst.CompFor, cst.Global, cst.Nonlocal,
)  # fmt: skip
