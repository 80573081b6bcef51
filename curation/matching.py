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
    served first, so of two old clusters that became one the larger lends its identity.
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
