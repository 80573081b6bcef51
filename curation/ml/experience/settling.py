"""Repetitions and contradictions among rows that serve the same people."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from chat.experience.ml.ranking import applies
from curation.ml.experience.conflicts import conflict
from curation.ml.experience.store_rows import RefineConfig, Row
from curation.ml.experience.wording import same_saying

FloatArray = NDArray[np.float32]
BLOCK = 512
"""Rows of the similarity matrix that are held at once."""


def settle(
    rows: Sequence[Row],
    triggers: FloatArray,
    contents: FloatArray,
    gone: Collection[int],
    config: RefineConfig,
) -> tuple[list[list[int]], list[tuple[int, int, str]]]:
    """Groups that are one row, and pairs (older, newer, why) of which one must go."""
    heads: dict[int, list[int]] = {}
    ended: dict[int, tuple[int, int, str]] = {}
    for index, near in enumerate(_neighbours(rows, triggers, config.conflict_at)):
        if index in gone:
            continue
        for head in near:
            if index in ended or head in ended or head not in heads:
                continue
            if why := conflict(rows[head].note, rows[index].note):
                if rows[head].is_wide != rows[index].is_wide:
                    continue  # One question may be an exception among all of its sort.
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


def _neighbours(rows: Sequence[Row], triggers: FloatArray, at: float) -> list[list[int]]:
    """For each row those before it whose trigger is near, nearest first; then those of which one
    is for the other's questions."""
    wide = [index for index, row in enumerate(rows) if row.is_wide]
    near: list[list[int]] = []
    for start in range(0, len(triggers), BLOCK):
        cosines = triggers[start : start + BLOCK] @ triggers[: start + BLOCK].T
        for offset, line in enumerate(cosines):
            index = start + offset
            before = line[:index]
            found = np.flatnonzero(before >= at)
            nearest = found[np.argsort(-before[found], kind="stable")].tolist()
            others = range(index) if rows[index].is_wide else (one for one in wide if one < index)
            further = [one for one in others if _reaches(rows[one], rows[index])]
            near.append([*nearest, *(one for one in further if one not in nearest)])
    return near


def _reaches(one: Row, other: Row) -> bool:
    """Whether one of two rows is for the questions of the other."""
    ways = ((one, other), (other, one))
    return any(applies(asked.trigger, wide.trigger, wide.matching) for wide, asked in ways)


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
        (triggers[one] @ triggers[other] >= config.merge_at or _reaches(rows[one], rows[other]))
        and contents[one] @ contents[other] >= config.merge_at
    )
    return same_saying(rows[one].content, rows[other].content, is_near=is_near)


def _by_age(rows: Sequence[Row], one: int, other: int) -> tuple[int, int]:
    """(older, newer): a pinned row holds, then what more people say, then what has helped more;
    among equals what was said last. Nobody talks a store out of what proved right; but of two
    wishes for the same sort of questions the later holds, since tastes change."""
    is_taste = rows[one].is_wide and rows[other].is_wide

    def weight(index: int) -> tuple[bool, int, int, float, str]:
        row = rows[index]
        proven = 0 if is_taste else row.standing.helpful - row.standing.harmful
        return (row.standing.is_pinned, row.n_people, proven, row.valid_from, row.key)

    return (one, other) if weight(one) < weight(other) else (other, one)
