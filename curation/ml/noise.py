"""Clusters that should not train: users who disagree, feedback that says nothing, one voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from curation.ml.dedupe import normalise_rule
from curation.ml.edit_style import Correction, corrections_consistency
from curation.ml.polarity import agreements, contradictions

NoiseKey = Literal[
    "too_few_entries",
    "rules_disagree",
    "corrections_disagree",
    "low_grounding",
    "many_flagged",
    "single_user",
]

MAX_COMPARED = 500
"""Entries of a cluster whose rules are compared pair by pair."""
SAMPLE_SEED = 0


@dataclass(frozen=True, slots=True)
class NoiseConfig:
    """Thresholds, each a share in [0, 1] but the first.

    ``min_entries``: fewer cannot be split into training and validation (UNO §4).
    ``max_disagreement``: see :func:`rule_disagreement`; with all entries taking a side, a minority
    of m in n comes to 2·m·(n − m) / (n·(n − 1)), so that one dissident in eight passes. It is
    looked at where ``min_opposed`` of all pairs of entries contradict each other.
    ``min_consistency``: see :func:`~curation.ml.edit_style.corrections_consistency`.
    ``min_grounding``: mean grounding of the rules. ``max_flagged``: share of flagged entries.
    ``max_user_share``: entries of one user, where the deployment has several.
    """

    min_entries: int = 8
    max_disagreement: float = 0.25
    min_opposed: float = 0.05
    min_consistency: float = 0.5
    min_grounding: float = 0.5
    max_flagged: float = 0.5
    max_user_share: float = 0.9


@dataclass(frozen=True, slots=True)
class ClusterEvidence:
    """What is known of a cluster's entries; sequences have one item for each entry.

    ``rules``: the entry's feedback rules. ``groundings``: mean grounding of them in [0, 1].
    ``user_ids``: opaque. ``corrections``: those that users made. ``n_flagged``: entries with a
    flag. ``n_users``: users of the whole deployment.
    """

    rules: Sequence[Sequence[str]]
    groundings: Sequence[float]
    user_ids: Sequence[str]
    corrections: Sequence[Correction]
    n_flagged: int
    n_users: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """``share`` of the pairs that take sides which are opposed; ``opposed`` of all pairs."""

    share: float
    opposed: float


@dataclass(frozen=True, slots=True)
class NoiseReason:
    """One finding: the measured ``value`` against its ``threshold``, and a sentence about it.

    Only a ``is_blocking`` reason makes a cluster noisy; the others are told to the curator.
    """

    key: NoiseKey
    value: float
    threshold: float
    text: str
    is_blocking: bool = True


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """All findings about a cluster."""

    reasons: tuple[NoiseReason, ...]

    @property
    def is_noisy(self) -> bool:
        """Whether the cluster is to be kept from training until a curator says otherwise."""
        return any(reason.is_blocking for reason in self.reasons)


def check_noise(evidence: ClusterEvidence, config: NoiseConfig | None = None) -> NoiseReport:
    """Examine a cluster; no reasons means nothing was found against it."""
    config = config or NoiseConfig()
    checks = (_too_few, _rules_disagree, _corrections_disagree, _ungrounded, _flagged, _one_user)
    found = (check(evidence, config) for check in checks)
    return NoiseReport(tuple(reason for reason in found if reason is not None))


def rule_disagreement(rules: Sequence[Sequence[str]]) -> Disagreement:
    """How far the entries of a cluster contradict each other.

    Of the pairs of entries that take sides in the same matter (contradicting rules, the same
    pole, or the same rule), ``share`` in [0, 1] are opposed; ``opposed`` is their share of all
    pairs. At most :data:`MAX_COMPARED` entries, drawn with a fixed seed, are compared.
    """
    chosen = np.random.default_rng(SAMPLE_SEED).permutation(len(rules))[:MAX_COMPARED]
    compared = [{normalise_rule(rule): rule for rule in rules[index]} for index in chosen]
    distinct = {key: rule for entry in compared for key, rule in entry.items()}
    texts, n_entries = list(distinct.values()), len(compared)
    holds = np.array([[key in entry for key in distinct] for entry in compared], dtype=np.float32)
    holds = holds.reshape(n_entries, len(texts))
    opposed = holds @ contradictions(texts).astype(np.float32) @ holds.T > 0
    agreed = (holds @ agreements(texts).astype(np.float32) @ holds.T > 0) & ~opposed
    pairs = np.triu(np.ones((n_entries, n_entries), dtype=bool), k=1)
    n_opposed, n_agreed = int((opposed & pairs).sum()), int((agreed & pairs).sum())
    return Disagreement(
        share=n_opposed / max(1, n_opposed + n_agreed), opposed=n_opposed / max(1, pairs.sum())
    )


def _too_few(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    n_entries = len(evidence.rules)
    if n_entries >= config.min_entries:
        return None
    text = f"{n_entries} entries; {config.min_entries} are needed to train and to verify."
    return NoiseReason("too_few_entries", n_entries, config.min_entries, text)


def _rules_disagree(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    found = rule_disagreement(evidence.rules)
    share = found.share
    if share <= config.max_disagreement or found.opposed < config.min_opposed:
        return None
    text = f"Where two of its entries speak of the same thing, {share:.0%} want the opposite."
    return NoiseReason("rules_disagree", share, config.max_disagreement, text)


def _corrections_disagree(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    consistency = corrections_consistency(evidence.corrections)
    if consistency.value >= config.min_consistency:
        return None
    text = f"Its corrections pull both ways in {consistency.weakest}."
    return NoiseReason("corrections_disagree", consistency.value, config.min_consistency, text)


def _ungrounded(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    if not evidence.groundings:
        return None
    mean = sum(evidence.groundings) / len(evidence.groundings)
    if mean >= config.min_grounding:
        return None
    text = f"Only {mean:.0%} of what its rules say is found in the feedback."
    return NoiseReason("low_grounding", mean, config.min_grounding, text)


def _flagged(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    share = evidence.n_flagged / max(1, len(evidence.rules))
    if share <= config.max_flagged:
        return None
    text = f"{share:.0%} of its entries are flagged."
    return NoiseReason("many_flagged", share, config.max_flagged, text)


def _one_user(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseReason | None:
    if evidence.n_users < 2 or not evidence.user_ids:
        return None
    [(_, n_most)] = Counter(evidence.user_ids).most_common(1)
    share = n_most / len(evidence.user_ids)
    if share <= config.max_user_share:
        return None
    # One person's taste can be learned; whether it should serve everybody is for people to say.
    text = f"{share:.0%} of its entries come from one user."
    return NoiseReason("single_user", share, config.max_user_share, text, is_blocking=False)
