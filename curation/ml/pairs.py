"""Which answer is ``chosen`` over the logged reply (UNO §1; a user's own edit comes first)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curation.ml.grounding import is_degenerate_text

CandidateSource = Literal["edit", "sibling", "revision"]
"""The user's own edit; a regenerated sibling that the user voted up; a model's revision."""

PairFlag = Literal["much_shorter", "much_longer", "repetitive", "not_above_reply"]
NoPairReason = Literal["no_candidate", "nothing_changed", "not_judged"]


@dataclass(frozen=True, slots=True)
class PairConfig:
    """``min_length_ratio``: below, a revision has collapsed (UNO §4); ``max_length_ratio``: above,
    it is mostly something else. Both in words of chosen per word of rejected. People may be as
    brief or as long as they like."""

    min_length_ratio: float = 0.1
    max_length_ratio: float = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that could be chosen.

    ``score`` is the judge's, and revisions need one: a failed revision is none at all. Of edits
    and siblings the last given wins.
    """

    text: str
    source: CandidateSource
    score: float | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """The choice: ``chosen`` over ``rejected``, and what a curator should look at."""

    chosen: Candidate
    rejected: str
    flags: tuple[PairFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """Either a pair, or why there is none."""

    pair: PreferencePair | None
    reason: NoPairReason | None = None


def normalise_answer(text: str) -> str:
    """Text with white space and Unicode forms evened out; case and punctuation are kept, since
    users correct them."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def choose_pair(
    reply: str,
    candidates: Sequence[Candidate],
    reply_score: float | None = None,
    config: PairConfig | None = None,
) -> PairOutcome:
    """The best candidate against the logged reply.

    Order: the user's own edit, then an upvoted regenerated sibling, then the revision with the
    highest score (the first of equals). A candidate that differs from the reply in white space
    only is no candidate.

    Parameters
    ----------
    reply
        The logged reply, which becomes ``rejected``.
    reply_score
        The judge's score of the reply by the same scale; a revision that is not above it is
        flagged.
    """
    if not any(candidate.text.strip() for candidate in candidates):
        return PairOutcome(None, "no_candidate")
    changed = [candidate for candidate in candidates if _differs(candidate.text, reply)]
    if not changed:
        return PairOutcome(None, "nothing_changed")
    chosen = _best(changed)
    if chosen is None:
        return PairOutcome(None, "not_judged")
    flags = _flags(chosen, reply, reply_score, config or PairConfig())
    return PairOutcome(PreferencePair(chosen, reply, flags))


def _differs(text: str, reply: str) -> bool:
    return bool(text.strip()) and normalise_answer(text) != normalise_answer(reply)


def _best(candidates: Sequence[Candidate]) -> Candidate | None:
    for source in ("edit", "sibling"):
        if given := [candidate for candidate in candidates if candidate.source == source]:
            return given[-1]
    judged = [candidate for candidate in candidates if candidate.score is not None]
    return max(judged, key=lambda candidate: candidate.score or 0.0, default=None)


def _flags(
    chosen: Candidate, reply: str, reply_score: float | None, config: PairConfig
) -> tuple[PairFlag, ...]:
    ratio = len(chosen.text.split()) / max(1, len(reply.split()))
    is_revision = chosen.source == "revision" and chosen.score is not None
    checks: tuple[tuple[PairFlag, bool], ...] = (
        ("much_shorter", is_revision and ratio < config.min_length_ratio),
        ("much_longer", is_revision and ratio > config.max_length_ratio),
        ("repetitive", is_degenerate_text(chosen.text)),
        (
            "not_above_reply",
            is_revision and reply_score is not None and (chosen.score or 0.0) <= reply_score,
        ),
    )
    return tuple(flag for flag, is_raised in checks if is_raised)
