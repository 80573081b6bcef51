"""One run from rows to checkpoints: everything of a training that needs torch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .config import AnyConfig
from .data import Example, encode_rows
from .loop import Trainer
from .model import best_device, check_base, load_learner, load_tokenizer, template_sha256
from .objective import Objective, answer_limits, answers_of
from .state import forget_foreign_work, load_reference, save_reference

Rows = Sequence[Mapping[str, Any]]


def train_adapter(
    folder: Path,
    run: Mapping[str, Any],
    config: AnyConfig,
    splits: Mapping[str, Rows],
    check_stop: Callable[[], None],
    *,
    threads: int = 0,
) -> dict[str, Any]:
    """Train one adapter; the content of ``result.json``.

    Parameters
    ----------
    folder : Path
        The run folder.
    run : mapping
        ``kind``, ``base_dir``, ``base_sha256``, ``seed`` and ``data_hash``.
    config : ExpertConfig or CriticConfig
        The hyper-parameters.
    splits : mapping
        Rows of "train" and "validation".
    check_stop : callable
        Called between micro-batches; raises to stop.
    threads : int
        Threads of torch; 0 leaves its choice.
    """
    if threads:
        torch.set_num_threads(threads)
    base_dir = Path(run["base_dir"])
    check_base(base_dir, run["base_sha256"])
    if forget_foreign_work(folder):
        sys.stderr.write("The data or the settings have changed: training begins anew.\n")
    tokenizer, device = load_tokenizer(base_dir), best_device()
    encoded = {name: _encode(rows, tokenizer, config) for name, rows in splits.items()}
    check_stop()
    model = load_learner(base_dir, config, run["seed"], device)
    objective = Objective(model, config, tokenizer.pad_token_id, device)
    trainer = Trainer(
        folder=folder,
        objective=objective,
        train=encoded["train"],
        validation=encoded["validation"],
        references=_references(folder, objective, encoded, check_stop),
        seed=run["seed"],
        record=_record(run, config, tokenizer),
        check_stop=check_stop,
    )
    return trainer.run()


def _encode(rows: Rows, tokenizer: Any, config: AnyConfig) -> list[Example]:
    return encode_rows(
        rows,
        tokenizer,
        keys=answers_of(config),
        limits=answer_limits(config),
        max_prompt_tokens=config.max_prompt_tokens,
    )


def _references(
    folder: Path,
    objective: Objective,
    encoded: Mapping[str, Sequence[Example]],
    check_stop: Callable[[], None],
) -> dict[str, Tensor] | None:
    """The base model's log-probabilities [2, n] of each split: computed once, then kept."""
    if "rejected" not in answers_of(objective.config):
        return None
    references = load_reference(folder)
    if references is None:
        references = {
            name: _reference(objective, examples, check_stop) for name, examples in encoded.items()
        }
        save_reference(folder, references)
    return references


def _reference(
    objective: Objective, examples: Sequence[Example], check_stop: Callable[[], None]
) -> Tensor:
    objective.model.eval()
    parts = []
    for members in objective.parts(len(examples)):
        check_stop()
        parts.append(objective.reference([examples[index] for index in members]))
    return torch.cat(parts, dim=1)


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
