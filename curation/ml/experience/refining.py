"""One night's work on a store as a plan: what to merge, contradict, quarantine, archive."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curation.ml.experience.conflicts import Note, conflict
from curation.ml.experience.keeping import KeepConfig, Standing, does_harm, over_cap
from curation.ml.experience.wording import same_saying

FloatArray = NDArray[np.float32]
BLOCK = 512
"""Rows of the similarity matrix that are held at once."""


@dataclass(frozen=True, slots=True)
class RefineConfig:
    """``merge_at``: cosine of trigger and of content from which two rows are one. ``conflict_at``:
    cosine of triggers from which two rows speak of the same thing, and may contradict."""

    merge_at: float = 0.88
    conflict_at: float = 0.75
    keep: KeepConfig = field(default_factory=KeepConfig)


@dataclass(frozen=True, slots=True)
class Row:
    """A live row as refinement sees it: ``key`` is its id, ``n_people`` how many it rests on;
    times are seconds since the epoch."""

    key: str
    kind: str
    trigger: str
    content: str
    standing: Standing
    valid_from: float
    n_people: int = 1

    @property
    def note(self) -> Note:
        """Its trigger and content."""
        return Note(self.trigger, self.content)


@dataclass(frozen=True, slots=True)
class Merge:
    """``gone`` rows join ``kept``, which takes their evidence and the sum of their counters."""

    kept: str
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``older`` is no longer valid, because ``newer`` says otherwise; ``why`` in a word."""

    older: str
    newer: str
    why: str


@dataclass(frozen=True, slots=True)
class RefinePlan:
    """What a refinement would do; keys of rows. A row is in one list at most, but for one that
    others join and that is over the cap even so."""

    merges: tuple[Merge, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    quarantined: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()

    @property
    def n_changes(self) -> int:
        """How many rows would change their state."""
        merged = sum(len(merge.gone) for merge in self.merges)
        return merged + len(self.contradictions) + len(self.quarantined) + len(self.archived)


def refine_plan(
    rows: Sequence[Row],
    triggers: FloatArray,
    contents: FloatArray,
    now: float,
    config: RefineConfig | None = None,
) -> RefinePlan:
    """Plan one refinement of rows that serve the same people. Nothing is written, and the order
    of ``rows`` does not matter.

    Parameters
    ----------
    rows
        The n live rows.
    triggers, contents
        Unit vectors [n, d] of what they are found by and of what they say.
    now
        Seconds since the epoch.

    Returns
    -------
    First what did harm is put aside, then contradictions and repetitions are settled among the
    rest, then the rows are cut to their cap.
    """
    config = config or RefineConfig()
    order = sorted(range(len(rows)), key=lambda index: _rank(rows[index]))
    rows = [rows[index] for index in order]
    triggers, contents = triggers[order], contents[order]
    gone = {
        index
        for index, row in enumerate(rows)
        if not row.standing.is_pinned
        and does_harm(row.standing.helpful, row.standing.harmful, config.keep)
    }
    quarantined = tuple(rows[index].key for index in sorted(gone))
    merges, contradictions = _settle(rows, triggers, contents, gone, config)
    gone |= {index for group in merges for index in group[1:]}
    gone |= {older for older, _, _ in contradictions}
    return RefinePlan(
        merges=tuple(
            Merge(rows[group[0]].key, tuple(rows[index].key for index in group[1:]))
            for group in merges
        ),
        contradictions=tuple(
            Contradiction(rows[older].key, rows[newer].key, why)
            for older, newer, why in contradictions
        ),
        quarantined=quarantined,
        archived=_archived(rows, merges, gone, now, config),
    )


def _rank(row: Row) -> tuple[bool, int, int, int, float, str]:
    """Who stands for a group of equals: pinned, more people, more help, longer there."""
    standing = row.standing
    good = standing.helpful - standing.harmful
    return (not standing.is_pinned, -row.n_people, -good, -standing.hits, row.valid_from, row.key)


def _settle(
    rows: Sequence[Row],
    triggers: FloatArray,
    contents: FloatArray,
    gone: Collection[int],
    config: RefineConfig,
) -> tuple[list[list[int]], list[tuple[int, int, str]]]:
    """Groups that are one row, and pairs (older, newer, why) of which one must go."""
    heads: dict[int, list[int]] = {}
    ended: dict[int, tuple[int, int, str]] = {}
    for index, near in enumerate(_neighbours(triggers, config.conflict_at)):
        if index in gone:
            continue
        for head in near:
            if index in ended or head in ended or head not in heads:
                continue
            if why := conflict(rows[head].note, rows[index].note):
                older, newer = _by_age(rows, head, index)
                ended[older] = (older, newer, why)
            elif _is_one(rows, triggers, contents, head, index, config):
                heads[head].append(index)
                break
        else:
            if index not in ended:
                heads[index] = [index]
    groups = [group for head, group in heads.items() if len(group) > 1 and head not in ended]
    return groups, list(ended.values())


def _neighbours(triggers: FloatArray, at: float) -> list[list[int]]:
    """For each row those before it whose trigger is near; nearest first."""
    near: list[list[int]] = []
    for start in range(0, len(triggers), BLOCK):
        cosines = triggers[start : start + BLOCK] @ triggers[: start + BLOCK].T
        for offset, line in enumerate(cosines):
            index = start + offset
            before = line[:index]
            found = np.flatnonzero(before >= at)
            near.append(found[np.argsort(-before[found], kind="stable")].tolist())
    return near


def _is_one(
    rows: Sequence[Row],
    triggers: FloatArray,
    contents: FloatArray,
    one: int,
    other: int,
    config: RefineConfig,
) -> bool:
    if rows[one].kind != rows[other].kind:
        return False
    is_near = bool(
        triggers[one] @ triggers[other] >= config.merge_at
        and contents[one] @ contents[other] >= config.merge_at
    )
    return same_saying(rows[one].content, rows[other].content, is_near=is_near)


def _by_age(rows: Sequence[Row], one: int, other: int) -> tuple[int, int]:
    """(older, newer): a pinned row holds, then what more people say, then what has helped more;
    among equals what was said last. Nobody talks a store out of what proved right."""

    def weight(index: int) -> tuple[bool, int, int, float, str]:
        row = rows[index]
        proven = row.standing.helpful - row.standing.harmful
        return (row.standing.is_pinned, row.n_people, proven, row.valid_from, row.key)

    return (one, other) if weight(one) < weight(other) else (other, one)


def _archived(
    rows: Sequence[Row],
    merges: Sequence[Sequence[int]],
    gone: Collection[int],
    now: float,
    config: RefineConfig,
) -> tuple[str, ...]:
    merged = {group[0]: group for group in merges}
    left = [index for index in range(len(rows)) if index not in gone]
    standings = [
        _summed([rows[member].standing for member in merged.get(index, [index])]) for index in left
    ]
    return tuple(rows[left[place]].key for place in over_cap(standings, now, config.keep))


def _summed(standings: Sequence[Standing]) -> Standing:
    """One row's standing after a merge; the first is the row that stays."""
    return Standing(
        helpful=sum(one.helpful for one in standings),
        harmful=sum(one.harmful for one in standings),
        hits=sum(one.hits for one in standings),
        importance=max(one.importance for one in standings),
        last_used=max(one.last_used for one in standings),
        created=min(one.created for one in standings),
        is_pinned=any(one.is_pinned for one in standings),
    )
