"""Which path a cluster tries first: by its gap, or by what verification showed (UNO §3).

The paper goes by the gap alone: from a threshold on, the critic comes first. But the gap says how
new the users' wishes are to the model, not which path serves them better. The evidence policy
asks what verification found for this cluster, and for clusters of a like gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curation.ml.gap import HIGH_GAP, route_for_gap

PathKind = Literal["expert", "critic"]
RoutePolicyName = Literal["paper", "evidence"]
KINDS: tuple[PathKind, ...] = ("expert", "critic")


@dataclass(frozen=True, slots=True)
class EvidenceConfig:
    """How verified win rates are weighed.

    A path's rate is the mean of a Beta distribution: ``prior_queries`` imagined queries, half of
    them won, and the weighted queries that were judged. Queries of the cluster itself count 1,
    those of others in the same gap bin ``others_weight``. Bins are ``bin_width`` wide, so that
    the paper's threshold is an edge.
    """

    prior_queries: float = 4.0
    others_weight: float = 0.5
    bin_width: float = 0.15


EVIDENCE = EvidenceConfig()


@dataclass(frozen=True, slots=True)
class Verified:
    """One verification: ``points`` (wins, ties half) of ``n_queries`` for a path of a cluster."""

    kind: PathKind
    cluster: str
    gap: float | None
    points: float
    n_queries: int


@dataclass(frozen=True, slots=True)
class PathEvidence:
    """A path's smoothed win rate in [0, 1], and the weighted queries it rests on."""

    kind: PathKind
    rate: float
    n_queries: float


@dataclass(frozen=True, slots=True)
class PathOrder:
    """The paths in the order in which they are tried, and why.

    ``policy`` is the one that decided: "paper" also where there was no evidence.
    """

    kinds: tuple[PathKind, ...]
    policy: RoutePolicyName
    reason: str
    evidence: tuple[PathEvidence, ...] = ()


def gap_bin(gap: float, width: float = EVIDENCE.bin_width) -> int:
    """The number of a gap's bin: [0, width) is 0. An edge belongs to the upper bin."""
    return int(gap / width + 1e-9)


def paper_order(gap: float | None, threshold: float = HIGH_GAP) -> PathOrder:
    """The threshold rule: a high gap (≥ ``threshold``) tries the critic first (UNO §3, §5).

    A gap that was not measured counts as low.
    """
    if gap is None:
        return PathOrder(KINDS, "paper", "No gap was measured, so the expert comes first.")
    if route_for_gap(gap, threshold) == "critic":
        return PathOrder(
            KINDS[::-1],
            "paper",
            f"The gap of {gap:.2f} reaches {threshold:g}, so the critic comes first.",
        )
    return PathOrder(
        KINDS, "paper", f"The gap of {gap:.2f} is below {threshold:g}, so the expert comes first."
    )


def path_evidence(
    kind: PathKind,
    cluster: str,
    gap: float | None,
    known: Sequence[Verified],
    config: EvidenceConfig = EVIDENCE,
) -> PathEvidence:
    """A path's Beta-smoothed win rate for a cluster.

    rate = (prior_queries / 2 + Σ w · points) / (prior_queries + Σ w · n_queries)
    """
    points = n_queries = 0.0
    for one in known:
        weight = _weight(one, cluster, gap, config) if one.kind == kind else 0.0
        points += weight * one.points
        n_queries += weight * one.n_queries
    prior = config.prior_queries
    return PathEvidence(kind, (prior / 2 + points) / (prior + n_queries), n_queries)


def _weight(one: Verified, cluster: str, gap: float | None, config: EvidenceConfig) -> float:
    if one.cluster == cluster:
        return 1.0
    if gap is None or one.gap is None:
        return 0.0
    is_alike = gap_bin(one.gap, config.bin_width) == gap_bin(gap, config.bin_width)
    return config.others_weight if is_alike else 0.0


def evidence_order(
    cluster: str,
    gap: float | None,
    known: Sequence[Verified],
    threshold: float = HIGH_GAP,
    config: EvidenceConfig = EVIDENCE,
) -> PathOrder:
    """The path with the higher smoothed win rate first; :func:`paper_order` without evidence.

    Of equal rates the one that the paper puts first.
    """
    paper = paper_order(gap, threshold)
    found = {kind: path_evidence(kind, cluster, gap, known, config) for kind in KINDS}
    if not any(one.n_queries for one in found.values()):
        reason = f"Nothing was verified here or at a like gap yet. {paper.reason}"
        return PathOrder(paper.kinds, "paper", reason)
    kinds = tuple(sorted(paper.kinds, key=lambda kind: -found[kind].rate))
    told = tuple(found[kind] for kind in kinds)
    return PathOrder(kinds, "evidence", _in_words(told), told)


def _in_words(evidence: Sequence[PathEvidence]) -> str:
    shown = "; ".join(
        f"{one.kind} {one.rate:.2f} from {one.n_queries:g} judged answers"
        if one.n_queries
        else f"{one.kind} {one.rate:.2f}, not tried yet"
        for one in evidence
    )
    return f"Smoothed win rates here and at a like gap: {shown}."
