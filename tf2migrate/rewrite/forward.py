"""What several functions share: the prediction of the model, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.names.returns import return_directly
from tf2migrate.plan.model import Slice, Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.reserved import RESERVED
from tf2migrate.plan.slices import Slicer, in_order
from tf2migrate.rewrite.signatures import Signatures


@dataclass(slots=True)
class Forward(Signatures):
    """Renders the shared loss and the method that computes the prediction."""

    def forward_definition(self) -> list[cst.BaseStatement]:
        """The method that computes the prediction, if there is one."""
        forward = self.plan.forward
        if forward is None:
            return []
        holder = self.plan.model if self.plan.held is not None else "self"
        names = "".join(f", {self.plan.parameter_names[n.number]}" for n in forward.parameters)
        body = [s for atom in forward.atoms for s in self.composer.moved(atom, holder)]
        text = f"def {self.forward_method()}({holder}{names}):\n    __call__\n"
        outputs = [self.plan.local_name(name) for name in forward.outputs]
        if len(outputs) == 1:
            body = return_directly(body, outputs[0])
        else:
            text += f"    return {', '.join(outputs)}\n"
        return self.templates.statements(text, {"__call__": body})

    def loss_function(self, steps: list[Step]) -> list[cst.BaseStatement]:
        """``def compute_loss(...)``, shared by the steps that need the same loss."""
        assert self.plan.loss is not None
        _, atoms, output = self.plan.loss
        output = self.plan.local_name(output)
        step = next(s for s in steps if s.updates)
        parameters = self.loss_parameters(step)
        body = [*self.forward_call(), *(s for atom in atoms for s in self.composer.moved(atom, self.plan.model))]
        own = next((s for s in steps if self.is_loss(s)), None)
        if own is not None:
            self.loss_name = own.name
            nodes = own.parts.parameters
            head = self.head(own, nodes)
        else:
            self.loss_name = self.plan.fresh(*self._loss_names(output))
            if self.plan.held is not None:
                parameters = [self.plan.model, *parameters]
            head = f"def {self.loss_name}({', '.join(parameters)}):\n"
        return self.templates.statements(head + "    __body__\n", {"__body__": return_directly(body, output)})

    def is_loss(self, step: Step) -> bool:
        """Whether a run fetches just the shared loss: its function serves the training step as well."""
        shared = self.plan.loss
        if shared is None or step.updates or step.fetch.kind != "leaf" or step.parts.defaults:
            return False
        training = next(s for s in self.plan.steps if s.updates)
        names = [self.plan.parameter_names[n.number] for n in step.parts.parameters]
        same = step.fetch.node is training.updates[0].node.details.get("loss")
        return same and names == self.loss_parameters(training)

    def _loss_names(self, output: str) -> list[str]:
        if self.plan.held is not None:
            return [f"{output}_of", f"compute_{output}_of"]
        return ["compute_loss", f"compute_{output}"]

    loss_name: str = "compute_loss"

    def loss_parameters(self, step: Step) -> list[str]:
        assert self.plan.loss is not None
        name, _, _ = self.plan.loss
        parts = Slice()
        Slicer(self.plan.flow).backward([(name, step.updates[0].atom)], step.parts.parameters, parts)
        return [self.plan.parameter_names[n.number] for n in in_order(parts.parameters)]

    def forward_call(self) -> list[cst.BaseStatement]:
        forward = self.plan.forward
        assert forward is not None
        given = [self.plan.parameter_names[n.number] for n in forward.parameters]
        # Keras hands these two on by name, wherever they stand.
        first = next((i for i, name in enumerate(given) if name in ("training", "mask")), len(given))
        names = ", ".join(name if i < first else f"{name}={name}" for i, name in enumerate(given))
        method = self.forward_method()
        called = self.plan.model if method == "call" else f"{self.plan.model}.{method}"
        outputs = [self.plan.local_name(name) for name in forward.outputs]
        return self.templates.statements(f"{', '.join(outputs)} = {called}({names})\n", {})

    def forward_method(self) -> str:
        """``call``, but for inputs of unknown rank, which Keras does not let through."""
        forward = self.plan.forward
        assert forward is not None
        held = self.plan.held
        if held is not None and (not held.keras or not forward.parameters):
            self.forward_name = self.forward_name or held.fresh("forward")
            return self.forward_name
        unknown = [n for n in forward.parameters if self.specification(n).startswith(f"{self.tf}.TensorSpec(None")]
        if not unknown:
            return "call"
        if self.composer.inner or self.plan.objects:
            where = unknown[0].expression or self.plan.flow.region.module.tree
            reason = "the rank of this placeholder, which goes into Keras layers, is not known"
            raise NotPlanned(Refusal("TFM407", self.composer.symbols.module.key, where, reason))
        return self._forward_name()

    forward_name: str = ""

    def _forward_name(self) -> str:
        return next(n for n in ("forward", "compute", "outputs_of") if n not in RESERVED)
