"""How the functions of the output name variables: one by one, as a list, or as all that a model trains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.parts import grouped, layer_of
from tf2migrate.graph.values import (
    Const,
    Mapping,
    Node,
    Sequence,
    is_perhaps_trained,
    stands_for_several,
)
from tf2migrate.plan.flow import Role, path_to
from tf2migrate.plan.gradients import behind
from tf2migrate.plan.layer_model import LayerObject
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import is_given_back
from tf2migrate.plan.variable_lists import is_collected
from tf2migrate.rewrite.composer import Composer
from tf2migrate.rewrite.layer_classes import LayerClass
from tf2migrate.rewrite.references import inside_object
from tf2migrate.rewrite.templates import Templates

WIDTH = 100


@dataclass(slots=True)
class VariableTexts:
    """What all definitions of one plan are rendered from, and the texts of its variables."""

    plan: Plan
    composer: Composer
    templates: Templates
    wrapped: list[str] = field(default_factory=list)
    trainable: str = ""
    listed: list[Node] = field(default_factory=list)
    # What an optimizer outside of the graph is told by the function of its update.
    telling: dict[int, str] = field(default_factory=dict)
    # The classes of the layer functions, by definition.
    makers: dict[int, LayerClass] = field(default_factory=dict)
    # Statements of placeholders whose comments have found a place.
    told: set[int] = field(default_factory=set)

    @property
    def tf(self) -> str:
        return self.composer.symbols.tf

    def variables_text(self, nodes: list[Node], as_listed: bool = False) -> str:
        """The variables of an update: all trainable ones of the model, or a list.

        With ``as_listed``, a list in another order than that in which they were made keeps its order.
        """
        flow = self.plan.flow
        nodes = grouped(nodes)
        wanted = {n.number for n in nodes}
        in_order = dict.fromkeys(n.number for n, _ in flow.staging.touched if n.trainable)
        made = set(in_order)
        held = self.plan.held
        kept = not as_listed or [n.number for n in nodes] == list(in_order)
        if wanted == made and kept and not self.plan.networks:
            if held is None or held.keras:
                return f"{self.plan.model}.trainable_variables"
            single = not any(map(stands_for_several, nodes)) and not any(map(is_perhaps_trained, nodes))
            if not self.composer.inner and not self.plan.objects and single:
                self.trainable = self.trainable or held.fresh("trainable_variables")
                self.listed = nodes
                return f"{self.plan.model}.{self.trainable}"
        for atom in flow.region.atoms:
            if flow.role(atom) is Role.ALIAS and not is_collected(atom):
                for name in atom.binds:
                    if held is not None and "." not in name and name not in held.saved:
                        # A local of the constructor: the methods do not see it.
                        continue
                    value = flow.bound_value(atom, name)
                    listed = isinstance(value, Sequence) and value.exact and value.items == nodes
                    # The function reads the name in a run: whatever it stands for by then.
                    if listed and sum(name in other.binds for other in flow.region.atoms) == 1:
                        saved = held.saved.get(name) if held is not None else None
                        return f"{self.plan.model}.{saved}" if saved is not None else name
        parts: list[str] = []
        lists: list[str] = []
        covered: set[int] = set()
        for item in self.plan.objects:
            trainable = item.owned & made
            if trainable and trainable <= wanted:
                holder = item.name if self.plan.networks else f"{self.plan.model}.{item.name}"
                lists.append(f"{holder}.trainable_variables")
                covered |= trainable
        for name, leaves in self.composer.stacks():
            if leaves <= wanted - covered:
                lists.append(f"{self.plan.model}.{name}.trainable_variables")
                covered |= leaves
        for node in nodes:
            if node.number in covered:
                continue
            if stands_for_several(node):
                lists.append(f"{self.variable_reference(node)}.trainable_variables")
            else:
                parts.append(self.named(node))
        joined = [f"[{', '.join(parts)}]"] if parts else []
        return " + ".join([*joined, *lists])

    def listed_text(self, nodes: list[Node], ordered: bool) -> str:
        """A list of variables; ``ordered`` where the order of TensorFlow 1 can be seen."""
        kept = not self.composer.inner and not self.plan.objects
        return self.variables_text(nodes) if kept or not ordered else self.explicit(nodes)

    def ordered_text(self, nodes: list[Node]) -> str:
        """A list of variables in the order of TensorFlow 1, as it is paired with another: layers whole where they can.

        An object that a function became stands for its variables only where they follow each other.
        """
        held = self.plan.held
        plain = not self.composer.inner and not self.plan.objects
        # What is paired with gradients alone is listed here and there in one order, whichever that is.
        assigns = [node for node in self.plan.flow.staging.nodes if node.kind == "assign"]
        paired = {node.number for node in nodes} | {layer.number for node in nodes if (layer := layer_of(node))}
        assigned = any(
            n.op == "tf.gradients" or n.number in paired or (layer_of(n) or n).number in paired for n in behind(assigns)
        )
        if not assigned or ((held is None or held.keras) and plain and not any(map(stands_for_several, nodes))):
            return self.variables_text(nodes)
        segments: list[str] = []
        names: list[str] = []
        rest = list(dict.fromkeys(nodes))
        while rest:
            whole = self.whole_layer(rest)
            if whole is None:
                names.append(self.named(rest.pop(0)))
                continue
            text, count = whole
            segments += [f"[{', '.join(names)}]"] if names else []
            segments.append(text)
            names, rest = [], rest[count:]
        segments += [f"[{', '.join(names)}]"] if names else []
        return " + ".join(segments)

    def whole_layer(self, nodes: list[Node]) -> tuple[str, int] | None:
        """The variables of a layer that a list begins with, and how many of its elements these are."""
        first = nodes[0]
        layer = layer_of(first)
        if (item := self.whole_object(nodes)) is not None:
            return item
        if layer is not None:
            parts = [part for part in layer.parts if part.trainable]
            if layer.trainable and parts == layer.parts and nodes[: len(parts)] == parts:
                return f"{self.variable_reference(layer)}.trainable_variables", len(parts)
            return None
        if not stands_for_several(first):
            return None
        if first.kind == "layer" or not first.trainable:
            where = first.expression or self.plan.flow.region.module.tree
            reason = "the variables of this layer are not known one by one"
            raise NotPlanned(Refusal("TFM408", self.composer.symbols.module.key, where, reason))
        return f"{self.variable_reference(first)}.trainable_variables", 1

    def whole_object(self, nodes: list[Node]) -> tuple[str, int] | None:
        """As `whole_layer`, for an object that a function became: one that Keras lists in the same order."""
        for item in self.plan.objects:
            inside = [(layer_of(node) or node).number in item.owned for node in nodes]
            count = inside.index(False) if False in inside else len(nodes)
            listed = {(layer_of(node) or node).number for node in nodes[:count]}
            trained = all(node.trainable and node.kind == "variable" for node in nodes[:count])
            if count and listed == item.owned and trained and self.own_come_first(item, nodes[:count]):
                holder = item.name if self.plan.networks else f"{self.plan.model}.{item.name}"
                return f"{holder}.trainable_variables", count
        return None

    def own_come_first(self, item: LayerObject, nodes: list[Node]) -> bool:
        """Keras lists the variables of an object before those of the layers in it."""
        frames = [call.frame for call in item.calls]
        inner: list[bool] = []
        for node in nodes:
            around = node.place.frames
            begin = next((i for i, frame in enumerate(around) if frame in frames), len(around))
            nested = any(id(frame.owner) in self.plan.layers for frame in around[begin + 1 :])
            inner.append(nested or layer_of(node) is not None)
        return inner == sorted(inner)

    def explicit(self, nodes: list[Node]) -> str:
        """A list of variables one by one, in their order."""
        for node in nodes:
            if stands_for_several(node):
                where = node.expression or self.plan.flow.region.module.tree
                reason = "the variables of this layer are not known one by one"
                raise NotPlanned(Refusal("TFM408", self.composer.symbols.module.key, where, reason))
        return f"[{', '.join(self.named(node) for node in nodes)}]"

    def named(self, node: Node) -> str:
        """A variable in a list that names its members one by one."""
        if is_perhaps_trained(node):
            where = node.expression or self.plan.flow.region.module.tree
            reason = "the host decides if this variable is trained, and a list would have to leave it out"
            raise NotPlanned(Refusal("TFM404", self.composer.symbols.module.key, where, reason))
        return self.variable_reference(node)

    def trainable_list(self) -> list[str]:
        """The statement that lists the variables of an object that is no Keras model."""
        if not self.trainable:
            return []
        names = self.listed_names()
        line = f"{self.plan.model}.{self.trainable} = [{', '.join(names)}]\n"
        if len(line) > WIDTH:
            line = f"{self.plan.model}.{self.trainable} = [\n{''.join(f'    {name},{chr(10)}' for name in names)}]\n"
        return [line]

    def reached(self, step: Step, atom: Atom, reads: Iterable[cst.Name]) -> dict[int, str]:
        """Of the names that are read: variables whose statements are no part of the step, through their objects."""
        if not step.parts.through:
            return {}
        flow = self.plan.flow
        out: dict[int, str] = {}
        for name in reads:
            for source in flow.reaching(name.value, atom):
                value = flow.bound_value(source, name.value)
                if source not in step.parts.atoms and is_given_back(flow, source, value):
                    out[id(name)] = self.variable_reference(cast(Node, value))
        return out

    def listed_names(self) -> list[str]:
        """The variables one by one; those of a list or dict together, where their order is not seen."""
        staging = self.plan.flow.staging
        taken = [n.details.get("variable") for n in staging.nodes if n.op == "tf.gradients"]
        seen = any(isinstance(by, Node) and by.kind == "variable" for by in taken)
        wanted = {n.number for n in self.listed}
        together: dict[int, str] = {}
        for (number, name), attribute in self.composer.attributes.items() if not seen else ():
            value = self.plan.flow.bound_value(self.plan.flow.region.atoms[number], name)
            items = list(value.items.values()) if isinstance(value, Mapping) else getattr(value, "items", [])
            inside = {n.number for n in items if isinstance(n, Node) and n.kind == "variable"}
            complete = isinstance(value, Sequence | Mapping) and value.exact and 1 < len(inside) == len(items)
            if complete and inside <= wanted - together.keys():
                listed = f"*{self.plan.model}.{attribute}{'.values()' if isinstance(value, Mapping) else ''}"
                together.update(dict.fromkeys(inside, listed))
        names = [together.get(n.number) or self.variable_reference(n) for n in self.listed]
        return list(dict.fromkeys(names))

    def variable_reference(self, node: Node) -> str:
        flow = self.plan.flow
        layer = layer_of(node)
        if layer is not None:
            attribute = cast(Const, node.details["attribute"]).value
            return f"{self.variable_reference(layer)}.{attribute}"
        if node.number in self.composer.inner:
            return f"{self.plan.model}.{self.composer.inner[node.number]}"
        inside = inside_object(self.plan, self.makers, node)
        if inside is not None:
            return inside
        for atom in flow.region.atoms:
            if flow.role(atom) is not Role.VARIABLE:
                continue
            for name in atom.binds:
                value = flow.bound_value(atom, name)
                path = path_to(value, node) if (atom.number, name) in self.composer.attributes else None
                if path is not None:
                    return f"{self.plan.model}.{self.composer.attributes[atom.number, name]}{path}"
        where = node.expression or flow.region.module.tree
        raise NotPlanned(
            Refusal("TFM404", self.composer.symbols.module.key, where, "this variable has no name where it is trained")
        )

    def refused(self, step: Step, reason: str) -> NotPlanned:
        module = self.composer.symbols.module.key
        return NotPlanned(Refusal("TFM410", module, step.sites[0].expression, reason))
