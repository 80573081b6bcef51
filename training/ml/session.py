"""One run from rows to checkpoints: everything of a training that needs torch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as safetensors_load
from torch import Tensor

from .config import AnyConfig, CostConfig, HindsightConfig
from .cost_learning import CostExample, CostObjective, encode_costs, fit_costs
from .data import Example, encode_rows
from .hindsight import HindsightObjective, encode_interactions
from .loop import Trainer
from .model import (
    check_base,
    load_learner,
    load_tokenizer,
    set_adapter_weights,
    template_sha256,
)
from .objective import Objective, answer_limits, answers_of, choose_layout
from .processes import Processes, Stopper, alone
from .state import forget_foreign_work, load_reference, save_reference
from .warm_start import initial_weights

Rows = Sequence[Mapping[str, Any]]
AnyObjective = Objective | HindsightObjective | CostObjective


def train_adapter(
    folder: Path,
    run: Mapping[str, Any],
    config: AnyConfig,
    splits: Mapping[str, Rows],
    check_stop: Callable[[], None],
    *,
    threads: int = 0,
    processes: Processes | None = None,
) -> dict[str, Any]:
    """Train one adapter; the content of ``result.json``.

    Parameters
    ----------
    folder : Path
        The run folder.
    run : mapping
        ``kind``, ``base_dir``, ``base_sha256``, ``seed`` and ``data_hash``.
    config : ExpertConfig, CriticConfig, HindsightConfig or CostConfig
        The hyper-parameters.
    splits : mapping
        Rows of "train" and "validation".
    check_stop : callable
        Called between micro-batches; raises to stop.
    threads : int
        Threads of torch; 0 leaves its choice.
    processes : Processes, optional
        Those that train together; by default this one alone.
    """
    processes = processes or alone()
    if threads:
        torch.set_num_threads(threads)
    base_dir = Path(run["base_dir"])
    check_base(base_dir, run["base_sha256"])
    if processes.is_first and forget_foreign_work(folder):
        sys.stderr.write("The data or the settings have changed: training begins anew.\n")
    tokenizer = load_tokenizer(base_dir)
    encoded = {name: _encode(rows, tokenizer, config) for name, rows in splits.items()}
    model = load_learner(base_dir, config, run["seed"], processes.device)
    if (weights := initial_weights(config, run)) is not None:
        set_adapter_weights(model, safetensors_load(weights.read_bytes()))
    objective = _objective(model, config, tokenizer, processes, encoded["train"], run["seed"])
    stopper = Stopper(check_stop, processes)
    stopper.between_steps()
    trainer = Trainer(
        folder=folder,
        objective=objective,
        train=encoded["train"],
        validation=encoded["validation"],
        references=_references(folder, objective, encoded, stopper),
        seed=run["seed"],
        record=_record(run, config, tokenizer),
        stopper=stopper,
    )
    return trainer.run()


def _objective(
    model: Any,
    config: AnyConfig,
    tokenizer: Any,
    processes: Processes,
    examples: Sequence[Example],
    seed: int,
) -> AnyObjective:
    pad, device = tokenizer.pad_token_id, processes.device
    if isinstance(config, HindsightConfig):
        return HindsightObjective(model, config, pad, device)
    if isinstance(config, CostConfig):
        logged = [example for example in examples if isinstance(example, CostExample)]
        costs = fit_costs(model, logged, config, pad, device, seed)
        return CostObjective(model, config, pad, tokenizer.eos_token_id, device, costs)
    return choose_layout(Objective(model, config, pad, device), examples)


def _encode(rows: Rows, tokenizer: Any, config: AnyConfig) -> Sequence[Example]:
    if isinstance(config, HindsightConfig):
        return encode_interactions(rows, tokenizer, config)
    if isinstance(config, CostConfig):
        return encode_costs(rows, tokenizer, config)
    return encode_rows(
        rows,
        tokenizer,
        keys=answers_of(config),
        limits=answer_limits(config),
        max_prompt_tokens=config.max_prompt_tokens,
    )


def _references(
    folder: Path,
    objective: AnyObjective,
    encoded: Mapping[str, Sequence[Example]],
    stopper: Stopper,
) -> dict[str, Tensor] | None:
    """The base model's log-probabilities [2, n] of each split: computed once, then kept."""
    if not isinstance(objective, Objective) or "rejected" not in answers_of(objective.config):
        return None
    references = load_reference(folder)
    if references is None:
        references = {
            name: _reference(objective, examples, stopper) for name, examples in encoded.items()
        }
        if stopper.processes.is_first:
            save_reference(folder, references)
    stopper.processes.wait()
    return references


def _reference(objective: Objective, examples: Sequence[Example], stopper: Stopper) -> Tensor:
    objective.model.eval()
    found = []
    for members in stopper.processes.share(objective.parts(len(examples))):
        stopper.within_a_step()
        found.append((members[0], objective.reference([examples[index] for index in members])))
    everything = sorted(stopper.processes.gather(found), key=lambda part: part[0])
    return torch.cat([part for _, part in everything], dim=1)


def _record(run: Mapping[str, Any], config: AnyConfig, tokenizer: Any) -> dict[str, Any]:
    """What ``uno.json`` says of every checkpoint."""
    return {
        "kind": run["kind"],
        "base_sha256": run["base_sha256"],
        "data_hash": run["data_hash"],
        "chat_template_sha256": template_sha256(tokenizer),
        "seed": run["seed"],
        "config": config.to_json(),
    }
