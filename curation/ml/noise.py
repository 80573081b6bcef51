"""Clusters that should not train: users who disagree, feedback that says nothing, one voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from curation.ml.disagreement import rule_disagreement
from curation.ml.edit_style import AXES, ConsistencyConfig, Correction, corrections_consistency
from curation.ml.online import ReclusterConfig

NoiseKey = Literal[
    "too_few_entries",
    "rules_disagree",
    "corrections_disagree",
    "low_grounding",
    "many_flagged",
    "beside_the_point",
    "single_user",
    "drift",
]

N_EXAMPLES = 3
BESIDE_KINDS = ("hostile", "off_topic")
"""Kinds of sentences (:data:`curation.ml.classifier.KINDS`) that say nothing about the reply."""


@dataclass(frozen=True, slots=True)
class NoiseConfig:
    """Thresholds, each a share in [0, 1] but the first and the last.

    ``min_entries``: fewer cannot be split into training and validation (UNO §4).
    ``max_disagreement``: see :func:`~curation.ml.disagreement.rule_disagreement`; with all entries
    taking a side, a minority of m in n comes to 2·m·(n − m) / (n·(n − 1)), so that one dissident
    in eight passes. It is looked at where ``min_opposed`` of all pairs of entries contradict each
    other.
    ``min_consistency``: see :func:`~curation.ml.edit_style.corrections_consistency`.
    ``min_grounding``: mean grounding of the rules. ``max_flagged``: share of flagged entries.
    ``max_beside_point``: share of the entries with words whose sentences are mostly hostile or
    about something else. ``max_user_share``: entries of one user, where the deployment has
    several. ``max_drift``: cosine distance that the centroid moved since all was clustered; from
    there on all is clustered anew.
    """

    min_entries: int = 8
    max_disagreement: float = 0.25
    min_opposed: float = 0.05
    min_consistency: float = 0.5
    min_grounding: float = 0.5
    max_flagged: float = 0.5
    max_beside_point: float = 0.5
    max_user_share: float = 0.9
    max_drift: float = ReclusterConfig().max_drift


@dataclass(frozen=True, slots=True)
class ClusterEvidence:
    """What is known of a cluster's entries; sequences have one item for each entry.

    ``rules``: the entry's feedback rules. ``groundings``: mean grounding of them in [0, 1], None
    where the user said nothing. ``user_ids``: opaque. ``corrections``: None where there is none.
    ``is_flagged``: whether its rules cannot be trusted. ``kinds``: how many sentences of its
    feedback are of which kind, None where nobody looked. ``distances`` to the centroid, None where
    unknown. ``n_users``: users of the whole deployment. ``drift``: of the centroid. ``n_entries``
    of the cluster, where the sequences are a sample of them.
    """

    rules: Sequence[Sequence[str]]
    groundings: Sequence[float | None]
    user_ids: Sequence[str]
    corrections: Sequence[Correction | None]
    is_flagged: Sequence[bool]
    kinds: Sequence[Mapping[str, int] | None]
    distances: Sequence[float | None]
    n_users: int
    drift: float = 0.0
    n_entries: int = 0


@dataclass(frozen=True, slots=True)
class NoiseFinding:
    """One rule's verdict: the measured ``value`` against its ``threshold``.

    ``value`` is None where there was nothing to measure. It ``is_found`` when the value is beyond
    the threshold: below it where ``is_minimum``, above it otherwise; ``text`` says so, and
    ``examples`` are indices of entries that show it. Only an ``is_blocking`` rule makes a cluster
    noisy; the others are told to the curator.
    """

    key: NoiseKey
    value: float | None
    threshold: float
    text: str
    is_found: bool
    is_blocking: bool = True
    is_minimum: bool = False
    examples: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """What every rule found about a cluster."""

    findings: tuple[NoiseFinding, ...]

    @property
    def reasons(self) -> tuple[NoiseFinding, ...]:
        """The findings that are something."""
        return tuple(finding for finding in self.findings if finding.is_found)

    @property
    def is_noisy(self) -> bool:
        """Whether the cluster is to be kept from training until a curator says otherwise."""
        return any(reason.is_blocking for reason in self.reasons)


def check_noise(evidence: ClusterEvidence, config: NoiseConfig | None = None) -> NoiseReport:
    """Examine a cluster by every rule; no reasons means nothing was found against it."""
    config = config or NoiseConfig()
    checks = (
        _rules_disagree,
        _corrections_disagree,
        _ungrounded,
        _flagged,
        _beside_the_point,
        _one_user,
        _drifted,
        _too_few,
    )
    return NoiseReport(tuple(check(evidence, config) for check in checks))


def _rules_disagree(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    found = rule_disagreement(evidence.rules)
    return NoiseFinding(
        "rules_disagree",
        found.share,
        config.max_disagreement,
        f"Where two of its entries speak of the same thing, {found.share:.0%} want the opposite.",
        is_found=found.share > config.max_disagreement and found.opposed >= config.min_opposed,
        examples=found.example,
    )


def _corrections_disagree(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    made = [correction for correction in evidence.corrections if correction is not None]
    consistency = corrections_consistency(made)
    return NoiseFinding(
        "corrections_disagree",
        consistency.value if made else None,
        config.min_consistency,
        f"Its corrections pull both ways in {consistency.weakest}.",
        is_found=consistency.value < config.min_consistency,
        is_minimum=True,
        examples=_both_ways(evidence.corrections, consistency.weakest),
    )


def _both_ways(corrections: Sequence[Correction | None], axis: str | None) -> tuple[int, ...]:
    """The first correction that goes up on an axis, and the first that goes down."""
    if axis is None:
        return ()
    config = ConsistencyConfig()
    moves = {i: AXES[axis](c, config) for i, c in enumerate(corrections) if c is not None}
    first = {move: i for i, move in reversed(moves.items()) if move}
    return tuple(sorted(first.values()))


def _ungrounded(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    known = {i: share for i, share in enumerate(evidence.groundings) if share is not None}
    mean = sum(known.values()) / len(known) if known else None
    return NoiseFinding(
        "low_grounding",
        mean,
        config.min_grounding,
        f"Only {mean or 0:.0%} of what its rules say is found in the feedback.",
        is_found=mean is not None and mean < config.min_grounding,
        is_minimum=True,
        examples=tuple(sorted(known, key=lambda i: (known[i], i))[:N_EXAMPLES]),
    )


def _flagged(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    flagged = [i for i, is_flagged in enumerate(evidence.is_flagged) if is_flagged]
    share = len(flagged) / max(1, len(evidence.rules))
    return NoiseFinding(
        "many_flagged",
        share,
        config.max_flagged,
        f"{share:.0%} of its entries are flagged.",
        is_found=share > config.max_flagged,
        examples=tuple(flagged[:N_EXAMPLES]),
    )


def _beside_the_point(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    shares = {i: _beside_share(kinds) for i, kinds in enumerate(evidence.kinds) if kinds}
    beside = [i for i, share in shares.items() if share > 0.5]
    share = len(beside) / len(shares) if shares else None
    return NoiseFinding(
        "beside_the_point",
        share,
        config.max_beside_point,
        f"In {share or 0:.0%} of its entries with words, most of these are hostile or about "
        "something else.",
        is_found=share is not None and share > config.max_beside_point,
        examples=tuple(sorted(beside, key=lambda i: (-shares[i], i))[:N_EXAMPLES]),
    )


def _beside_share(kinds: Mapping[str, int]) -> float:
    return sum(kinds.get(kind, 0) for kind in BESIDE_KINDS) / max(1, sum(kinds.values()))


def _one_user(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    # One person's taste can be learned; whether it should serve everybody is for people to say.
    [(most, n_most)] = Counter(evidence.user_ids).most_common(1) or [("", 0)]
    is_known = evidence.n_users > 1 and n_most > 0
    share = n_most / max(1, len(evidence.user_ids))
    return NoiseFinding(
        "single_user",
        share if is_known else None,
        config.max_user_share,
        f"{share:.0%} of its entries come from one user.",
        is_found=is_known and share > config.max_user_share,
        is_blocking=False,
        examples=_first(i for i, user in enumerate(evidence.user_ids) if user == most),
    )


def _drifted(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    known = {i: far for i, far in enumerate(evidence.distances) if far is not None}
    return NoiseFinding(
        "drift",
        evidence.drift,
        config.max_drift,
        f"Its centre has moved by {evidence.drift:.3f} since everything was clustered.",
        is_found=evidence.drift >= config.max_drift,
        is_blocking=False,
        examples=_first(sorted(known, key=lambda i: (-known[i], i))),
    )


def _too_few(evidence: ClusterEvidence, config: NoiseConfig) -> NoiseFinding:
    # A small cluster is not noise: training has its own minimum.
    n_entries = max(len(evidence.rules), evidence.n_entries)
    return NoiseFinding(
        "too_few_entries",
        n_entries,
        config.min_entries,
        f"{n_entries} entries; {config.min_entries} are needed to train and to verify.",
        is_found=n_entries < config.min_entries,
        is_blocking=False,
        is_minimum=True,
    )


def _first(indices: Iterable[int]) -> tuple[int, ...]:
    return tuple(islice(indices, N_EXAMPLES))
