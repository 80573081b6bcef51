"""Does the pipeline separate signal from noise? Its verdicts against labels of follow-ups.

A follow-up is useful if it says what ought to be different in the reply. The extractive
distiller says so by making a rule of it; an entry without rules never trains anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import cohen_kappa_score

from curation.ml.classifier import Embed, SentenceClassifier
from curation.ml.extractive import extract_rules
from training.evaluation.statistics import Estimate, rate_estimate
from uno_site.interchange import ImportedLog

HAND_LABELLED = Path(__file__).parent / "data" / "follow_ups.jsonl"
USEFUL_LABELS = frozenset({"negative", "refine"})
"""Labels of the sources that claim a wish for another reply."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up labelled by hand; see ``data/README.md`` for what the fields mean."""

    id: str
    source: str
    feedback: str
    source_label: str
    kind: str
    is_useful: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far verdicts agree with labels; of 0 cases a share is 0 in [0, 1].

    ``kappa`` is Cohen's, in [-1, 1].
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    accuracy: Estimate
    kappa: float


@dataclass(frozen=True, slots=True)
class SignalReport:
    """``by_kind``: of each kind labelled by hand, how many gave rules, and how many there are."""

    against_hand: Agreement
    source_against_hand: Agreement
    against_source: dict[str, Agreement]
    by_kind: dict[str, tuple[int, int]]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def read_hand_labelled(path: Path = HAND_LABELLED) -> list[FollowUp]:
    """The follow-ups kept in the repository."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    names = FollowUp.__slots__
    return [FollowUp(**{name: row[name] for name in names}) for row in rows]


def agreement(truth: Sequence[bool], predicted: Sequence[bool]) -> Agreement:
    """Precision, recall and F1 of "useful", accuracy, and Cohen's kappa.

    Intervals are Wilson's. F1 is no share itself, but a growing function, 2J / (1 + J), of one:
    J = right / (right + missed + wrongly taken); its interval is that of J, mapped.

    Raises
    ------
    ValueError
        Not as many verdicts as labels.
    """
    pairs = list(zip(truth, predicted, strict=True))
    right = sum(real and found for real, found in pairs)
    n_found, n_real = sum(found for _, found in pairs), sum(real for real, _ in pairs)
    jaccard = _estimate(right, n_found + n_real - right)
    return Agreement(
        precision=_estimate(right, n_found),
        recall=_estimate(right, n_real),
        f1=_f1(jaccard),
        accuracy=_estimate(sum(real == found for real, found in pairs), len(pairs)),
        kappa=_kappa(truth, predicted),
    )


def gives_rules(texts: Sequence[str], classifier: SentenceClassifier, embed: Embed) -> list[bool]:
    """Of each follow-up, whether the extractive distiller makes a rule of it."""
    return [bool(extract_rules([text], [], classifier, embed).rules) for text in texts]


def signal_report(
    labelled: Sequence[FollowUp],
    sources: dict[str, Sequence[ImportedLog]],
    classifier: SentenceClassifier,
    embed: Embed,
) -> SignalReport:
    """All comparisons: with the hand's labels, and with those of each source.

    Parameters
    ----------
    sources
        By name, rows with one signal and the source's label.
    """
    hand = [follow_up.is_useful for follow_up in labelled]
    found = gives_rules([follow_up.feedback for follow_up in labelled], classifier, embed)
    guessed = [follow_up.source_label in USEFUL_LABELS for follow_up in labelled]
    by_kind: dict[str, tuple[int, int]] = {}
    for follow_up, has_rules in zip(labelled, found, strict=True):
        n_rules, n = by_kind.get(follow_up.kind, (0, 0))
        by_kind[follow_up.kind] = (n_rules + has_rules, n + 1)
    return SignalReport(
        against_hand=agreement(hand, found),
        source_against_hand=agreement(hand, guessed),
        against_source={
            name: _against_source(rows, classifier, embed) for name, rows in sources.items()
        },
        by_kind=by_kind,
    )


def _against_source(
    rows: Sequence[ImportedLog], classifier: SentenceClassifier, embed: Embed
) -> Agreement:
    texts = [row.feedback[0].text for row in rows]
    return agreement(
        [row.label in USEFUL_LABELS for row in rows], gives_rules(texts, classifier, embed)
    )


def _estimate(n_right: int, n: int) -> Estimate:
    return rate_estimate(n_right, n) or Estimate(0.0, 0.0, 1.0, 0)


def _f1(jaccard: Estimate) -> Estimate:
    mean, low, high = (2 * j / (1 + j) for j in (jaccard.mean, jaccard.low, jaccard.high))
    return Estimate(mean, low, high, jaccard.n)


def _kappa(truth: Sequence[bool], predicted: Sequence[bool]) -> float:
    """0 where one side says the same of everything: kappa is not defined there."""
    if len(set(truth) | set(predicted)) < 2:
        return 0.0
    return float(cohen_kappa_score(truth, predicted))
