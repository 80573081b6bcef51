"""One night's work on a store as a plan: what to merge, widen, contradict, quarantine, archive."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.experience.ml.ranking import ALWAYS, MEANING, WORDS
from curation.ml.experience.keeping import Standing, does_harm, over_cap
from curation.ml.experience.settling import settle
from curation.ml.experience.store_rows import RefineConfig, Row
from curation.ml.experience.widening import WISHES, Widening, Wish, widenings

FloatArray = NDArray[np.float32]


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
    others join and that is widened, or over the cap even so."""

    merges: tuple[Merge, ...] = ()
    widened: tuple[Widening, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    quarantined: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()

    @property
    def n_changes(self) -> int:
        """How many rows would change their state."""
        merged = sum(len(merge.gone) for merge in self.merges)
        merged += sum(len(wide.gone) + 1 for wide in self.widened)
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
    rest, wishes that were said of enough questions become one, and the rows are cut to their cap.
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
    merges, contradictions = settle(rows, triggers, contents, gone, config)
    gone |= {index for group in merges for index in group[1:]}
    gone |= {older for older, _, _ in contradictions}
    widened = _widened(rows, contents, gone, config)
    places = {row.key: index for index, row in enumerate(rows)}
    joined = [[places[one.kept], *(places[key] for key in one.gone)] for one in widened]
    gone |= {index for group in joined for index in group[1:]}
    return RefinePlan(
        merges=tuple(
            Merge(rows[group[0]].key, tuple(rows[index].key for index in group[1:]))
            for group in merges
        ),
        widened=widened,
        contradictions=tuple(
            Contradiction(rows[older].key, rows[newer].key, why)
            for older, newer, why in contradictions
        ),
        quarantined=quarantined,
        archived=_archived(rows, _together(merges, joined), gone, now, config),
    )


_REACH = {ALWAYS: 0, WORDS: 1, MEANING: 2}


def _rank(row: Row) -> tuple[bool, int, int, int, int, float, str]:
    """Who stands for a group of equals: pinned, for more questions, more people, more help, longer
    there."""
    standing = row.standing
    good = standing.helpful - standing.harmful
    worth = (-row.n_people, -good, -standing.hits, row.valid_from, row.key)
    return (not standing.is_pinned, _REACH[row.matching], *worth)


def _widened(
    rows: Sequence[Row], contents: FloatArray, gone: Collection[int], config: RefineConfig
) -> tuple[Widening, ...]:
    """The wishes that were said of enough questions, of the rows that are left."""
    if config.widen is None:
        return ()
    chosen = [
        index
        for index, row in enumerate(rows)
        if row.kind in WISHES and not (index in gone or row.is_wide or row.standing.is_pinned)
    ]
    wishes = [
        Wish(row.key, (row.trigger, *row.questions), row.content)
        for row in (rows[index] for index in chosen)
    ]
    return widenings(wishes, contents[chosen], config.widen)


def _together(merges: Sequence[Sequence[int]], joined: Sequence[Sequence[int]]) -> list[list[int]]:
    """Groups of rows that end as one: what repeats, and what then joins."""
    groups = {group[0]: list(group) for group in merges}
    for head, *others in joined:
        more = [index for other in others for index in groups.pop(other, [other])]
        groups[head] = groups.get(head, [head]) + more
    return list(groups.values())


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
