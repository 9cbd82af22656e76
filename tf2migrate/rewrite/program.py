"""Puts a planned program together: statements that go, move, stay, and the new definitions between them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.graph.frames import Place
from tf2migrate.graph.values import (
    Node,
    nodes_in,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.names.import_lines import import_of, module_imports
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import Role
from tf2migrate.plan.layer_model import LayerObject, constructs
from tf2migrate.plan.lifting import home_of
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.assembly import Assembly
from tf2migrate.rewrite.choices import function_names
from tf2migrate.rewrite.collection_names import drop_collection_names
from tf2migrate.rewrite.comments import standing_alone
from tf2migrate.rewrite.flag_parsing import check_changes, parses
from tf2migrate.rewrite.keeper_classes import keepers_as_layers, own_weight
from tf2migrate.rewrite.layout import Layout
from tf2migrate.rewrite.model_penalties import penalties
from tf2migrate.rewrite.side_outputs import SideOutputs
from tf2migrate.rewrite.single_values import name_of_numpy, single_results
from tf2migrate.rewrite.substitution import Replacement, Substitution
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.taped_functions import taped_body, taped_calls
from tf2migrate.rewrite.templates import Templates
from tf2migrate.rewrite.variables import anywhere

OWN_ATTRIBUTES = "a method builds graph of attributes of its object, which the model would have to be given"


class Rewriter(SideOutputs):
    """Rewrites the module of one region."""

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
        self.remove_graph()
        self.set_aside()
        drop_collection_names(self.flow, self.edits)
        self.feeds()
        self.factories()
        self.taped()
        self.lifted()
        self.sessions()
        self.layer_classes()
        keepers_as_layers(self)
        self.place_model()
        self.place_steps()
        self.runs.edit = Substitution(self.symbols, self.replacements, self.whole, self.names)
        self.names.update(function_names(self.plan))
        self.run_sites()
        self.single_results()
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
        if self.region.is_module:
            return
        atoms = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        forward = self.plan.forward.atoms if self.plan.forward is not None else []
        inside = [a for a in self.region.atoms if any(n.number in self.composer.inner for n in a.nodes)]
        objects = self.plan.objects if not self.plan.networks else []
        given = [pair for item in objects for pair in self.constructor_reads(item)]
        only = {id(read) for _, read in given}
        wanted = [(a, read) for a in [*atoms, *forward, *inside] for read in a.reads if id(read) not in only]
        wanted += given
        for atom, read in wanted:
            sources = self.flow.reaching(read.value, atom)
            staying = any(self.flow.role(s) in (Role.HOST, Role.CONSTANT, Role.RUN) and s not in atoms for s in sources)
            parameter = read.value in self.region.frame.env and not sources
            if sources and all(self.is_imported_again(source, read.value) for source in sources):
                continue
            if any(source in self.inner_classes() for source in sources):
                continue
            if staying or parameter:
                self.host += [read.value] if read.value not in self.host else []
                if atom in forward and id(read) not in only:
                    self.composer.host_attributes.add(read.value)
        if "self" in self.host:
            raise NotPlanned(Refusal("TFM410", self.module.key, self.region.frame.owner, OWN_ATTRIBUTES))

    def is_imported_again(self, atom: Atom, name: str) -> bool:
        """Whether a function imports for itself what its file imports under the same name."""
        parts = atom.statement.body if isinstance(atom.statement, cst.SimpleStatementLine) else ()
        own = [part for part in parts if isinstance(part, cst.Import | cst.ImportFrom)]
        lines = {line for i in own if (line := import_of(i, name))}
        return bool(lines) and lines == {line for i in module_imports(self.module.tree) if (line := import_of(i, name))}

    def constructor_reads(self, item: LayerObject) -> Iterator[tuple[Atom, cst.Name]]:
        """Names that the calls of a layer give to its constructor, with the statements that they stand in."""
        for call in item.calls:
            atom = self.region.atom_at(call.place)
            assert atom is not None
            for arg in call.call.args:
                if constructs(item.function, call.call, arg):
                    yield from ((atom, read) for read in names_read(arg.value))

    # ------------------------------------------------------------------ functions that stay
    def factories(self) -> None:
        """Variables made inside functions that make nothing else: Keras variables, made in place."""
        for node in self.staging.nodes:
            call = node.expression
            if node.kind != "variable" or not isinstance(call, cst.Call) or self.composer.direct(node):
                continue
            self.replacements[id(call)] = self._factory(node, call)

    def taped(self) -> None:
        """Functions that take gradients of what they compute get tapes of their own."""
        for key, function in self.plan.taped.items():
            symbols = self.all_symbols[function.module]
            self.replacements.update(taped_calls(self.plan, symbols, function))
            self.edits.remade[key] = taped_body(self.plan, symbols, function, Templates(symbols.module.tree))

    def single_results(self) -> None:
        """An array with one element, where a number is taken, is made a scalar; a number stays one."""
        for symbols in self.all_symbols.values():
            numpy = name_of_numpy(symbols.module.tree)
            for operand in single_results(self.staging, symbols.module.tree) if numpy else ():
                if id(operand) not in self.whole:
                    before = self.replacements.get(id(operand))
                    self.replacements[id(operand)] = partial(_squeezed, symbols, numpy, before)

    def _factory(self, node: Node, call: cst.Call) -> Replacement:
        symbols = self.all_symbols[node.place.module]

        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            weight = own_weight(self, symbols, node, call, cast(cst.Call, updated))
            return weight or symbols.expression(anywhere(symbols, node, call, cast(cst.Call, updated)))

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
            for call, frame, place in self.staging.calls.get(definition, ()):
                atom = self.region.atom_at(place)
                stays = atom is not None and self.flow.role(atom) is Role.RUN
                caller = place.steps[-1].frame
                if stays or (caller is not self.region.frame and home_of(self.flow, caller) is None):
                    texts = names if _by_position(call, frame.owner) else [f"{n}={n}" for n in names]
                    self.replacements[id(call)] = self.composer.with_arguments(texts)

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
                if text is not None and role in (Role.HOST, Role.RUN) and not begins_states(atom.statement, name):
                    self.check_built(atom, list(nodes_in(self.staging.value_in(name, self.region.frame))))
            if role in (Role.HOST, Role.RUN) and isinstance(atom.statement, cst.SimpleStatementLine):
                for nodes in self.listing.edits(atom.statement, self.replacements, self.whole):
                    self.check_built(atom, nodes)


def begins_states(statement: cst.CSTNode, name: cst.Name) -> bool:
    """Whether a name of a cell is only asked for ``cell.zero_state``, which needs none of its variables."""
    return any(
        isinstance(node, cst.Attribute) and node.value is name and node.attr.value == "zero_state"
        for node in walk(statement)
    )


def _by_position(call: cst.Call, definition: cst.CSTNode) -> bool:
    """Whether more arguments may simply follow those of a call."""
    if not isinstance(definition, cst.FunctionDef) or any(arg.keyword or arg.star for arg in call.args):
        return False
    params = definition.params
    plain = not params.kwonly_params and isinstance(params.star_arg, cst.MaybeSentinel) and params.star_kwarg is None
    return plain and all(p.default is None for p in params.params)


# Roles of statements that stay where they are, with their names as they are called now.
STAYING = (Role.HOST, Role.RUN, Role.ALIAS, Role.CONSTANT, Role.FEED, Role.OPTIMIZER, Role.CHOICE)


def _squeezed(
    symbols: Symbols, numpy: str, before: Replacement | None, updated: cst.BaseExpression
) -> cst.BaseExpression:
    made = before(updated) if before is not None else updated
    return symbols.expression(f"{numpy}.squeeze({symbols.code(made.with_changes(lpar=(), rpar=()))})")
