"""The training loop: steps, validation, checkpoints, and a state to go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from uno_site.files import read_json

from .config import AnyConfig
from .data import Example, epoch_batches
from .errors import Diverged, Stopped
from .losses import Metrics
from .model import adapter_weights, save_adapter, set_adapter_weights
from .objective import add_up
from .processes import Processes, Stopper
from .state import TrainerState, add_metrics, cut_metrics, load_state, save_state


def learning_rate(step: int, n_steps: int, peak: float, warmup_steps: int = 0) -> float:
    """Cosine from ``peak`` to 0 over the steps after a linear warm-up (UNO §4: no warm-up).

    ``step`` counts from 0; the first step without warm-up has the peak.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, n_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


class Scores(Protocol):
    """What the loop asks of an objective: a model with its adapter, and a loss that adds up."""

    @property
    def model(self) -> Any: ...

    @property
    def config(self) -> AnyConfig: ...

    def parts(self, n_examples: int) -> list[Sequence[int]]: ...

    def loss(
        self, batch: Sequence[Any], members: Sequence[int], reference: Tensor | None
    ) -> tuple[Tensor, Metrics]: ...


@dataclass
class Trainer:
    """Trains one adapter in one run folder.

    Parameters
    ----------
    folder : Path
        The run folder; metrics, checkpoints and state are written into it.
    objective : Scores
        The model with its adapter, and the loss.
    train, validation : sequence of Example
        Encoded rows.
    references : mapping of str to Tensor, or None
        "train" and "validation": base log-probabilities [2, n], where DPO is on.
    seed : int
        Orders the rows and draws the dropout.
    record : dict
        Written into each checkpoint's ``uno.json``.
    stopper : Stopper
        Asked between micro-batches; raises to stop. The state is saved first.
    """

    folder: Path
    objective: Scores
    train: Sequence[Example]
    validation: Sequence[Example]
    references: dict[str, Tensor] | None
    seed: int
    record: dict[str, Any]
    stopper: Stopper
    step: int = 0
    n_epochs_done: int = 0
    seconds: float = 0.0
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        """Make the optimiser over the adapter's weights."""
        self.optimizer = torch.optim.AdamW(
            self._parameters(),
            lr=self.config.learning_rate,
            betas=self.config.betas,
            weight_decay=self.config.weight_decay,
            fused=True,
        )

    @property
    def processes(self) -> Processes:
        """Those that train together."""
        return self.stopper.processes

    @property
    def config(self) -> AnyConfig:
        """The hyper-parameters."""
        return self.objective.config

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return math.ceil(len(self.train) / self.config.batch_size) * self.config.n_epochs

    def run(self) -> dict[str, Any]:
        """Train to the end, going on from a saved state; the content of ``result.json``."""
        self._resume()
        try:
            while self.n_epochs_done < self.config.n_epochs:
                self._epoch(self.n_epochs_done + 1)
        except Stopped:
            self._save_state()
            raise
        return self._result()

    def _epoch(self, epoch: int) -> None:
        batches = epoch_batches(self.train, self.config.batch_size, seed=self.seed, epoch=epoch)
        n_taken = self.step - (epoch - 1) * len(batches)
        for indices in batches[n_taken:]:
            self._step(epoch, indices)
        metrics = self.validate()
        row = {"kind": "validation", "step": self.step, "epoch": epoch, **metrics}
        self._record(row)
        self._save_checkpoint(epoch, metrics["loss"])
        self.n_epochs_done = epoch
        self._save_state()

    def _step(self, epoch: int, indices: Sequence[int]) -> None:
        self.stopper.between_steps()
        started = time.monotonic()
        rate = learning_rate(
            self.step, self.n_steps, self.config.learning_rate, self.config.warmup_steps
        )
        metrics, grad_norm = self.update(indices, rate)
        self.step += 1
        seconds = time.monotonic() - started
        self.seconds += seconds
        row = {
            "kind": "train",
            "step": self.step,
            "n_steps": self.n_steps,
            "epoch": epoch,
            **metrics,
            "lr": rate,
            "grad_norm": grad_norm,
            "tokens": sum(self.train[index].n_tokens for index in indices),
            "seconds": round(seconds, 3),
            "eta_seconds": round(self.seconds / self.step * (self.n_steps - self.step), 1),
        }
        self._record(row)
        if self.config.save_every_steps and self.step % self.config.save_every_steps == 0:
            self._save_state()

    def update(self, indices: Sequence[int], rate: float) -> tuple[Metrics, float]:
        """One optimiser step over micro-batches; nothing changes if it is stopped midway.

        Returns the metrics, and the norm of the gradient before it was clipped.
        """
        # Each step has a random state of its own, so that a resumed run repeats it exactly.
        torch.manual_seed(self.seed * 1_000_003 + self.step + 7_919 * self.processes.index)
        self.objective.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        metrics = []
        for loss, part in self._losses(self.train, indices, "train"):
            torch.autograd.backward(loss)
            metrics.append(part)
        self.processes.add_gradients(self._parameters())
        norm = torch.nn.utils.clip_grad_norm_(self._parameters(), self.config.grad_clip).item()
        total = add_up(self.processes.gather(metrics))
        if not (math.isfinite(norm) and math.isfinite(total["loss"])):
            raise Diverged(
                f"Step {self.step + 1} has loss {total['loss']} and gradient norm {norm}.",
                remedy="Lower learning_rate, or look for broken rows in the data.",
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return total, norm

    def validate(self) -> Metrics:
        """The loss and its parts on the validation rows, without dropout."""
        self.objective.model.eval()
        everything = range(len(self.validation))
        with torch.no_grad():
            parts = [part for _, part in self._losses(self.validation, everything, "validation")]
        return add_up(self.processes.gather(parts))

    def _losses(
        self, examples: Sequence[Example], indices: Sequence[int], split: str
    ) -> Iterator[tuple[Tensor, Metrics]]:
        batch = [examples[index] for index in indices]
        for members in self.processes.share(self.objective.parts(len(batch))):
            self.stopper.within_a_step()
            reference = None
            if self.references is not None:
                reference = self.references[split][:, [indices[member] for member in members]]
            yield self.objective.loss(batch, members, reference)

    def _parameters(self) -> list[Tensor]:
        parameters = self.objective.model.parameters()
        return [parameter for parameter in parameters if parameter.requires_grad]

    def _resume(self) -> None:
        state = load_state(self.folder)
        if state is not None:
            set_adapter_weights(self.objective.model, state.adapter)
            self.optimizer.load_state_dict(state.optimizer)
            self.step, self.n_epochs_done = state.step, state.n_epochs_done
            self.seconds = state.seconds
        self.processes.start_alike(self._parameters())
        self.processes.wait()
        if self.processes.is_first:
            cut_metrics(self.folder, self.step, self.n_epochs_done)

    def _record(self, row: dict[str, Any]) -> None:
        if self.processes.is_first:
            add_metrics(self.folder, row)

    def _save_state(self) -> None:
        if not self.processes.is_first:
            return
        state = TrainerState(
            step=self.step,
            n_epochs_done=self.n_epochs_done,
            seconds=self.seconds,
            adapter=adapter_weights(self.objective.model),
            optimizer=self.optimizer.state_dict(),
        )
        save_state(self.folder, state)

    def _save_checkpoint(self, epoch: int, validation_loss: float) -> None:
        if not self.processes.is_first:
            return
        record = {**self.record, "epoch": epoch, "step": self.step}
        record["validation_loss"] = validation_loss
        save_adapter(self.objective.model, self.folder / checkpoint_path(epoch), record)

    def _result(self) -> dict[str, Any]:
        if not self.processes.is_first:
            return {}
        epochs = [
            {
                "epoch": epoch,
                "validation_loss": _recorded_loss(self.folder / checkpoint_path(epoch)),
                "path": checkpoint_path(epoch),
            }
            for epoch in range(1, self.config.n_epochs + 1)
        ]
        return {"epochs": epochs, "seconds": round(self.seconds, 3)}


def checkpoint_path(epoch: int) -> str:
    """Where an epoch's adapter lies, relative to the run folder."""
    return f"checkpoints/epoch-{epoch}"


def _recorded_loss(checkpoint: Path) -> float:
    return float(read_json(checkpoint / "uno.json")["validation_loss"])
