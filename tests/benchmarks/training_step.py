"""``make bench-training``: one DPO + SFT step of the trainer on the reference model, two threads.

Against a bare PyTorch loop of the same arithmetic (:mod:`tests.benchmarks.bare_training`: the same
tokens, masks, losses and optimiser), and against itself with every prompt computed twice. The
pairs are recorded replies of the reference model and what a scripted user made of them. The
rivals take turns, and figures are medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from tests.benchmarks.bare_training import BareBatch, BareTrainer
from tests.benchmarks.report import Report, bar, machine, write_report
from tests.e2e.logs import email_logs
from training.ml.config import SMALL_EXPERT
from training.ml.data import Example, encode_rows
from training.ml.loop import Trainer
from training.ml.model import adapter_weights, load_learner, load_tokenizer
from training.ml.objective import Objective, answer_limits, answers_of
from training.ml.packing import pack
from training.ml.processes import Stopper, alone
from uno_site.env import read_env
from uno_site.inference.engine.models import reference_source
from uno_site.inference.torch_base import prepare_base

THREADS = 2
N_PAIRS = 8
MAX_RATIO = 1.15
SAME_LOSS = 1e-3
CPU = torch.device("cpu")
TITLES = {
    "step": "A training step against a bare PyTorch loop of the same arithmetic",
    "shared_prompt": "Prompts computed once for chosen and rejected, and twice",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write the report, and say by the exit status whether the bar was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.training_step")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(argv)
    torch.set_num_threads(THREADS)
    where = machine(threads=THREADS, model="SmolLM2-135M-Instruct, float32", pairs_a_step=4)
    with tempfile.TemporaryDirectory() as folder:
        parts = measure(Path(folder), options.rounds)
    return write_report("bench-training", {"machine": where, **parts}, TITLES)


def measure(folder: Path, n_rounds: int) -> Report:
    """Both comparisons, in turns."""
    source = reference_source()
    base = prepare_base(source, read_env().data_dir / "models" / "torch-bench")
    examples = recorded_examples(base.dir)
    batches = [range(start, start + 4) for start in range(0, N_PAIRS, 4)]
    once, twice = (
        make_trainer(base.dir, folder, examples, is_packed) for is_packed in (True, False)
    )
    bare = make_bare(base.dir, once)
    bare_batches = [bare_batch(once, batch) for batch in batches]
    weights = (SMALL_EXPERT.dpo_weight, SMALL_EXPERT.sft_weight)
    steps: dict[str, Callable[[int], float]] = {
        "bare": lambda i: bare.step(bare_batches[i], beta=SMALL_EXPERT.beta, weights=weights),
        "once": lambda i: once.update(batches[i], SMALL_EXPERT.learning_rate)[0]["loss"],
        "twice": lambda i: twice.update(batches[i], SMALL_EXPERT.learning_rate)[0]["loss"],
    }
    seconds, losses = take_turns(steps, n_rounds, len(batches))
    return {
        "step": compare_with_bare(seconds, losses),
        "shared_prompt": compare_layouts(seconds, losses, once, twice),
    }


def take_turns(
    steps: dict[str, Callable[[int], float]], n_rounds: int, n_batches: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds and losses of each rival's steps; the first round only warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(n_rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            losses[name].append(step(number % n_batches))
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds, losses


def compare_with_bare(seconds: dict[str, list[float]], losses: dict[str, list[float]]) -> Report:
    ratios = [ours / bare for ours, bare in zip(seconds["once"], seconds["bare"], strict=True)]
    return {
        "seconds": {name: statistics.median(seconds[name]) for name in ("once", "bare")},
        "largest_difference_of_losses": bar(
            _distance(losses["once"], losses["bare"]), SAME_LOSS, at_least=False
        ),
        "ratio": bar(statistics.median(ratios), MAX_RATIO, at_least=False),
        "ratio_lowest_and_highest": f"{min(ratios):.2f} to {max(ratios):.2f}",
    }


def compare_layouts(
    seconds: dict[str, list[float]], losses: dict[str, list[float]], once: Trainer, twice: Trainer
) -> Report:
    gains = [slow / fast for slow, fast in zip(seconds["twice"], seconds["once"], strict=True)]
    examples = once.train
    batch = pack(examples)
    return {
        "mean_tokens": {
            "prompt": statistics.mean(len(example.prompt) for example in examples),
            "chosen": statistics.mean(len(example.answers[0]) for example in examples),
            "rejected": statistics.mean(len(example.answers[1]) for example in examples),
        },
        "tokens_through_the_model_share": sum(batch.spans) / sum(e.n_tokens for e in examples),
        "seconds": {name: statistics.median(seconds[name]) for name in ("once", "twice")},
        "times_as_fast": statistics.median(gains),
        "mb_kept_for_the_backward_pass": {
            "once": kept_mb(once, examples[:4]),
            "twice": kept_mb(twice, examples[:4]),
        },
        "largest_difference_of_losses": bar(
            _distance(losses["once"], losses["twice"]), SAME_LOSS, at_least=False
        ),
    }


def kept_mb(trainer: Trainer, examples: Sequence[Example]) -> float:
    """Megabytes of activations that a forward pass keeps, weights aside."""
    weights = {p.untyped_storage().data_ptr() for p in trainer.objective.model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        values = trainer.objective.logprobs(examples)
    assert values.requires_grad
    return sum(kept.values()) / 1e6


def recorded_examples(base_dir: Path) -> list[Example]:
    """Pairs of recorded replies (rejected) and a scripted user's corrections (chosen)."""
    logs = [json.loads(line) for line in email_logs(N_PAIRS).splitlines()]
    rows = [
        {
            "id": row["id"],
            "messages": row["messages"][:1],
            "chosen": row["revised"],
            "rejected": row["messages"][1]["content"],
        }
        for row in logs
    ]
    return encode_rows(
        rows,
        load_tokenizer(base_dir),
        keys=answers_of(SMALL_EXPERT),
        limits=answer_limits(SMALL_EXPERT),
        max_prompt_tokens=SMALL_EXPERT.max_prompt_tokens,
    )


def make_trainer(
    base_dir: Path, folder: Path, examples: Sequence[Example], is_packed: bool
) -> Trainer:
    """The product's trainer with the small profile."""
    config = replace(SMALL_EXPERT, share_prompts=is_packed)
    model = load_learner(base_dir, config, 0, CPU)
    objective = Objective(model, config, 0, CPU, is_packed)
    model.eval()
    reference = torch.cat(
        [objective.reference(examples[i : i + 4]) for i in range(0, N_PAIRS, 4)], 1
    )
    return Trainer(
        folder=folder,
        objective=objective,
        train=examples,
        validation=examples,
        references={"train": reference},
        seed=0,
        record={},
        stopper=Stopper(lambda: None, alone()),
    )


def make_bare(base_dir: Path, trainer: Trainer) -> BareTrainer:
    """The bare loop, beginning with the same adapter."""
    config = trainer.config
    return BareTrainer(
        base_dir,
        adapter_weights(trainer.objective.model),
        config.alpha / config.r,
        lr=config.learning_rate,
        betas=config.betas,
        weight_decay=config.weight_decay,
    )


def bare_batch(trainer: Trainer, indices: Sequence[int]) -> BareBatch:
    """The bare loop's input: made beforehand, so that only arithmetic is timed."""
    assert trainer.references is not None
    batch = pack([trainer.train[index] for index in indices])
    return BareBatch(
        ids=batch.input_ids[0],
        positions=batch.position_ids[0],
        spans=batch.spans,
        masks=batch.masks,
        kept=batch.kept,
        labels=batch.labels,
        n_labels=batch.n_labels,
        reference=trainer.references["train"][:, list(indices)],
    )


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    sys.exit(main())
