"""Held-out prompts answered and scored, kept answer by answer."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from chat.models import RouteTable
from chat.notes import Recall
from chat.services.messages import REPLY_SAMPLING
from chat.serving import Answer, answer_many
from training.evaluation.methods.protocol import Prompting
from training.evaluation.metrics import common_scores
from training.evaluation.sets.protocol import EvaluationSet, Item
from uno_site.engine_clients import served_client
from uno_site.inference.protocol import FloatArray

from .workplace import append_lines, read_lines

RecallOf = Callable[[Item], Recall | None]
"""From a prompt to what finds the notes of whoever asks it."""
TopicRows = Callable[[str], FloatArray]
"""From a topic to the embeddings of all its held-out prompts, [m, d]."""
N_AT_ONCE = 8
"""Prompts that are answered together, so that the engine batches; then they are kept."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What stays the same over the methods of a seed."""

    found: EvaluationSet
    seed: int
    max_tokens: int
    say: Callable[[str], None]

    @property
    def items(self) -> Sequence[Item]:
        """The held-out prompts."""
        return self.found.items(self.seed)


def copy_answers(path: Path, twins: Sequence[Path]) -> None:
    """Take over the answers of a method with the very same routes, where there are none yet."""
    twin = next((file for file in twins if file.exists()), None)
    if twin is not None and not path.exists():
        shutil.copyfile(twin, path)


def answer_items(
    asking: Asking,
    path: Path,
    *,
    prompting: Prompting = tuple,
    table: RouteTable | None = None,
    recall_of: RecallOf = lambda item: None,
) -> None:
    """Answer what is not yet in the file at ``path``, as the chat would; score and keep it.

    ``table`` None has the base model answer, ``recall_of`` finds an item's notes. ``seconds``
    of an answer is its share of the time that its group took.
    """
    known = {row["item"] for row in read_lines(path)}
    items = asking.items
    missing = [item for item in items if item.id not in known]
    topic_rows = _topic_rows(items)
    for start in range(0, len(missing), N_AT_ONCE):
        group = missing[start : start + N_AT_ONCE]
        recalls = [recall_of(item) for item in group]
        append_lines(path, _answer(asking, group, prompting, table, recalls, topic_rows))
        asking.say(f"{path.stem}: answered {len(known) + start + len(group)}")


def _topic_rows(items: Sequence[Item]) -> TopicRows:
    """Each topic is embedded once, when it is first asked for: a set may be all of one topic."""
    queries: dict[str, list[str]] = defaultdict(list)
    for item in items:
        queries[item.topic].append(_query(item))
    embed = served_client().embed
    return cache(lambda topic: embed(queries[topic]))


def _answer(
    asking: Asking,
    group: Sequence[Item],
    prompting: Prompting,
    table: RouteTable | None,
    recalls: Sequence[Recall | None],
    topic_rows: TopicRows,
) -> list[dict[str, Any]]:
    started = time.monotonic()
    sampling = replace(REPLY_SAMPLING, max_tokens=asking.max_tokens, seed=asking.seed)
    answers = answer_many(
        [prompting(item.messages) for item in group],
        table=table,
        sampling=sampling,
        force_base=table is None,
        recalls=recalls,
    )
    seconds = (time.monotonic() - started) / len(group)
    scores = _common(group, [answer.text for answer in answers], topic_rows)
    return [
        _row(item, answer, {**asking.found.score(item, answer.text), **common}, seconds)
        for item, answer, common in zip(group, answers, scores, strict=True)
    ]


def _common(
    group: Sequence[Item], texts: Sequence[str], topic_rows: TopicRows
) -> list[dict[str, float]]:
    """The scores that every set has, each answer among the prompts of its topic."""
    embed = served_client().embed
    # An empty answer has no place in an embedder; a space is near to nothing.
    rows = embed([text or " " for text in texts])
    own = embed([_query(item) for item in group])
    scores = []
    for at, item in enumerate(group):
        one, prompts = slice(at, at + 1), topic_rows(item.topic)
        scores += common_scores(texts[one], own[one], rows[one], prompts)
    return scores


def _query(item: Item) -> str:
    return item.messages[-1].content


def _row(item: Item, answer: Answer, scores: dict[str, float], seconds: float) -> dict[str, Any]:
    why = answer.provenance
    if why.ttft_seconds is not None:
        scores = {**scores, "first_seconds": round(why.ttft_seconds, 3)}
    return {
        "item": item.id,
        "topic": item.topic,
        "prompt": _query(item),
        "text": answer.text,
        "scores": scores,
        "kind": why.kind,
        "adapter": why.adapter_name,
        "prompt_tokens": why.prompt_tokens,
        "completion_tokens": why.completion_tokens,
        "seconds": round(seconds, 3),
    }
