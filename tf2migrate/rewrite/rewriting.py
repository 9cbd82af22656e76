"""What all parts of the rewrite of one region share."""

from __future__ import annotations

import libcst as cst

from tf2migrate.names.aliases import Aliases
from tf2migrate.names.guards import is_main_guard
from tf2migrate.names.project import Module
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.refusal import Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.composer import Composer
from tf2migrate.rewrite.edits import Edits
from tf2migrate.rewrite.keeper_classes import layer_header
from tf2migrate.rewrite.listing import Listing
from tf2migrate.rewrite.resets import Resets
from tf2migrate.rewrite.runs import Runs
from tf2migrate.rewrite.steps import Functions
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates


class Rewriting:
    """The plan, what renders its parts, and the edits so far."""

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
        self.composer.variables = self.functions.ordered_text
        self.composer.variable = self.functions.variable_reference
        self.composer.reference = self.functions.variable_reference
        self.listing = self.composer.listing = Listing(self.staging, self.region.frame, self.functions.listed_text)
        # What one run of the user's file became in several places is one site.
        numbers: dict[int, int] = {}
        first: dict[int, int] = {}
        for number, site in enumerate(self.staging.every_run, 1):
            form = self.staging.modules.get(site.place.module, self.module)
            numbers.setdefault(id(site.expression), first.setdefault(id(form.origin(site.expression)), number))
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
        self.traced: list[tuple[int, list[Step]]] = []
        """Which functions are traced for the layers that they build, and before which statement."""
        self.notes: list[Refusal] = []
        self.elsewhere: set[int] = set()
        """Names of layer functions, by identity, at the calls that other parts of the program make."""
        # Locals of the region that the constructor of the model is given.
        self.host: list[str] = []
        self.resets = Resets(plan, self.functions, self.host)

    def header(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """A class of the user, whose first line may change."""
        if isinstance(original, cst.ClassDef) and isinstance(updated, cst.ClassDef):
            return layer_header(self, original, updated)
        return updated

    def insert(self, atom: Atom, statements: list[cst.BaseStatement]) -> None:
        """Puts statements where ``atom`` stands, or before the host loop or branch that it stands in."""
        where: cst.CSTNode = atom.statement
        for parent in atom.parents:
            if parent not in self.region.dissolved and not is_main_guard(parent):
                where = parent
                break
        self.edits.before.setdefault(id(where), []).extend(statements)
