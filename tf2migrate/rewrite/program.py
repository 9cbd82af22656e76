"""Puts a planned program together: statements that go, move, stay, and the new definitions between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.graph.frames import Place
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import RunSite, WriteSite
from tf2migrate.graph.values import (
    Bound,
    Class,
    Const,
    Function,
    Graph,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Scope,
    Session,
    Value,
    fed_node,
    nodes_in,
    stands_for_several,
)
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, Project, dotted_name
from tf2migrate.names.tree import children
from tf2migrate.plan.cut_feeds import cut_expressions
from tf2migrate.plan.effects import host_effect
from tf2migrate.plan.flow import Role, is_graph_statement, is_summary_statement
from tf2migrate.plan.forward import uses_forward
from tf2migrate.plan.model import NotPlanned, Plan, Refusal, Step
from tf2migrate.plan.prints import prints_graph
from tf2migrate.plan.region import Atom, names_read, version_branch
from tf2migrate.rewrite.checkpoints import OTHER_FORMAT, checkpoint_call, dropped_arguments, saver_text
from tf2migrate.rewrite.choices import function_names
from tf2migrate.rewrite.collected import penalties
from tf2migrate.rewrite.comments import above, standing_alone, with_comments
from tf2migrate.rewrite.composer import Composer
from tf2migrate.rewrite.flag_parsing import check_changes, parses
from tf2migrate.rewrite.layer_classes import LayerClass
from tf2migrate.rewrite.layout import Layout
from tf2migrate.rewrite.listing import Listing
from tf2migrate.rewrite.resets import Resets
from tf2migrate.rewrite.runs import Runs
from tf2migrate.rewrite.steps import Functions
from tf2migrate.rewrite.substitution import Replacement, Substitution
from tf2migrate.rewrite.summaries import Writing, graph_arguments, writer_text
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates
from tf2migrate.rewrite.variables import anywhere

# What statements stand in.
HOLDERS = cst.BaseStatement | cst.BaseSuite | cst.Module | cst.Else | cst.Finally | cst.ExceptHandler


TENSORBOARD = "`tf.summary` needs the package tensorboard, which TensorFlow 2 does not install"
PRINTED = "this shows where a tensor stands in the graph; the rewrite prints no such line"
# Makes statements of one whose parts are edited already.
Remake = Callable[[cst.CSTNode], list[cst.BaseStatement]]


@dataclass(slots=True)
class Edits:
    """Statement edits of one module, keyed by the identity of the original statement."""

    removed: set[int] = field(default_factory=set)
    before: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    after: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    replaced: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    # Comments to put above a statement, or above what comes before it.
    lines: dict[int, list[cst.EmptyLine]] = field(default_factory=dict)
    remade: dict[int, Remake] = field(default_factory=dict)


class Rewriter:
    """Rewrites the module of one region."""

    def __init__(self, plan: Plan, marks: bool = False) -> None:
        self.plan = plan
        self.flow = plan.flow
        self.staging = plan.flow.staging
        self.region = plan.flow.region
        self.module: Module = self.region.module
        self.all_symbols = {
            key: Symbols(module, self.staging, Aliases(module.tree))
            for key, module in self.staging.modules.items()
            if key in self.staging.module_frames
        }
        self.symbols = self.all_symbols[self.module.key]
        self.composer = Composer(plan, self.symbols)
        self.templates = Templates(self.module.tree)
        self.functions = Functions(plan, self.composer, self.templates)
        self.composer.variables = self.functions.variables_text
        self.listing = self.composer.listing = Listing(self.staging, self.region.frame, self.functions.listed_text)
        numbers: dict[int, int] = {}
        for number, site in enumerate(self.staging.every_run, 1):
            numbers.setdefault(id(site.expression), number)
        self.runs = Runs(plan, self.composer, self.functions, marks, numbers)
        self.root = self.module.path.parent
        self.own = {node.number for node in self.staging.nodes}
        self.edits = Edits()
        self.replacements: dict[int, Replacement] = {}
        self.whole: dict[int, str] = {}
        self.names: dict[int, str] = {}
        self.generated: set[str] = set()
        self.classes: dict[str, str] = {}
        self.session_parameters: set[int] = set()
        self.made_at = 0
        self.model_anchor: Atom | None = None
        self.dropped: dict[int, set[str]] = {}
        self.notes: list[Refusal] = []

    # ------------------------------------------------------------------ the whole
    def rewrite(self) -> dict[str, str]:
        """The new text of each module of the program. Raises ``NotPlanned`` when a part has no native form."""
        self.prepare()
        self.check_left()
        self.comments()
        self.flags()
        return {key: self.assemble(symbols) for key, symbols in self.all_symbols.items()}

    def prepare(self) -> None:
        """All edits but those that depend on the others. Raises ``NotPlanned``."""
        self.composer.name_attributes()
        self.host_names()
        self.resets = Resets(self.plan, self.functions, self.host)
        self.remove_graph()
        self.feeds()
        self.factories()
        self.lifted()
        self.sessions()
        self.layer_classes()
        self.place_model()
        self.place_steps()
        self.runs.edit = Substitution(self.symbols, self.replacements, self.whole, self.names)
        self.names.update(function_names(self.plan))
        self.run_sites()
        self.summaries()
        self.checkpoints()
        self.host_statements()
        check_changes(self.staging, self.moves)

    def check_left(self) -> None:
        """What is gone may not be read by anything that is left."""

    def flags(self) -> None:
        """Parses the command line where the program first read a flag."""
        for statement, made in parses(self.staging).items():
            self.edits.before.setdefault(statement, [])[:0] = made

    def comments(self) -> None:
        """Comments that stand alone above placeholders and sessions stay there, though these go."""
        gone = (Role.PLACEHOLDER, Role.GRAPH)
        going = {id(atom.statement) for atom in self.region.atoms if self.flow.role(atom) in gone} & self.edits.removed
        stack: list[cst.CSTNode] = [self.module.tree]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Module | cst.IndentedBlock):
                body = node.body
                self.edits.lines |= standing_alone(body, going, self.edits.removed, self.edits.before)
            if not isinstance(node, cst.SimpleStatementLine):
                stack.extend(children(node))

    def moves(self, place: Place) -> bool:
        """Whether what happened there moves into the functions of the rewrite."""
        atom = self.region.atom_at(place)
        stays = (Role.HOST, Role.RUN, Role.CONSTANT, Role.FEED, Role.SCOPE, Role.CHOICE)
        return atom is not None and self.flow.role(atom) not in stays

    def assemble(self, symbols: Symbols) -> str:
        assembly = Assembly(self, symbols)
        tree = symbols.module.tree.visit(assembly)
        return Layout(symbols, symbols.module, self.generated).finish(tree)

    def host_names(self) -> None:
        """Locals of a function that the model class, which stands outside of it, has to be given."""
        self.host: list[str] = []
        if self.region.is_module:
            return
        atoms = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        forward = self.plan.forward.atoms if self.plan.forward is not None else []
        inside = [a for a in self.region.atoms if any(n.number in self.composer.inner for n in a.nodes)]
        for atom in [*atoms, *forward, *inside]:
            for read in atom.reads:
                for source in self.flow.reaching(read.value, atom):
                    if self.flow.role(source) in (Role.HOST, Role.CONSTANT, Role.RUN) and source not in atoms:
                        if read.value not in self.host:
                            self.host.append(read.value)
                        if atom in forward:
                            self.composer.host_attributes.add(read.value)
                parameter = read.value in self.region.frame.env and not self.flow.reaching(read.value, atom)
                if parameter and read.value not in self.host:
                    self.host.append(read.value)
                    if atom in forward:
                        self.composer.host_attributes.add(read.value)

    # ------------------------------------------------------------------ what goes
    def remove_graph(self) -> None:
        gone = (Role.GRAPH, Role.PLACEHOLDER, Role.VARIABLE, Role.STAGED)
        entered = [parent for atom in self.region.atoms for parent in atom.parents]
        for atom in self.region.atoms:
            collected = self.flow.role(atom) is Role.ALIAS and self.composer.is_collected(atom)
            if self.flow.role(atom) in gone or collected:
                if atom.statement in entered:
                    reason = "this statement goes with the graph, but the program runs inside of it"
                    raise NotPlanned(Refusal("TFM401", self.module.key, atom.statement, reason))
                self.edits.removed.add(id(atom.statement))
        for key, symbols in self.all_symbols.items():
            stack: list[cst.CSTNode] = [symbols.module.tree]
            while stack:
                node = stack.pop()
                if is_graph_statement(self.staging, node) or is_summary_statement(self.staging, node):
                    self.edits.removed.add(id(node))
                elif prints_graph(self.staging, node):
                    self.edits.removed.add(id(node))
                    self.notes.append(Refusal("TFM402", key, node, PRINTED))
                elif isinstance(node, HOLDERS):
                    stack.extend(children(node))

    def dissolved(self, node: cst.With) -> bool:
        """Whether a ``with`` block of any function opens only what native TF2 does not need."""
        for item in node.items:
            values = self.staging.values_of(item.item)
            if not values or not all(opens(value) for value in values):
                return False
        return True

    def sessions(self) -> None:
        """Parameters of functions that run the graph, and that hold the session or a node of the graph.

        The functions that replace the runs know their tensors, so neither is passed any more.
        """
        running = {id(site.frame.owner) for site in self.staging.every_run}
        held: dict[int, list[Value]] = {}
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef):
                continue
            for param in definition.params.params:
                value = frame.env.get(param.name.value)
                if value is not None:
                    held.setdefault(id(param), []).append(value)
                graph = isinstance(value, Node) and id(definition) in running
                graph = graph and not (isinstance(value, Node) and value.number in self.flow.chosen)
                if isinstance(value, Session) or graph:
                    self.dropped.setdefault(id(definition), set()).add(param.name.value)
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef):
                continue
            for param in definition.params.params:
                if param.name.value not in self.dropped.get(id(definition), ()):
                    continue
                values = held.get(id(param), [])
                if not all(isinstance(v, Session | Node) or _is_none(v) for v in values):
                    reason = f"`{param.name.value}` is sometimes a session or tensor and sometimes something else"
                    raise NotPlanned(Refusal("TFM411", frame.module, param, reason))
                self.session_parameters.add(id(param))
        self.check_dropped()

    def check_dropped(self) -> None:
        """What is not passed any more may not be read but in runs, and in calls that do not get it either."""
        inside: set[int] = set()
        for site in self.staging.every_run:
            inside |= _ids(site.expression)
        for frame in self.staging.frames:
            definition = frame.owner
            if not isinstance(definition, cst.FunctionDef) or id(definition) not in self.dropped:
                continue
            inside |= self.removed_inside(definition.body)
            inside |= {i for site in self.staging.checkpoints for v in dropped_arguments(site) for i in _ids(v)}
            for call in _calls(definition.body):
                if any(isinstance(v, Function | Class | Bound) for v in self.staging.values_of(call.func)):
                    inside |= {id(arg.value) for arg in call.args}
            for name in names_read(definition.body):
                if name.value in self.dropped[id(definition)] and id(name) not in inside:
                    value = frame.env.get(name.value)
                    if isinstance(value, Session) and _only_graph_use(definition, name):
                        continue
                    reason = f"`{name.value}`, a part of the graph, is used beside the runs of this function"
                    raise NotPlanned(Refusal("TFM411", frame.module, name, reason))

    def removed_inside(self, body: cst.CSTNode) -> set[int]:
        """Nodes of the statements in ``body`` that go."""
        out: set[int] = set()
        stack = [body]
        while stack:
            node = stack.pop()
            if id(node) in self.edits.removed:
                out |= _ids(node)
            else:
                stack.extend(children(node))
        return out

    def dropped_arguments(self, call: cst.Call) -> set[int]:
        """Positions of the arguments of a call whose parameters are gone."""
        gone: set[int] = set()
        for callee in self.staging.values_of(call.func):
            function = callee.function if isinstance(callee, Bound) else callee
            if isinstance(function, Class):
                function = function.lookup("__init__") or function
            if not isinstance(function, Function) or id(function.definition) not in self.dropped:
                continue
            names = [p.name.value for p in function.definition.params.params]
            if function.owner is not None:
                names = names[1:]
            dropped = self.dropped[id(function.definition)]
            for index, arg in enumerate(call.args):
                name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
                if name in dropped:
                    gone.add(index)
        return gone

    # ------------------------------------------------------------------ feeds
    def feeds(self) -> None:
        """Feed dicts that have a name are keyed by parameter names instead of placeholders."""
        stack: list[cst.CSTNode] = [symbols.module.tree for symbols in self.all_symbols.values()]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Dict):
                for element in node.elements:
                    if isinstance(element, cst.DictElement):
                        self._key(element.key)
            elif isinstance(node, cst.Subscript):
                bases = self.staging.values_of(node.value)
                if any(isinstance(b, Mapping) for b in bases) and len(node.slice) == 1:
                    index = node.slice[0].slice
                    if isinstance(index, cst.Index):
                        self._key(index.value)
            stack.extend(children(node))
        for floats in cut_expressions(self.staging).values():
            for part in floats:
                self.replacements[id(part)] = self._cut

    def _cut(self, updated: cst.BaseExpression) -> cst.BaseExpression:
        """A float of Python, as an integer placeholder took it."""
        return self.symbols.expression(f"int({self.symbols.code(updated)})")

    def _key(self, key: cst.BaseExpression) -> None:
        numbers = {node.number for v in self.staging.values_of(key) if (node := fed_node(v)) is not None}
        if not numbers or not numbers & self.own:
            return
        names = {self.plan.parameter_names.get(n) for n in numbers}
        if len(names) != 1 or None in names:
            reason = "this key of a feed stands for several placeholders"
            raise NotPlanned(Refusal("TFM407", self.module.key, key, reason))
        self.whole[id(key)] = f'"{names.pop()}"'

    # ------------------------------------------------------------------ functions that stay
    def factories(self) -> None:
        """Variables made inside functions that make nothing else: Keras variables, made in place."""
        for node in self.staging.nodes:
            call = node.expression
            if node.kind != "variable" or not isinstance(call, cst.Call) or self.composer.direct(node):
                continue
            self.replacements[id(call)] = self._factory(node, call)

    def _factory(self, node: Node, call: cst.Call) -> Replacement:
        symbols = self.all_symbols[node.place.module]

        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            return symbols.expression(anywhere(symbols, node, call, cast(cst.Call, updated)))

        return replace

    def lifted(self) -> None:
        """Calls, inside functions, of functions that got parameters for what they read from the region."""
        for reading in self.staging.readings:
            if reading.place.steps[-1].frame is not self.region.frame:
                symbols = self.all_symbols[reading.place.module]
                self.whole[id(reading.call)] = penalties(self.plan, symbols, reading, self.plan.model)
        for definition, names in self.plan.lifted.items():
            for _, frame, _ in self.staging.calls.get(definition, ()):
                if any(name in frame.entry for name in names):
                    reason = "a function would get a parameter twice"
                    raise NotPlanned(Refusal("TFM410", frame.module, frame.owner, reason))
            if names and definition not in self.staging.calls:
                reason = f"`{names[0]}` would have to be passed to a function whose call is not in the source"
                raise NotPlanned(Refusal("TFM410", self.module.key, self.module.tree, reason))
            for call, _, place in self.staging.calls.get(definition, ()):
                if place.steps[-1].frame is not self.region.frame:
                    self.replacements[id(call)] = self.composer.with_arguments([f"{n}={n}" for n in names])

    # ------------------------------------------------------------------ what comes
    def layer_classes(self) -> None:
        """Layer functions are replaced by their classes, where they stand."""
        for function in self.plan.layers.values():
            frame = function.calls[0].frame
            symbols = self.all_symbols[frame.module]
            maker = LayerClass(function, self.plan, symbols, Templates(symbols.module.tree))
            top = self.plan.networks and any(o.function is function for o in self.plan.objects)
            made = maker.statement("keras.Model" if top else "keras.layers.Layer")
            self.functions.makers[id(function.definition)] = maker
            self.edits.replaced[id(function.definition)] = [made]
            self.classes[function.definition.name.value] = function.name
            self.generated.add(function.name)
        self.check_references()

    def check_references(self) -> None:
        """A layer function may only be called, at the calls that were seen."""
        seen = {id(c.call.func) for f in self.plan.layers.values() for c in f.calls}
        definitions = {id(f.definition) for f in self.plan.layers.values()}
        for symbols in self.all_symbols.values():
            stack: list[cst.CSTNode] = [symbols.module.tree]
            while stack:
                node = stack.pop()
                if isinstance(node, cst.Import | cst.ImportFrom):
                    continue
                if isinstance(node, cst.Name | cst.Attribute) and id(node) not in seen:
                    for value in self.staging.values_of(node):
                        if isinstance(value, Function) and id(value.definition) in definitions:
                            reason = "a function that makes layers is used as a value"
                            raise NotPlanned(Refusal("TFM410", symbols.module.key, node, reason))
                stack.extend(children(node))

    def header(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """A class of the user, whose first line may change."""
        return updated

    def place_model(self) -> None:
        if self.plan.networks:
            self.place_networks()
        if not self.plan.model_class:
            return
        self.generated.add(self.plan.model_class)
        atoms = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        atoms += [a for a in self.region.atoms if any(n.number in self.composer.inner for n in a.nodes)]
        atoms += [a for o in self.plan.objects for c in o.calls if (a := self.region.atom_at(c.place))]
        if self.plan.forward is not None:
            atoms += self.plan.forward.atoms
        anchor = max(atoms, key=lambda a: a.number)
        self.check_order(atoms, anchor)
        self.made_at = anchor.number
        early = next((s for step in self.plan.steps for s in step.sites if self.is_before(s, step, anchor)), None)
        if early is not None:
            reason = "variables are made after the graph has run"
            raise NotPlanned(Refusal("TFM404", self.module.key, early.expression, reason))
        self.model_anchor = anchor
        made = [self.functions.model_class(self.host)]
        instance = self.templates.statements(
            f"{self.plan.model} = {self.plan.model_class}({', '.join(self.host)})\n", {}
        )
        aliases: list[cst.BaseStatement] = []
        for atom in self.region.atoms:
            if id(atom.statement) in self.edits.removed:
                continue
            if self.flow.role(atom) is Role.ALIAS and atom.number < anchor.number:
                aliases += self.composer.moved(atom, self.plan.model)
                self.edits.removed.add(id(atom.statement))
        if self.region.is_module:
            self.insert(anchor, [*made, *instance, *aliases])
        else:
            owner = self.region.frame.owner
            self.edits.before.setdefault(id(owner), []).extend(made)
            self.insert(anchor, [*instance, *aliases])

    def is_before(self, site: RunSite, step: Step, anchor: Atom) -> bool:
        """Whether a run that uses the model stands before the statement where the model is made."""
        atom = self.region.atom_at(site.place)
        uses = any(n.kind in ("variable", "layer") for n in step.execution.nodes.values())
        return uses and atom is not None and atom.number < anchor.number

    def place_networks(self) -> None:
        """One statement for each model that a layer function became, before the first use of it."""
        for item in self.plan.objects:
            atoms = [a for c in item.calls if (a := self.region.atom_at(c.place))]
            first = min(atoms, key=lambda a: a.number)
            text = f"{item.name} = {self.composer.object_constructor(item)}\n"
            made = self.templates.statements(text, {})
            made[0] = made[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
            self.generated.add(item.name)
            self.insert(first, made)

    def check_order(self, atoms: list[Atom], anchor: Atom) -> None:
        """C2: the constructor runs later than the statements that it is made of; nothing between may notice."""
        first = next((a for a in sorted(atoms, key=lambda a: a.number) if host_effect(self.flow, a)), None)
        if first is None:
            return
        for atom in self.region.atoms[first.number + 1 : anchor.number]:
            if self.flow.role(atom) in (Role.HOST, Role.RUN, Role.CONSTANT) and host_effect(self.flow, atom):
                reason = "host code with effects stands between the variables and the rest of the model"
                raise NotPlanned(Refusal("TFM402", self.module.key, atom.statement, reason))

    def place_steps(self) -> None:
        made_optimizers: set[int] = set()
        told: set[int] = set()  # train ops whose comments have found a place
        steps = [s for s in self.plan.steps if not self.runs.is_inline(s)]
        loss_made = False
        for step in steps:
            new: list[cst.BaseStatement] = []
            anchor = self.anchor(step)
            if self.plan.loss is not None and not loss_made and self.uses_loss(step):
                first = min((self.anchor(s) for s in steps if self.uses_loss(s)), key=lambda a: a.number)
                loss = self.functions.loss_function(self.plan.steps)
                self.generated.add(self.functions.loss_name)
                self.insert(first, loss)
                loss_made = True
            if self.plan.loss is not None and self.functions.is_loss(step):
                self.generated.add(step.name)
                continue
            for update in step.updates:
                maker = cast(Optimizer, update.node.details["optimizer"])
                number = maker.number
                atom = self.region.atom_at(maker.place)
                assert atom is not None
                if number in made_optimizers:
                    continue
                made_optimizers.add(number)
                text = self.functions.optimizer_text(maker)
                if self.flow.role(atom) is Role.OPTIMIZER:
                    self.whole[id(maker.call)] = text
                else:
                    name = self.plan.optimizers[number]
                    self.generated.add(name)
                    new += self.templates.statements(f"{name} = {text}\n", {})
                    new[-1] = with_comments(new[-1], update.atom.statement)
                    told.add(id(update.atom))
                build = self.functions.optimizer_build(maker)
                if build:
                    new += self.templates.statements(build, {})
            function = self.functions.step_function(step)
            for update in step.updates:
                if id(update.atom) not in told:
                    told.add(id(update.atom))
                    function[0] = with_comments(function[0], update.atom.statement)
            new += function
            self.generated.add(step.name)
            self.insert(anchor, new)
        for atom in self.region.atoms:
            if self.flow.role(atom) is Role.OPTIMIZER:
                own = next((o.number for o in self.staging.optimizers if self.region.atom_at(o.place) is atom), -1)
                if own not in made_optimizers:
                    self.edits.removed.add(id(atom.statement))

    def uses_loss(self, step: Step) -> bool:
        return (
            self.plan.loss is not None
            and uses_forward(self.flow, self.plan, step)
            and all(a in step.parts.atoms for a in self.plan.loss[1])
            and self.functions._only_loss(step, self.plan.loss[1])
        )

    def anchor(self, step: Step) -> Atom:
        """The last statement that the step is made of, or its first run."""
        atoms = [*step.parts.atoms, *(u.atom for u in step.updates)]
        site = self.region.atom_at(step.sites[0].place)
        assert site is not None
        if not atoms:
            return site
        last = max(atoms, key=lambda a: a.number)
        if self.model_anchor is not None and last.number < self.model_anchor.number < site.number:
            return self.model_anchor  # the model comes before the functions that read it
        return last if last.number < site.number else site

    def insert(self, atom: Atom, statements: list[cst.BaseStatement]) -> None:
        """Puts statements where ``atom`` stands, or before the host loop or branch that it stands in."""
        where: cst.CSTNode = atom.statement
        for parent in atom.parents:
            if parent not in self.region.dissolved and not _main_guard(parent):
                where = parent
                break
        self.edits.before.setdefault(id(where), []).extend(statements)

    # ------------------------------------------------------------------ runs
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
            self.check_built(atom, [leaf.node for leaf in step.fetch.values() if leaf.node is not None])
        self.whole[id(site.expression)] = self.runs.expression(step, site)

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
                    self.whole[id(node)] = f"{self.runs.call(step, site)}.numpy()"
                    return True
            stack.extend(children(node))
        return False

    # ------------------------------------------------------------------ checkpoints
    def checkpoints(self) -> None:
        """Savers, behind what makes all that they save, and their calls."""
        for site in self.staging.checkpoints:
            symbols = self.all_symbols[site.place.module]
            self.whole.update((id(value), "None") for value in dropped_arguments(site))
            self.replacements[id(site.call)] = partial(checkpoint_call, symbols, site)
        for saver in self.staging.savers:
            atom = self.region.atom_at(saver.place)
            assert atom is not None
            models = [item.name for item in self.plan.objects] if self.plan.networks else [self.plan.model]
            models = [name for name in models if name]
            makers = [cast(Optimizer, u.node.details["optimizer"]) for s in self.plan.steps for u in s.updates]
            optimizers = list(dict.fromkeys(self.plan.optimizers[maker.number] for maker in makers))
            self.whole[id(saver.call)] = saver_text(self.plan, self.symbols, saver, models, optimizers)
            lines = "".join(f"{name}.get_concrete_function()\n" for name in self.building(saver, atom))
            if lines:
                made = self.templates.statements(lines, {})
                comment = "# Makes the variables that a saver of TensorFlow 1 had from the start."
                made[0] = above(made[0], [cst.EmptyLine(comment=cst.Comment(comment))])
                self.edits.before.setdefault(id(atom.statement), []).extend(made)
            self.notes.append(Refusal("TFM803", self.module.key, saver.call, OTHER_FORMAT))

    def building(self, saver: Saver, atom: Atom) -> list[str]:
        """The steps whose first trace makes layers and slots, which have to be there when the saver is made."""
        parts = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        parts += self.plan.forward.atoms if self.plan.forward is not None else []
        parts += [a for a in self.region.atoms if any(n.number in self.composer.inner for n in a.nodes)]
        training = [s for s in self.plan.steps if s.updates]
        late = any(a.number > atom.number for a in parts) or any(
            self.anchor(s).number >= atom.number for s in training
        )
        lazy = bool(self.composer.inner or self.plan.objects)
        if late or (lazy and not training):
            reason = "what this saver saves is not complete where it is made, in the order of the rewrite"
            raise NotPlanned(Refusal("TFM803", self.module.key, saver.call, reason, "make it behind the model"))
        out: list[str] = []
        built: set[int] = set()
        for step in training:
            if not {u.node.number for u in step.updates} <= built:
                out.append(step.name)
            built |= {u.node.number for u in step.updates}
        return out

    # ------------------------------------------------------------------ summaries
    def summaries(self) -> None:
        """Writers, and the statements that write."""
        for writer in self.staging.writers:
            key = next(k for k, s in self.all_symbols.items() if writer.call in s.module.positions)
            self.replacements[id(writer.call)] = self.writer(self.all_symbols[key], writer.call)
            # The graph that it was given goes.
            self.whole.update((id(arg.value), "None") for arg in graph_arguments(writer.call))
        if self.staging.writes:
            where = self.staging.writes[0]
            self.notes.append(Refusal("TFM804", where.place.module, where.call, TENSORBOARD, "pip install tensorboard"))
        writing = Writing(self.plan, self.all_symbols, self.module.key)
        for name, text in writing.settle(self.module.key):
            self.generated.add(name)
            self.place_function(self.templates.statements(text, {}))
        for site in self.staging.writes:
            statement = site.place.steps[-1].statement
            self.replacements[id(site.call)] = self.handed_over(writing, site)
            match statement:
                case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) if value is site.call:
                    self.edits.remade[id(statement)] = self.written(writing, site)

    def place_function(self, made: list[cst.BaseStatement]) -> None:
        """Puts a function of the module before what uses it."""
        if self.plan.held is not None or not self.region.is_module:
            owner = self.plan.held.definition if self.plan.held is not None else self.region.frame.owner
            self.edits.before.setdefault(id(owner), []).extend(made)
        else:
            first = min(a.number for a in self.region.atoms if a.runs)
            self.insert(self.region.atoms[first], made)

    def handed_over(self, writing: Writing, site: WriteSite) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            called = writing.called(site, updated)
            if called is None and not writing.is_line(site):
                raise writing.refused(site, "`add_summary` has to stand on a line of its own")
            return called or updated

        return replace

    def writer(self, symbols: Symbols, call: cst.Call) -> Replacement:
        return lambda updated: symbols.expression(writer_text(symbols, call, cast(cst.Call, updated)))

    def written(self, writing: Writing, site: WriteSite) -> Remake:
        def remake(updated: cst.CSTNode) -> list[cst.BaseStatement]:
            line = cst.ensure_type(updated, cst.SimpleStatementLine)
            if writing.called_by_name(site):
                return [line]
            made = writing.replaced(site, cst.ensure_type(line.body[0], cst.Expr).value)
            made[0] = made[0].with_changes(leading_lines=line.leading_lines)
            if line.trailing_whitespace.comment is not None:
                block = cst.ensure_type(made[-1], cst.With)
                made[-1] = block.with_deep_changes(block.body, header=line.trailing_whitespace)
            return made

        return remake

    # ------------------------------------------------------------------ statements that stay
    def host_statements(self) -> None:
        """Reads of variables and placeholders in statements that stay where they are."""
        for atom in self.region.atoms:
            role = self.flow.role(atom)
            if role not in STAYING:
                continue
            for name in atom.reads:
                text = self.composer.read(name.value, atom, self.plan.model)
                if text is not None and text != name.value and id(name) not in self.names:
                    self.names[id(name)] = text
                if text is not None and role in (Role.HOST, Role.RUN):
                    self.check_built(atom, list(nodes_in(self.staging.value_in(name, self.region.frame))))
            if role in (Role.HOST, Role.RUN) and isinstance(atom.statement, cst.SimpleStatementLine):
                for nodes in self.listing.edits(atom.statement, self.replacements, self.whole):
                    self.check_built(atom, nodes)

    def check_built(self, atom: Atom, nodes: list[Node]) -> None:
        """Host code may ask for variables after the model is made, and for those of a layer after its first call."""
        if nodes and atom.number < self.made_at:
            reason = "host code reads variables before the last of the model's is made"
            raise NotPlanned(Refusal("TFM402", self.module.key, atom.statement, reason))
        for node in nodes:
            maker = layer_of(node) or node
            frames = [step.frame.owner for step in maker.place.steps]
            lazy = any(id(f) in self.plan.layers and self.plan.layers[id(f)].shapes for f in frames)
            if not stands_for_several(maker) and not lazy:
                continue
            made = self.region.atom_at(maker.place)
            for step in self.plan.steps:
                sites = [self.region.atom_at(site.place) for site in step.sites]
                used = made in step.parts.atoms or maker in step.parts.variables
                if used and any(s is not None and s.number < atom.number for s in sites):
                    break
            else:
                reason = "the variables of a layer are read before a run has built it"
                raise NotPlanned(Refusal("TFM404", self.module.key, atom.statement, reason))


# Roles of statements that stay where they are, with their names as they are called now.
STAYING = (Role.HOST, Role.RUN, Role.ALIAS, Role.CONSTANT, Role.FEED, Role.OPTIMIZER, Role.CHOICE)


class Assembly(Substitution):
    """The one pass over the module that makes all edits."""

    def __init__(self, rewriter: Rewriter, symbols: Symbols) -> None:
        super().__init__(symbols, rewriter.replacements, rewriter.whole, rewriter.names)
        self.rewriter = rewriter
        self.edits = rewriter.edits
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.edits.removed or id(node) in self.edits.replaced:
            return False
        if isinstance(node, cst.With) and self.rewriter.dissolved(node):
            self.skipped.update(id(item) for item in node.items)
        if isinstance(node, cst.If) and (taken := version_branch(node, self.symbols.staging)) is not None:
            self.skipped.add(id(node.test))
            if taken is not node.body.body:
                self.skipped.add(id(node.body))
            elif node.orelse is not None:
                self.skipped.add(id(node.orelse))
        if id(node) in self.skipped:
            return False
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        key = id(original)
        if key in self.skipped:
            return updated
        before = self.edits.before.get(key, [])
        after = self.edits.after.get(key, [])
        lines = self.edits.lines.get(key, [])
        if lines and before:
            before = [above(before[0], lines), *before[1:]]
        elif lines:
            updated = above(updated, lines)
        if key in self.edits.removed:
            return cst.FlattenSentinel([*before, *after]) if before or after else cst.RemoveFromParent()
        if key in self.edits.replaced:
            made = self.edits.replaced[key]
            if lines and not before and made:
                made = [above(made[0], lines), *made[1:]]
            return cst.FlattenSentinel([*before, *made, *after])
        if isinstance(original, cst.With) and self.rewriter.dissolved(original):
            if self.emptied_block(original):
                return cst.FlattenSentinel(before) if before else cst.RemoveFromParent()
            body = list(cast(cst.With, updated).body.body)
            if body:
                gone = all(id(statement) in self.edits.removed for statement in original.body.body)
                if not gone:
                    body[0] = above(body[0], cast(cst.With, updated).leading_lines)
            return cst.FlattenSentinel([*before, *body, *after])
        if isinstance(original, cst.If) and version_branch(original, self.symbols.staging) is not None:
            return cst.FlattenSentinel([*before, *self.taken_branch(original, cast(cst.If, updated)), *after])
        if isinstance(original, cst.IndentedBlock) and not cast(cst.IndentedBlock, updated).body:
            updated = cast(cst.IndentedBlock, updated).with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if isinstance(original, cst.If):
            updated = _without_emptied_else(original, cast(cst.If, updated))
        if isinstance(original, cst.ImportFrom):
            updated = self.import_classes(original, cast(cst.ImportFrom, updated))
        if isinstance(original, cst.FunctionDef):
            updated = self.function(original, cast(cst.FunctionDef, updated))
        if isinstance(original, cst.Call) and key not in self.whole:
            updated = self.without_session(original, cast(cst.Call, updated))
        if isinstance(original, cst.ClassDef):
            updated = self.rewriter.header(original, updated)
        if key in self.edits.remade:
            return cst.FlattenSentinel([*before, *self.edits.remade[key](updated), *after])
        left = super().on_leave(original, updated)
        if before or after:
            return cst.FlattenSentinel([*before, cast(cst.CSTNode, left), *after])
        return left

    def taken_branch(self, original: cst.If, updated: cst.If) -> list[cst.CSTNode]:
        """What a test of the TensorFlow version chose: it would choose otherwise under TensorFlow 2."""
        taken = version_branch(original, self.symbols.staging)
        body: list[cst.CSTNode]
        if taken is original.body.body:
            body = list(updated.body.body)
        elif not taken:
            body = []
        elif isinstance(updated.orelse, cst.Else):
            body = list(updated.orelse.body.body)
        else:
            body = [updated.orelse] if updated.orelse is not None else []
        return [s for s in body if not (isinstance(s, cst.SimpleStatementLine) and isinstance(s.body[0], cst.Pass))]

    def emptied_block(self, block: cst.With) -> bool:
        """Whether nothing is left of a block: all of its statements went, and none came."""
        for statement in block.body.body:
            if self.edits.before.get(id(statement)) or id(statement) in self.edits.replaced:
                return False
            if id(statement) in self.edits.removed:
                continue
            if isinstance(statement, cst.With) and self.rewriter.dissolved(statement) and self.emptied_block(statement):
                continue
            return False
        return True

    def function(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        """Takes the session out of the parameters, and adds the lifted names."""
        params = [
            new
            for old, new in zip(original.params.params, updated.params.params, strict=True)
            if id(old) not in self.rewriter.session_parameters
        ]
        changed = len(params) != len(original.params.params)
        names = self.rewriter.plan.lifted.get(id(original), [])
        if not changed and not names:
            return updated
        text = f"def f({', '.join(names)}): pass\n"
        fresh = cast(cst.FunctionDef, cst.parse_statement(text)).params.params
        if params and isinstance(params[-1].comma, cst.MaybeSentinel) is False and not names:
            params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        defaults = (
            any(p.default is not None for p in params) or updated.params.star_arg is not cst.MaybeSentinel.DEFAULT
        )
        if names and defaults:
            keyword = [*updated.params.kwonly_params, *fresh]
            star = updated.params.star_arg
            if isinstance(star, cst.MaybeSentinel):
                star = cst.ParamStar()
            made = updated.params.with_changes(params=params, kwonly_params=keyword, star_arg=star)
        else:
            made = updated.params.with_changes(params=[*params, *fresh])
        return updated.with_changes(params=made)

    def import_classes(self, original: cst.ImportFrom, updated: cst.ImportFrom) -> cst.ImportFrom:
        """Layer functions are imported under the names of their classes."""
        module = self.symbols.module
        project = Project(list(self.symbols.staging.modules.values()))
        dotted = dotted_name(original.module) if original.module is not None else ""
        if isinstance(updated.names, cst.ImportStar):
            return updated
        if project.find(module, dotted, len(original.relative), self.rewriter.root) is None:
            return updated
        names = []
        for alias in updated.names:
            new = self.rewriter.classes.get(dotted_name(alias.name))
            names.append(alias.with_changes(name=cst.Name(new)) if new is not None else alias)
        return updated.with_changes(names=names)

    def without_session(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """Leaves out the arguments of parameters that are gone."""
        gone = self.rewriter.dropped_arguments(original)
        kept = [arg for index, arg in enumerate(updated.args) if index not in gone]
        if len(kept) == len(updated.args):
            return updated
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(args=kept)


def _without_emptied_else(original: cst.If, updated: cst.If) -> cst.If:
    """A test whose other branch only initialized variables has no other branch."""
    match original.orelse, updated.orelse:
        case (
            cst.Else(body=cst.IndentedBlock(body=before)),
            cst.Else(body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Pass()])])),
        ) if not (isinstance(before[0], cst.SimpleStatementLine) and isinstance(before[0].body[0], cst.Pass)):
            return updated.with_changes(orelse=None)
    return updated


def _ids(node: cst.CSTNode) -> set[int]:
    out: set[int] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        out.add(id(current))
        stack.extend(children(current))
    return out


def _calls(node: cst.CSTNode) -> list[cst.Call]:
    out: list[cst.Call] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Call):
            out.append(current)
        stack.extend(children(current))
    return out


def _only_graph_use(definition: cst.FunctionDef, name: cst.Name) -> bool:
    """``sess.close()`` and ``with sess.as_default():`` go with the session."""
    stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(definition.body, None)]
    while stack:
        node, parent = stack.pop()
        if node is name:
            return isinstance(parent, cst.Attribute | cst.WithItem)
        stack.extend((child, node) for child in children(node))
    return False


def _is_none(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def opens(value: Value) -> bool:
    if isinstance(value, Bound) and value.name == "as_default":
        return isinstance(value.receiver, Graph | Session)
    if isinstance(value, Items):
        return value.kind == "controls"
    return isinstance(value, Session | Scope)


def _main_guard(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.If(test=cst.Comparison(left=cst.Name(value="__name__"))):
            return True
    return False
