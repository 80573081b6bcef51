"""What an adapter would answer now: a few held-out prompts, asked after each epoch of training.

The answers lie among the run's other answers, so that a withdrawal takes them out too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat.services.messages import REPLY_SAMPLING
from training.models import AdapterKind, TrainingRun
from uno_site.engine_clients import served_client
from uno_site.inference.errors import InferenceError
from uno_site.inference.protocol import ChatRequest

from .answers import turns
from .engine_adapters import loaded
from .reporting import Reporter
from .run_folder import RunFolder

N_PROMPTS = 2
#: Enough to see where it goes; the trainer wants the processor too.
SAMPLING = replace(REPLY_SAMPLING, max_tokens=96, temperature=0.0, top_p=1.0, seed=0)
_NAME = "answers/live-epoch-{epoch}.json"


@dataclass(slots=True)
class LiveSampler:
    """Asks each checkpoint as it comes; an engine that is away costs only the samples."""

    run: TrainingRun
    folder: RunFolder
    report: Reporter
    next_epoch: int = 1
    _rows: list[dict[str, Any]] = field(default_factory=list)

    def look(self) -> None:
        """Ask the checkpoint that has come since the last look, if one has."""
        path = self.folder.path / f"checkpoints/epoch-{self.next_epoch}"
        if not path.exists():
            return
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        if self.folder.read_json(_NAME.format(epoch=epoch)) is not None:
            return
        try:
            self._ask(epoch, str(path))
        except InferenceError as error:
            self.report.log(f"epoch {epoch}: no samples ({error.message})")

    def _ask(self, epoch: int, path: str) -> None:
        rows = self._prompts()
        client = served_client()
        with loaded(client, f"sample-{self.run.pk.hex[:12]}-{epoch}", path) as model:
            asked = [ChatRequest(model, turns(row), SAMPLING) for row in rows]
            texts = [answer.text.strip() for answer in client.chat_many(asked)]
        answers = {row["id"]: [text] for row, text in zip(rows, texts, strict=True)}
        self.folder.write_json(_NAME.format(epoch=epoch), answers)

    def _prompts(self) -> list[dict[str, Any]]:
        """What is asked: the expert the question itself, the critic what it gets (UNO §5)."""
        if not self._rows:
            shown = {row["id"]: row for row in self.folder.read_rows("prompts.jsonl")[:N_PROMPTS]}
            is_critic = self.run.kind == AdapterKind.CRITIC
            found = self.folder.read_rows("validation.jsonl") if is_critic else shown.values()
            self._rows = [row for row in found if row["id"] in shown]
        return self._rows


@dataclass(frozen=True, slots=True)
class LiveSample:
    """One prompt with the answers so far, the latest epoch first."""

    query: str
    wanted: str
    answers: list[tuple[int, str]]


def live_samples(folder: RunFolder) -> list[LiveSample]:
    """What was asked while the run trained."""
    epochs = sorted(
        int(file.stem.rpartition("-")[2]) for file in folder.path.glob("answers/live-epoch-*.json")
    )
    known = {epoch: folder.read_json(_NAME.format(epoch=epoch)) or {} for epoch in epochs}
    samples = []
    for row in folder.read_rows("prompts.jsonl")[:N_PROMPTS]:
        answers = [(e, known[e][row["id"]][0]) for e in reversed(epochs) if row["id"] in known[e]]
        if answers:
            samples.append(LiveSample(row["messages"][-1]["content"], row["chosen"], answers))
    return samples


def n_answers(samples: Sequence[LiveSample]) -> int:
    """How many answers there are so far."""
    return sum(len(sample.answers) for sample in samples)
