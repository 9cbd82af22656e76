"""One file of a program as it runs on `tensorflow.compat.v1`, without Keras 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.calls_model import Argument, Definition, Refused
from tf2migrate.api.compat import ARG_SCOPE, counterpart, definitions, is_compat_module, takes_from_scopes
from tf2migrate.api.mnist import is_mnist_reader, read_data_sets
from tf2migrate.api.vocabularies import vocabulary, vocabulary_name
from tf2migrate.compat.naming import Naming, naming, times_bound
from tf2migrate.compat.obstacles import obstacles
from tf2migrate.compat.respelling import (
    Respelling,
    imports_in,
    is_switch,
    of_tensorflow,
    with_early_import,
    with_import,
)
from tf2migrate.lint.uses import Use, uses
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import labels, walk
from tf2migrate.plan.refusal import Refusal
from tf2migrate.rewrite.host_names import use_present_names
from tf2migrate.rewrite.templates import Templates
from tf2migrate.rewrite.undefined import undefined_names

# What turns TensorFlow 2 off, in a program that does so by itself.
_SWITCHES = frozenset({"tf.disable_v2_behavior"})


@dataclass(frozen=True, slots=True)
class Compatible:
    """The text of a file that runs on `tf.compat.v1`, or why there is none."""

    text: str
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What a file has to know of the others: if a seed of the graph is set, and how batches of MNIST are asked for."""

    sets_seed: bool
    asks_for_fakes: bool
    opens_scopes: bool
    """Whether layers of `tf.contrib` are given arguments by `arg_scope`."""


def compatible(module: Module, around: Around) -> Compatible:
    """What becomes of a file; one that says nothing of TensorFlow stays as it is."""
    names = naming(module.tree)
    if not names.aliases.names and not names.unclear and not _imports_tensorflow(module.tree):
        return Compatible(module.source.text)
    file = _File(module, names, around)
    refusals = [*obstacles(module, names), *file.read()]
    if refusals:
        return Compatible(module.source.text, tuple(refusals))
    text = file.written()
    try:
        compile(text, str(module.path), "exec", dont_inherit=True)
    except SyntaxError as error:
        refusals.append(file.refused(module.tree, f"the rewrite would not be valid Python: {error.msg}"))
    for name in sorted(undefined_names(text) - undefined_names(module.source.text)) if not refusals else ():
        refusals.append(file.refused(module.tree, f"`{name}` would not be defined any more"))
    return Compatible(module.source.text if refusals else text, tuple(refusals))


def is_reader(name: str) -> bool:
    """Whether a symbol is host code of TensorFlow's examples, for which a program gets code of its own."""
    return is_mnist_reader(name) or vocabulary_name(name) is not None


@dataclass(slots=True)
class _File:
    """A file while it is rewritten."""

    module: Module
    names: Naming
    around: Around
    replaced: dict[int, str] = field(default_factory=dict)
    """New expressions by the identity of the nodes whose place they take."""
    wanted: dict[str, None] = field(default_factory=dict)
    readers: dict[str, Definition] = field(default_factory=dict)
    switched: bool = False
    gone: set[int] = field(default_factory=set)

    @property
    def tf(self) -> str:
        """What the new file calls TensorFlow."""
        return self.names.aliases.tensorflow or "tf"

    def refused(self, node: cst.CSTNode, reason: str, advice: str = "", code: str = "TFM101") -> Refusal:
        return Refusal(code, self.module.key, node, reason, advice)

    def read(self) -> list[Refusal]:
        """Decides what becomes of every use of a symbol; gives back what stands in the way."""
        found: list[Refusal] = []
        other = {label for node in walk(self.module.tree) for label in labels(node)}
        other |= {id(node.target) for node in walk(self.module.tree) if isinstance(node, cst.AssignTarget)}
        calls = {id(node.func): node for node in walk(self.module.tree) if isinstance(node, cst.Call)}
        assigned = (node for node in walk(self.module.tree) if isinstance(node, cst.Assign))
        modules = {id(node.value) for node in assigned if id(node) in self.names.given}
        for use in uses(self.module, self.names.aliases):
            if id(use.node) in other:
                continue
            if id(use.node) in modules:
                self.settle_module(use)
                continue
            self.switched = self.switched or use.name in _SWITCHES
            call = calls.get(id(use.node))
            made = self.reader(use, call) if is_reader(use.name) else self.symbol(use, call)
            if isinstance(made, Refused):
                found.append(self.refused(use.node, made.reason, made.advice, made.code))
        own = times_bound(self.module.tree).keys() - self.names.aliases.names.keys()
        added = self.added()
        clash = own & {name for name, _ in bindings(self.module.tree)} & {each.name for each in added}
        for name in sorted(clash | (own & {*self.wanted, *(each.name for each in self.readers.values())})):
            reason = f"`{name}` is a name of the program and of what is added to it"
            found.append(self.refused(self.module.tree, reason, "Give yours another name"))
        if self.names.aliases.tensorflow is None and "tf" in own:
            found.append(self.refused(self.module.tree, "`tf` is not TensorFlow here", "Give it another name"))
        return found

    def added(self) -> list[Definition]:
        """What has to stand in the file besides."""
        return [*definitions(list(self.wanted), self.tf, self.around.opens_scopes), *self.readers.values()]

    def symbol(self, use: Use, call: cst.Call | None) -> Refused | None:
        """Notes what a use becomes."""
        made = counterpart(use.name, use.arguments)
        if isinstance(made, Refused):
            return made
        if made.name == ARG_SCOPE and not self.scope_fits(call):
            return Refused(f"`{use.name}` gives arguments that not all of its layers take", "Write them to the layers")
        assert isinstance(use.node, cst.Attribute | cst.Name)
        full = self.names.aliases.canonical(use.node) or use.name
        rest = full.removeprefix(use.name)
        self.wanted.update(dict.fromkeys(made.definitions))
        text = made.name + rest
        if made.definitions:
            self.replaced[id(use.node)] = text
        elif text != self.spelled(use.node):
            self.replaced[id(use.node)] = self.tf + text.removeprefix("tf")
        return None

    def scope_fits(self, call: cst.Call | None) -> bool:
        """Whether all that an `arg_scope` names can take what it gives; a scope that is opened again gives nothing."""
        if call is None or not call.args or any(arg.star for arg in call.args):
            return False
        keywords = [arg.keyword.value for arg in call.args[1:] if arg.keyword is not None]
        first = call.args[0].value
        if not isinstance(first, cst.List | cst.Tuple):
            return len(call.args) == 1 and call.args[0].keyword is None
        names = [self.names.aliases.canonical(element.value) for element in first.elements]
        return all(name is None or takes_from_scopes(name, keywords) for name in names)

    def spelled(self, node: cst.BaseExpression) -> str:
        """The name that stands in the file, as one of `tf.compat.v1`; empty where it begins otherwise."""
        root, _, rest = dotted_name(node).partition(".")
        kept = self.names.aliases.names[root] if self.stays(root) else ""
        return f"{kept}.{rest}" if kept and rest else kept

    def stays(self, root: str) -> bool:
        """Whether a name will stand for TensorFlow, or for the module that it stands for now."""
        symbol = self.names.aliases.names.get(root)
        return symbol == "tf" or (root in self.names.given.values() and is_compat_module(str(symbol)))

    def settle_module(self, use: Use) -> None:
        """A module that is given another name: the assignment stays where `tf.compat.v1` has the module."""
        assigned = next(
            node for node in walk(self.module.tree) if isinstance(node, cst.Assign) and node.value is use.node
        )
        if not self.stays(self.names.given[id(assigned)]):
            self.gone.add(id(assigned))

    def reader(self, use: Use, call: cst.Call | None) -> Refused | None:
        """Notes what reads data instead of TensorFlow's tutorials and examples."""
        if call is None:
            return Refused(f"`{use.name}` is not called here", "Call it, or write a function that does")
        seed = f"{self.tf}.get_seed(None)[0]" if self.around.sets_seed else None
        arguments: Sequence[Argument] = use.arguments or ()
        if is_mnist_reader(use.name):
            made = read_data_sets(arguments, tf=self.tf, graph_seed=seed, asks_for_fakes=self.around.asks_for_fakes)
        else:
            made = vocabulary(use.name, arguments, tf=self.tf)
        if isinstance(made, Refused):
            return made
        self.replaced[id(call)] = made.text
        self.readers.update((each.name, each) for each in made.definitions)
        return None

    # ------------------------------------------------------------------ the new text
    def written(self) -> str:
        """The new text of the file."""
        pass_ = Respelling(self.replaced, self.gone, self.switched)
        tree = with_early_import(self.module.tree, self.tf, self.replaced.keys()).visit(pass_)
        added = self.added()
        lines = (line for line in tree.body if isinstance(line, cst.SimpleStatementLine))
        in_the_body = {name for line in lines for name, _ in bindings(line)}
        if (added or not pass_.found) and self.tf not in in_the_body:
            tree = with_import(tree, self.tf, self.switched)
        return use_present_names(with_definitions(tree, added)).code


def with_definitions(tree: cst.Module, added: Sequence[Definition]) -> cst.Module:
    """A file with definitions behind the imports among which TensorFlow is."""
    if not added:
        return tree
    body: list[cst.BaseStatement] = list(tree.body)
    place = _behind_tensorflow(body)
    known = {line.strip() for line in tree.code.splitlines()}
    lines = dict.fromkeys(line for each in added for line in each.imports if line not in known)
    made = Templates(tree).statements("\n".join(lines) + "\n", {}) if lines else []
    for each in added:
        for statement in Templates(tree).statements(each.text.strip("\n") + "\n", {}):
            made.append(_apart(statement, []))
    if place < len(body):
        body[place] = _apart(body[place], getattr(body[place], "leading_lines", ()))
    return tree.with_changes(body=[*body[:place], *made, *body[place:]])


def _apart(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    """A statement two blank lines below what stands above it, with its comments."""
    kept = list(lines)
    while kept and kept[0].comment is None:
        kept.pop(0)
    return statement.with_changes(leading_lines=[cst.EmptyLine(indent=False), cst.EmptyLine(indent=False), *kept])


def _behind_tensorflow(body: Sequence[cst.BaseStatement]) -> int:
    """The place behind the first import of TensorFlow and the imports that follow it."""
    place = 0
    for index, statement in enumerate(body):
        imports = imports_in(statement)
        if (place and (imports or is_switch(statement))) or any(map(of_tensorflow, imports)):
            place = index + 1
        elif place:
            break
    return place


def _imports_tensorflow(tree: cst.Module) -> bool:
    return any(isinstance(node, cst.Import | cst.ImportFrom) and of_tensorflow(node) for node in walk(tree))
