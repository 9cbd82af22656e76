"""Runs of the graph become calls of the functions that replace them."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Mapping, Node, fed_node
from tf2migrate.names.bindings import names_read
from tf2migrate.names.tree import children
from tf2migrate.plan.model import Fetch, Plan, Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import has_call, has_default
from tf2migrate.rewrite.composer import Composer
from tf2migrate.rewrite.results import filled, is_filled, is_handed_over
from tf2migrate.rewrite.steps import Functions

NAMED = "the named tuple that this run gives is not kept yet"


@dataclass(slots=True)
class Runs:
    """Texts that replace run expressions and the assignments around them."""

    plan: Plan
    composer: Composer
    functions: Functions
    marks: bool = False
    numbers: dict[int, int] = field(default_factory=dict)

    def refused(self, code: str, where: cst.CSTNode, reason: str) -> NotPlanned:
        return NotPlanned(Refusal(code, self.composer.symbols.module.key, where, reason))

    # ------------------------------------------------------------------ the call
    def is_inline(self, step: Step) -> bool:
        """Whether the run only reads variables or constants: no function is needed."""
        if step.immediate:
            return True
        return not (step.parts.atoms or step.parts.parameters or step.updates or step.parts.defaults) and bool(
            step.fetch.values()
        )

    def call(self, step: Step, site: RunSite) -> str:
        feeds = site.feeds
        names = [self.plan.parameter_names[n.number] for n in step.parts.parameters]
        function = f"{self.receiver(site)}.{step.name}" if self.plan.held is not None else step.name
        if id(site.expression) in self.plan.chosen:
            function = self.chosen_text(site)
        if not names or site.feed_expression is None:
            return f"{function}()"
        assert isinstance(feeds, Mapping)
        expression = site.feed_expression
        if isinstance(expression, cst.Dict):
            return f"{function}({', '.join(self.literal_feeds(expression, step, site))})"
        if not feeds.displays:
            raise self.refused("TFM407", expression, "where this feed dict is made cannot be followed")
        text = self.feed_text(expression, site)
        keys = {self.plan.parameter_names.get(k.number, "") for k in feeds.items if isinstance(k, Node)}
        needed = {self.plan.parameter_names[n.number] for n in step.parts.parameters if not has_default(n)}
        if keys <= set(names) and needed <= keys:
            return f"{function}(**{text})"
        if not isinstance(expression, cst.Name):
            raise self.refused("TFM407", expression, "this feed holds more than the run needs, and has no name")
        if any(self.composer.staging.is_maybe(feeds, k) for k in feeds.items):
            raise self.refused("TFM407", expression, "this feed holds more than the run needs, and not on every path")
        given = [n for n in names if n in keys]
        parts = [f"{text}[{chr(34)}{n}{chr(34)}]" for n in given]
        gap = given != names[: len(given)]
        return f"{function}({', '.join(f'{n}={p}' if gap else p for n, p in zip(given, parts, strict=True))})"

    def literal_feeds(self, expression: cst.Dict, step: Step, site: RunSite) -> list[str]:
        texts: dict[int, str] = {}
        for element in expression.elements:
            if not isinstance(element, cst.DictElement):
                raise self.refused("TFM407", expression, "a feed with `**` inside is not rewritten yet")
            key = fed_node(self.composer.staging.value_in(element.key, site.frame))
            if key is not None:
                texts[key.number] = self.feed_text(element.value, site)
        missing = [n for n in step.parts.parameters if n.number not in texts and not has_default(n)]
        if missing:
            raise self.refused("TFM407", expression, "this run does not feed all that it needs")
        parts: list[str] = []
        gap = False
        order = [n for n in texts if any(n == p.number for p in step.parts.parameters)]
        wanted = [n.number for n in step.parts.parameters if n.number in texts]
        if order != wanted and sum(has_call(e.value) for e in expression.elements) > 1:
            # Python evaluates arguments as they are written: calls stay in the order of the dict.
            return [f"{self.plan.parameter_names[n]}={texts[n]}" for n in order]
        for node in step.parts.parameters:
            if node.number not in texts:
                gap = True
            else:
                name = self.plan.parameter_names[node.number]
                parts.append(f"{name}={texts[node.number]}" if gap else texts[node.number])
        return parts

    def feed_text(self, expression: cst.BaseExpression, site: RunSite) -> str:
        """The text of a fed value; runs inside it are replaced as well."""
        edited = expression.visit(self.edit) if self.edit is not None else expression
        assert isinstance(edited, cst.BaseExpression)
        return self.composer.symbols.code(edited).strip()

    def chosen_text(self, site: RunSite) -> str:
        """The function that the host chose."""
        leaf = self.plan.chosen[id(site.expression)].leaf
        text = self.feed_text(leaf, site)
        simple = isinstance(leaf, cst.Name | cst.Attribute | cst.Subscript)
        return text if simple or text.startswith("(") else f"({text})"

    edit: cst.CSTTransformer | None = None

    def receiver(self, site: RunSite) -> str:
        """The object that holds the graph, as it is called where the run stands."""
        held = self.plan.flow.region.held
        staging = self.composer.staging
        if staging.twins:
            return self.one_of_several(site)
        stack: list[cst.CSTNode] = [site.fetch_expression, *([site.feed_expression] if site.feed_expression else [])]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Name | cst.Attribute) and staging.value_in(node, site.frame) is held:
                return self.composer.symbols.code(node)
            stack.extend(children(node))
        frame: Frame | None = site.frame
        while frame is not None:
            for name, value in frame.env.items():
                if value is held and site.frame.lookup(name) is held:
                    return name
            frame = frame.parent
        raise self.refused("TFM411", site.expression, "the object that holds the graph has no name here")

    def one_of_several(self, site: RunSite) -> str:
        """Which of several objects a run is of: the one whose parts it fetches and feeds."""
        held, staging = self.plan.flow.region.held, self.composer.staging
        found: set[str] = set()
        stack: list[cst.CSTNode] = [site.fetch_expression]
        if isinstance(site.feed_expression, cst.Dict):
            stack += [e.key for e in site.feed_expression.elements if isinstance(e, cst.DictElement)]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Name | cst.Attribute) and staging.value_in(node, site.frame) is held:
                found.add(self.composer.symbols.code(node))
            else:
                stack.extend(children(node))
        if len(found) != 1:
            raise self.refused("TFM411", site.expression, "which of several objects this run is of cannot be told")
        return found.pop()

    # ------------------------------------------------------------------ results
    def expression(self, step: Step, site: RunSite) -> str:
        """What replaces the run where its value is used as a whole."""
        value = self.value(step, site)
        # `tf.train.global_step` gave an int of Python.
        return self.marked(site, f"int({value})" if site.form == "global_step" else value, step.fetch)

    def marked(self, site: RunSite, text: str, fetch: Fetch | None = None) -> str:
        """The text with a call that records it, where runs are recorded; summaries are not compared."""
        number = self.numbers.get(id(site.expression), 0)
        if not self.marks:
            return text
        if fetch is not None and any(leaf.is_summary for leaf in fetch.leaves()):
            items = [item for item in fetch.items if item.kind != "none"]
            compared = [f"value[{i}]" for i, item in enumerate(items) if not item.is_summary]
            text = f"{text}, lambda value: [{', '.join(compared)}]"
        return f"__tf2migrate_record__({number}, {text})"

    def summarised(self, call: str, fetch: Fetch, site: RunSite) -> str | None:
        """The value of a run that gives summaries: dicts, whose tensors need not leave TensorFlow."""
        if not any(leaf.is_summary for leaf in fetch.leaves()):
            return None
        if fetch.is_summary:
            return call
        inner = [item for item in fetch.items if item.kind not in ("leaf", "none")]
        if fetch.kind not in ("list", "tuple") or any(leaf.is_summary for item in inner for leaf in item.leaves()):
            raise self.refused("TFM804", site.expression, "a summary in a nested fetch is not rewritten yet")
        if len(fetch.values()) == 1:
            return call
        return self.nested(call)

    def value(self, step: Step, site: RunSite) -> str:
        if self.is_inline(step):
            return self.inline(step.fetch, step, site)
        call = self.call(step, site)
        fetch = step.fetch
        values = fetch.values()
        if fetch.named:
            raise self.refused("TFM408", site.expression, NAMED)
        summarised = self.summarised(call, fetch, site)
        if summarised is not None:
            if any(item.kind == "none" for item in fetch.items):
                raise self.refused("TFM804", site.expression, "give the results of this run names of their own")
            return summarised
        if not values:
            if fetch.kind == "none":
                return call
            raise self.refused("TFM408", site.expression, "the list of None that this run gives is used")
        if fetch.kind == "leaf":
            return f"{call}.numpy()"
        flat = all(item.kind in ("leaf", "none") for item in fetch.items)
        each = self.plan.local("value", "result")
        if (fetch.whole and fetch.expression is not None) or is_filled(fetch):
            return self.nested(call, fetch)
        several = len(fetch.items) > 1 or is_handed_over(fetch)
        if fetch.kind in ("list", "tuple") and flat and len(values) == len(fetch.items) and several:
            made = f"[{each}.numpy() for {each} in {call}]"
            return made if fetch.kind == "list" else f"tuple({made[1:-1]})"
        if fetch.kind in ("list", "tuple") and flat and len(values) == 1:
            position = next(i for i, item in enumerate(fetch.items) if item.kind == "leaf")
            parts = ["None"] * len(fetch.items)
            parts[position] = f"{call}.numpy()"
            joined = ", ".join(parts)
            return f"[{joined}]" if fetch.kind == "list" else f"({joined},)"
        if fetch.kind in ("list", "tuple") and flat and len(values) > 1 and (ends := nones_around(fetch)) is not None:
            before, after = ends
            parts = ["None"] * before + [f"*({each}.numpy() for {each} in {call})"] + ["None"] * after
            return f"[{', '.join(parts)}]" if fetch.kind == "list" else f"({', '.join(parts)})"
        if fetch.kind == "dict" and flat:
            key = self.plan.local("key", "label")
            return f"{{{key}: {numpy_of(each, fetch)} for {key}, {each} in {call}.items()}}"
        if fetch.kind in ("list", "tuple") and any(item.kind == "none" for item in fetch.items):
            return self.with_nones(call, fetch, site)
        made = self.nested(call, fetch)
        if fetch.expression is not None or fetch.kind == "dict":
            return made
        if len(fetch.items) == 1:
            raise self.refused("TFM408", site.expression, "a structure of one structure is not rewritten yet")
        return f"list({made})" if fetch.kind == "list" else made

    def nested(self, call: str, fetch: Fetch | None = None) -> str:
        """The results of a call as numpy values, in the form in which they are nested."""
        each = self.plan.local("value", "result")
        return f"{self.composer.symbols.tf}.nest.map_structure(lambda {each}: {numpy_of(each, fetch)}, {call})"

    def with_nones(self, call: str, fetch: Fetch, site: RunSite) -> str:
        """A list of structures with the None of ops before and after them, which the function does not give back."""
        if (ends := nones_around(fetch)) is None:
            raise self.refused("TFM408", site.expression, "an op among nested fetches is not rewritten yet")
        before, after = ends
        alone = len(fetch.items) - before - after == 1
        inner = self.nested(call, fetch)
        parts = [*["None"] * before, inner if alone else f"*{inner}", *["None"] * after]
        return f"[{', '.join(parts)}]" if fetch.kind == "list" else f"({', '.join(parts)})"

    def inline(self, fetch: Fetch, step: Step, site: RunSite) -> str:
        match fetch.kind:
            case "leaf":
                assert fetch.expression is not None
                atom = self.plan.flow.region.atom_at(site.place)
                assert atom is not None
                collected = self.functions.collected_variable(fetch)
                if collected is not None:
                    return f"{collected}.numpy()"
                given_back = self.given_back(fetch.expression, step, atom, site)
                if given_back is not None:
                    return f"{given_back}.numpy()"
                text = self.inline_text(fetch.expression, step, site)
                primary = isinstance(fetch.expression, cst.Name | cst.Attribute | cst.Subscript | cst.Call)
                return f"{text}.numpy()" if primary else f"({text}).numpy()"
            case "none":
                return "None"
            case "dict":
                pairs = zip(fetch.keys, fetch.items, strict=True)
                code = self.composer.symbols.code
                return "{" + ", ".join(f"{code(k)}: {self.inline(v, step, site)}" for k, v in pairs) + "}"
        if isinstance(fetch.expression, cst.Call) and (step.immediate or _begins(fetch)):
            # The results of one op, which keep their form.
            return self.nested(self.inline_text(fetch.expression, step, site))
        if fetch.named or (fetch.whole and fetch.record):
            raise self.refused("TFM408", site.expression, NAMED)
        if is_filled(fetch):
            return filled(fetch, self.composer.symbols.code, lambda item: self.inline(item, step, site))
        parts = ", ".join(self.inline(item, step, site) for item in fetch.items)
        if fetch.kind == "tuple":
            return f"({parts}{',' if len(fetch.items) == 1 else ''})"
        alike = len({v.node.kind if v.node else "" for v in fetch.values()}) == 1
        if isinstance(fetch.expression, cst.Name) and alike and not self.functions.is_chosen(fetch):
            atom = self.plan.flow.region.atom_at(site.place)
            assert atom is not None
            each = self.plan.local("value", "result")
            held = self.plan.held is not None
            made = self.held_text(fetch.expression, atom, site) if held else ""
            made = self.feed_text(fetch.expression, site) if step.immediate else made
            made = made or self.composer.rendered(fetch.expression, atom, self.plan.model)
            return f"[{each}.numpy() for {each} in {made}]"
        return f"[{parts}]"

    def inline_text(self, expression: cst.BaseExpression, step: Step, site: RunSite) -> str:
        """What is fetched, as an expression of the place where it was run."""
        if step.immediate:
            return self.feed_text(expression, site)
        atom = self.plan.flow.region.atom_at(site.place)
        assert atom is not None
        if self.plan.held is None:
            return self.composer.rendered(expression, atom, self.plan.model)
        return self.held_text(expression, atom, site)

    def given_back(self, expression: cst.BaseExpression, step: Step, atom: Atom, site: RunSite) -> str | None:
        """A variable that a function gave back, as it is reached through the layer which that became."""
        known = self.functions.reached(step, atom, names_read(expression))
        if not known:
            return None
        if id(expression) not in known:
            raise self.refused("TFM401", expression, "a part of a variable is fetched that a function gave back")
        text = known[id(expression)]
        if self.plan.held is None:
            return text
        return f"{self.receiver(site)}.{text.removeprefix(f'{self.plan.model}.')}"

    def held_text(self, expression: cst.BaseExpression, atom: Atom, site: RunSite) -> str:
        """A variable or constant of the object, as it is called where the run stands."""
        holder = self.receiver(site)
        prefix = f"{self.plan.model}."
        edit = self.composer.substitution(atom, holder, None, expression)
        for name in names_read(expression):
            if name.value.startswith(prefix):
                edit.names.setdefault(id(name), f"{holder}.{name.value.removeprefix(prefix)}")
        made = expression.visit(edit)
        assert isinstance(made, cst.BaseExpression)
        return self.composer.symbols.code(made).strip()

    # ------------------------------------------------------------------ statements around a run
    def assignment(self, step: Step, site: RunSite, node: cst.Assign) -> str | None:
        """``_, l = sess.run([train, loss])`` with only the targets that get a value; None when it is no such thing."""
        target = node.targets[0].target
        if len(node.targets) != 1 or not isinstance(target, cst.Tuple | cst.List) or node.value is not site.expression:
            return None
        fetch = step.fetch
        if fetch.kind not in ("list", "tuple") or len(fetch.items) != len(target.elements) or is_filled(fetch):
            return None
        if self.is_inline(step) or any(item.kind != "none" and not _whole_values(item) for item in fetch.items):
            return None
        kept: list[str] = []
        nothing: list[str] = []
        for element, item in zip(target.elements, fetch.items, strict=True):
            text = self.composer.symbols.code(element.value).strip()
            if item.kind != "none":
                kept.append(text)
            elif not isinstance(element.value, cst.Name) or self.is_read(element.value.value, site):
                nothing.append(text)
        call = self.call(step, site)
        lines: list[str] = []
        summarised = self.summarised(call, fetch, site)
        if not kept:
            lines.append(self.marked(site, call))
        elif summarised is not None:
            lines.append(f"{', '.join(kept)} = {self.marked(site, summarised, fetch)}")
        elif any(item.kind not in ("leaf", "none") for item in fetch.items):
            lines.append(f"{', '.join(kept)} = {self.marked(site, self.nested(call))}")
        elif len(kept) == 1 and not is_handed_over(fetch):
            lines.append(f"{kept[0]} = {self.marked(site, call + '.numpy()')}")
        else:
            each = self.plan.local("value", "result")
            made = f"[{each}.numpy() for {each} in {call}]"
            lines.append(f"{', '.join(kept)}{',' if len(kept) == 1 else ''} = {self.marked(site, made)}")
        lines += [f"{name} = None" for name in nothing]
        return "\n".join(lines) + "\n"

    def is_read(self, name: str, site: RunSite) -> bool:
        """Whether a name that would only hold None is read anywhere outside the graph's own statements."""
        if name == "_":
            return False
        flow = self.plan.flow
        if site.frame is not flow.region.frame:
            owner = site.frame.owner
            if not isinstance(owner, cst.FunctionDef):
                return True
            return sum(n.value == name for n in _names_in(owner)) > 1
        for atom in flow.region.atoms:
            for read in atom.reads:
                if read.value == name and any(name in a.binds and a.runs for a in flow.reaching(name, atom)):
                    inside = any(read is n for s in atom.runs for n in _names_in(s.expression))
                    if not inside:
                        return True
        return False


def nones_around(fetch: Fetch) -> tuple[int, int] | None:
    """How many ops stand before and after all that has a value; None where ops stand between."""
    valued = [index for index, item in enumerate(fetch.items) if item.kind != "none"]
    first, last = valued[0], valued[-1] + 1
    return (first, len(fetch.items) - last) if len(valued) == last - first else None


def numpy_of(each: str, fetch: Fetch | None) -> str:
    """What a result becomes on the host: ops give None, within a structure as well."""
    if fetch is None:
        return f"{each}.numpy()"
    left_out = fetch.kind in ("list", "tuple") and not is_filled(fetch)
    inner = [item for item in fetch.items if item.kind != "none"] if left_out else [fetch]
    nothing = any(leaf.kind == "none" for item in inner for leaf in item.leaves())
    return f"None if {each} is None else {each}.numpy()" if nothing else f"{each}.numpy()"


def _begins(fetch: Fetch) -> bool:
    """Whether this is all of a state that a cell begins with."""
    nodes = [leaf.node for leaf in fetch.values()]
    return all(n is not None and any(i.op == "cell.zero_state" for i in (n, *n.inputs)) for n in nodes)


def _whole_values(fetch: Fetch) -> bool:
    """Whether a part of a fetch gives a value, or a structure of values."""
    return fetch.kind == "leaf" or (not fetch.named and bool(fetch.items) and all(map(_whole_values, fetch.items)))


def _names_in(node: cst.CSTNode) -> list[cst.Name]:
    found: list[cst.Name] = []
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Name):
            found.append(current)
        stack.extend(children(current))
    return found
