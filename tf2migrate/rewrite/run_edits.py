"""Runs become calls, and what they feed is keyed by the names of parameters."""

from __future__ import annotations

from functools import partial

import libcst as cst

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import (
    Mapping,
    Node,
    fed_node,
    stands_for_several,
)
from tf2migrate.names.dict_keys import written_keys
from tf2migrate.names.tree import children
from tf2migrate.plan.cut_feeds import Made, cut_expressions
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.external_runs import external_call
from tf2migrate.rewrite.placement import Placement
from tf2migrate.rewrite.results import is_handed_over
from tf2migrate.rewrite.single_values import is_single, single_names, takes_number


class RunEdits(Placement):
    """Replaces feeds and runs."""

    def feeds(self) -> None:
        """Feed dicts that have a name are keyed by parameter names instead of placeholders."""
        stack: list[cst.CSTNode] = [symbols.module.tree for symbols in self.all_symbols.values()]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Dict | cst.Call):
                for key in written_keys(node):
                    self._key(key)
            elif isinstance(node, cst.Subscript):
                bases = self.staging.values_of(node.value)
                if any(isinstance(b, Mapping) for b in bases) and len(node.slice) == 1:
                    index = node.slice[0].slice
                    if isinstance(index, cst.Index):
                        self._key(index.value)
            stack.extend(children(node))
        for cuts in cut_expressions(self.staging).values():
            for cut in cuts:
                self.replacements[id(cut.expression)] = partial(self._cut, cut.made)

    def _cut(self, made: Made, updated: cst.BaseExpression) -> cst.BaseExpression:
        """A number of Python, as a placeholder of integers or truths took it."""
        text = self.symbols.code(updated)
        if isinstance(updated, cst.Integer) and made is not Made.INT:
            return cst.Name(str(bool(int(updated.value, 0))))
        if made is Made.BOOLS:
            return self.symbols.expression(f"{self.symbols.tf}.cast({text}, {self.symbols.tf}.bool)")
        return self.symbols.expression(f"{made.value}({text})")

    def _key(self, key: cst.BaseExpression) -> None:
        numbers = {node.number for v in self.staging.values_of(key) if (node := fed_node(v)) is not None}
        if not numbers or not numbers & self.own:
            return
        names = {self.plan.parameter_names.get(n) for n in numbers}
        if names == {None}:
            # A dict of something else: the conditions of `tf.case`.
            return
        if len(names) != 1 or None in names:
            reason = "this key of a feed stands for several placeholders"
            raise NotPlanned(Refusal("TFM407", self.module.key, key, reason))
        self.whole[id(key)] = f'"{names.pop()}"'

    def run_sites(self) -> None:
        by_expression = {id(site.expression): step for step in self.plan.steps for site in step.sites}
        done: set[int] = set()
        for site in self.staging.runs:
            key = id(site.expression)
            if key in done:
                continue
            done.add(key)
            found = by_expression.get(key)
            if found is None:
                self.remove_initializer(site)
            else:
                self.replace_run(site, found)
        for name in single_names(self.staging):
            self.whole[id(name)] = f"{self.names.get(id(name), name.value)}.item()"

    def remove_initializer(self, site: RunSite) -> None:
        statement = site.place.steps[-1].statement
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        if len(small) == 1 and isinstance(small[0], cst.Expr) and small[0].value is site.expression:
            if id(site.expression) in self.plan.resets:
                self.reset(site)
                return
            self.edits.removed.add(id(statement))
            return
        raise NotPlanned(Refusal("TFM408", self.module.key, site.expression, "the result of an initializer is used"))

    def reset(self, site: RunSite) -> None:
        """An initializer that runs again is a call that sets the variables as they began."""
        name, made = self.resets.function(site)
        atom = self.region.atom_at(site.place)
        assert atom is not None
        self.generated.add(name)
        self.insert(atom, made)
        self.whole[id(site.expression)] = f"{name}()"

    def replace_run(self, site: RunSite, step: Step) -> None:
        if step.is_external:
            self.whole[id(site.expression)] = self.runs.marked(site, external_call(self.runs, step, site))
            return
        statement = site.place.steps[-1].statement
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            small = statement.body[0]
            if isinstance(small, cst.Assign):
                text = self.runs.assignment(step, site, small)
                if text is not None:
                    made = self.templates.statements(text, {})
                    made[0] = made[0].with_changes(leading_lines=statement.leading_lines)
                    last = made[-1]
                    if isinstance(last, cst.SimpleStatementLine):
                        made[-1] = last.with_changes(trailing_whitespace=statement.trailing_whitespace)
                    self.edits.replaced[id(statement)] = made
                    return
            if isinstance(small, cst.Expr) and small.value is site.expression and not self.runs.is_inline(step):
                call = self.runs.call(step, site)
                if self.runs.marks and any(leaf.is_summary for leaf in step.fetch.leaves()):
                    self.whole[id(site.expression)] = self.runs.expression(step, site)
                    return
                if self.runs.marks:
                    values = step.fetch.values()
                    tf = self.symbols.tf
                    call = f"{tf}.nest.map_structure(lambda value: value.numpy(), {call})" if values else call
                self.whole[id(site.expression)] = self.runs.marked(site, call)
                return
        if self.pick(site, step, statement):
            return
        atom = self.region.atom_at(site.place)
        if self.runs.is_inline(step) and atom is not None:
            self.check_built(atom, [leaf.node for leaf in step.fetch.values() if leaf.node is not None], site)
        text = self.runs.expression(step, site)
        if is_single(site.fetches) and takes_number(statement, site.expression, self.staging):
            text += ".item()"
        self.whole[id(site.expression)] = text

    def pick(self, site: RunSite, step: Step, statement: cst.CSTNode) -> bool:
        """``sess.run([train, loss], feed)[1]`` is the value that it picks."""
        if self.runs.marks or self.runs.is_inline(step) or step.fetch.kind not in ("list", "tuple"):
            return False
        values = [i for i, item in enumerate(step.fetch.items) if item.kind == "leaf"]
        if len(values) != 1 or any(item.kind not in ("leaf", "none") for item in step.fetch.items):
            return False
        stack = [statement]
        while stack:
            node = stack.pop()
            match node:
                case cst.Subscript(
                    value=value, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value=index)))]
                ) if value is site.expression and int(index) == values[0]:
                    picked = f"[{index}]" if is_handed_over(step.fetch) else ""
                    self.whole[id(node)] = f"{self.runs.call(step, site)}{picked}.numpy()"
                    return True
            stack.extend(children(node))
        return False

    def check_built(self, atom: Atom, nodes: list[Node], site: RunSite | None = None) -> None:
        """Host code may ask for variables after the model is made, and for those of a layer after its first call."""
        nodes = [node for node in nodes if node.kind != "placeholder" and node.number not in self.flow.static]
        if nodes and atom.number < self.made_at:
            reason = "host code reads variables before the last of the model's is made"
            raise NotPlanned(Refusal("TFM402", self.module.key, atom.statement, reason))
        unbuilt: list[Atom] = []
        for node in nodes:
            if any(source.op == "cell.zero_state" for source in (node, *node.inputs)):
                continue
            maker = layer_of(node) or node
            frames = [step.frame.owner for step in maker.place.steps]
            lazy = any(id(f) in self.plan.layers and self.plan.layers[id(f)].shapes for f in frames)
            if not stands_for_several(maker) and not lazy:
                continue
            made = self.region.atom_at(maker.place)
            for step in self.plan.steps:
                used = made in step.parts.atoms or maker in step.parts.variables
                if used and any(self.runs_before(other, atom, site) for other in step.sites):
                    break
            else:
                unbuilt += [made] if made is not None else []
        if unbuilt and not self.build_before(atom, unbuilt):
            reason = "the variables of a layer are read before a run has built it"
            raise NotPlanned(Refusal("TFM404", self.module.key, atom.statement, reason))

    def runs_before(self, other: RunSite, atom: Atom, site: RunSite | None) -> bool:
        """Whether a run comes before what is read in ``atom``, which may be the run of ``site``.

        All that happens after an object has built its graph is one atom: there the order of the runs is asked.
        """
        found = self.region.atom_at(other.place)
        if found is not self.region.after or found is not atom:
            return found is not None and found.number < atom.number
        runs = self.staging.runs
        if site is None or other not in runs or site not in runs or runs.index(other) >= runs.index(site):
            return False
        around = {id(step.statement) for step in site.place.steps}
        maybe = [step.statement for step in other.place.steps if isinstance(step.statement, cst.If | cst.Try)]
        return all(id(statement) in around for statement in maybe)
