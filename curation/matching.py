"""Which new cluster is which old one, by the members that stayed together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
MIN_SHARE = 0.5
"""A new cluster takes over an old one's identity when it holds more than this share of it."""


def match_clusters(
    old: Mapping[Key, AbstractSet[Hashable]], new: Sequence[AbstractSet[Hashable]]
) -> list[Key | None]:
    """The old key that each new cluster continues, or None; each key is used at most once.

    Old members that are in no new cluster any more do not count. The largest overlap is
    served first, so of two old clusters that became one the larger lends its identity. Since
    no old cluster can have more than half of itself in two places, this is the assignment with
    the largest total overlap.
    """
    present = set().union(*new) if new else set()
    overlaps = []
    for key, members in old.items():
        remaining = members & present
        for index, group in enumerate(new):
            n_shared = len(remaining & group)
            if n_shared > MIN_SHARE * len(remaining):
                overlaps.append((n_shared, index, key))
    matches: list[Key | None] = [None] * len(new)
    used: set[Key] = set()
    for _, index, key in sorted(overlaps, key=lambda item: (-item[0], item[1])):
        if matches[index] is None and key not in used:
            matches[index] = key
            used.add(key)
    return matches


def split_origins(
    old: Mapping[Key, AbstractSet[Hashable]],
    new: Sequence[AbstractSet[Hashable]],
    matches: Sequence[Key | None],
) -> list[tuple[Key, int] | None]:
    """For each new cluster the old one that it split from, with the count of shared members.

    None where it continues an old one, or where fewer than half of its members were in any.
    """
    origins: list[tuple[Key, int] | None] = []
    for group, match in zip(new, matches, strict=True):
        overlap = None if match is not None else _largest_overlap(group, old)
        origins.append(overlap if overlap and overlap[1] >= MIN_SHARE * len(group) else None)
    return origins


def merge_targets(
    old: Mapping[Key, AbstractSet[Hashable]],
    new: Sequence[AbstractSet[Hashable]],
    matches: Sequence[Key | None],
) -> dict[Key, tuple[int, int] | None]:
    """For each old cluster that ends, the new one (its index) that took more than half of it.

    With the count of members that went there; None where they were scattered or are gone.
    """
    groups, present = dict(enumerate(new)), set().union(*new) if new else set()
    targets: dict[Key, tuple[int, int] | None] = {}
    for key in old.keys() - set(matches):
        remaining = old[key] & present
        overlap = _largest_overlap(remaining, groups)
        targets[key] = overlap if overlap and overlap[1] > MIN_SHARE * len(remaining) else None
    return targets


def _largest_overlap(
    members: AbstractSet[Hashable], groups: Mapping[Key, AbstractSet[Hashable]]
) -> tuple[Key, int] | None:
    """The group that shares most members, and how many; None where none shares any."""
    shared = [(key, len(members & group)) for key, group in groups.items()]
    best = max(shared, key=lambda item: item[1], default=None)
    return best if best and best[1] else None
