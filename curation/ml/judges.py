"""Judges of answers, and whether a judge may be believed (UNO §1, §4, "Small models")."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from numpy.typing import ArrayLike

from chat.edit_cost import wording_similarity
from curation.ml.arrays import cosine_similarities
from curation.ml.stats import CHANCE, Interval, is_above_chance, wilson_interval
from uno_site.errors import InvalidInput

MIN_SCORE, MAX_SCORE = 1, 10
JudgeName = Literal["llm", "likelihood", "reference"]


@dataclass(frozen=True, slots=True)
class JudgeItem:
    """One answer to be judged, with all that a judge may look at.

    ``reference`` is the user's own correction, where there is one; ``feedback`` is what the user
    said about the logged reply.
    """

    query: str
    answer: str
    rules: tuple[str, ...] = ()
    feedback: str = ""
    reference: str | None = None


class Judge(Protocol):
    """Scores answers; higher is better, and only scores for the same query are compared."""

    @property
    def name(self) -> JudgeName: ...

    def scores(self, items: Sequence[JudgeItem]) -> list[float]:
        """One score for each item, in order."""
        ...


@dataclass(frozen=True, slots=True)
class LlmVerdict:
    """What an LLM judge said: a whole ``score`` from 1 to 10, and why."""

    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class JudgeAccuracy:
    """How often a judge put the human's choice first; ties count half. ``interval`` is 95 %."""

    n_right: float
    n_pairs: int
    interval: Interval

    @property
    def share(self) -> float:
        """Share of pairs judged right, in [0, 1]; chance where there are none."""
        return self.n_right / self.n_pairs if self.n_pairs else CHANCE

    @property
    def beats_chance(self) -> bool:
        """Only a judge whose whole interval lies above chance may gate a promotion."""
        return is_above_chance(self.n_right, self.n_pairs)


@dataclass(frozen=True, slots=True)
class ReferenceJudge:
    """Scores an answer by how near it is to the user's own correction.

    ``embed`` gives L2-normalised embeddings [n, d].
    """

    embed: Callable[[Sequence[str]], ArrayLike]
    name: JudgeName = "reference"

    def scores(self, items: Sequence[JudgeItem]) -> list[float]:
        """Scores in [0, 1].

        Raises
        ------
        InvalidInput
            An item without a reference.
        """
        references = [_reference_of(item) for item in items]
        if not items:
            return []
        answers = self.embed([item.answer for item in items])
        cosines = cosine_similarities(answers, self.embed(references)).diagonal()
        return [
            reference_score(item.answer, reference, float(cosine))
            for item, reference, cosine in zip(items, references, cosines, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class LikelihoodJudge:
    """Scores an answer by how much the feedback raises its likelihood.

    ``mean_logprob`` gives the mean log-probability in nats per token of an answer to a query,
    without (``feedback=""``) or with the feedback in context.
    """

    mean_logprob: Callable[[str, str, str], float]
    name: JudgeName = "likelihood"

    def scores(self, items: Sequence[JudgeItem]) -> list[float]:
        """Differences in nats per token; 0 where there is no feedback."""
        return [
            likelihood_score(
                self.mean_logprob(item.query, item.feedback, item.answer),
                self.mean_logprob(item.query, "", item.answer),
            )
            if item.feedback
            else 0.0
            for item in items
        ]


def likelihood_score(logprob_with_feedback: float, logprob_without: float) -> float:
    """Gain in mean log-probability (nats per token) that the feedback gives an answer."""
    return logprob_with_feedback - logprob_without


def reference_score(answer: str, reference: str, cosine: float) -> float:
    """Nearness in [0, 1] of an answer to the user's own correction.

    The geometric mean of :func:`~chat.edit_cost.wording_similarity` and of the cosine of
    their embeddings, clipped to [0, 1]: the words, and what they mean. Two good answers share
    few words but most of their meaning; in a product their differences count relatively, where
    in a sum the cosine's would drown the wording's. An empty answer scores 0.
    """
    if not answer.strip():
        return 0.0
    return math.sqrt(wording_similarity(answer, reference) * min(1.0, max(0.0, cosine)))


def neighbour_score(answer: str, corrections: Sequence[str]) -> float:
    """Nearness in [0, 1] of an answer to how people corrected replies to *other* queries.

    The mean wording similarity to their corrections. Meaning is left out: the cosine to the
    correction of another query says which answer strays towards that query, not which is better
    (docs/experiments.md, "the reference judge's leave-one-out check"). An empty answer scores 0.

    Raises
    ------
    InvalidInput
        There are no corrections.
    """
    if not corrections:
        raise InvalidInput(
            f"Nothing to compare {answer[:60]!r} with: no corrections of other entries.",
            remedy="Give at least one.",
        )
    if not answer.strip():
        return 0.0
    return sum(wording_similarity(answer, text) for text in corrections) / len(corrections)


def parse_llm_verdict(text: str) -> LlmVerdict:
    """Read a judge's JSON ``{"reason": …, "score": 1–10}``, with or without a code fence.

    Raises
    ------
    InvalidInput
        No JSON object, no whole score from 1 to 10, or no reason: the answer stays unjudged.
    """
    match = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        values = json.loads(match[0]) if match else None
    except json.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise _unreadable(text, "holds no JSON object")
    score, reason = values.get("score"), values.get("reason")
    if not isinstance(score, int) or isinstance(score, bool):
        raise _unreadable(text, f"has the score {score!r}, not a whole number")
    if not MIN_SCORE <= score <= MAX_SCORE:
        raise _unreadable(text, f"has the score {score}, outside {MIN_SCORE}–{MAX_SCORE}")
    if not isinstance(reason, str) or not reason.strip():
        raise _unreadable(text, "gives no reason")
    return LlmVerdict(score, reason.strip())


def preference(score: float, other: float) -> float:
    """1 where the first score is higher, ½ where they are equal, else 0."""
    return (score > other) + 0.5 * (score == other)


def swapped_preference(shown_first: float, shown_second: float) -> float:
    """A judge's points in [0, 1] for an answer that it saw in both places.

    Parameters
    ----------
    shown_first, shown_second
        Its points (0, ½ or 1) when the answer came first, and when it came second.

    Returns
    -------
    The mean: a judge that goes by the place alone gives ½, as one that cannot tell.
    """
    return (shown_first + shown_second) / 2


def preference_accuracy(points: Sequence[float]) -> JudgeAccuracy:
    """How often a judge agrees with people, from its points for the answers that they chose."""
    return JudgeAccuracy(sum(points), len(points), wilson_interval(sum(points), len(points)))


def judge_accuracy(pairs: Sequence[tuple[float, float]]) -> JudgeAccuracy:
    """How often a judge agrees with people.

    Parameters
    ----------
    pairs
        (score of the answer that a person chose, score of the one rejected) for each human pair.
    """
    return preference_accuracy([preference(chosen, rejected) for chosen, rejected in pairs])


def _reference_of(item: JudgeItem) -> str:
    if item.reference is None:
        raise InvalidInput(
            f"The reference judge cannot score an answer to {item.query[:60]!r}: no correction.",
            remedy="Give it only entries that a user corrected.",
        )
    return item.reference


def _unreadable(text: str, what: str) -> InvalidInput:
    return InvalidInput(
        f"The judge's reply {what}: {text[:120]!r}.",
        remedy="Constrain it with the prompt's JSON schema, or bind another judge.",
    )
