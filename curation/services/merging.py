"""Duplicate rules become one, so that a curator decides on each instruction once.

Within an entry, and over entries where the same is said in other words. What is flagged stands
for nobody but itself, and neither does what a curator rejected. Merged rules point straight to
the one that stands for them, never to another merged one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from curation.ml.dedupe import DedupeConfig, merge_rules, normalise_rule
from curation.models import LogEntry, ReviewState, Rule, RuleKind
from curation.services.flags import CONTRADICTION, flag_add
from curation.vectors import pack_vector, unpack_rows
from uno_site.engine_clients import served_client

EMBED_BATCH = 256
CONFIG = DedupeConfig()
STANDING = [ReviewState.PROPOSED, ReviewState.APPROVED]


def rules_merge() -> int:
    """Merge every new rule that repeats another one; how many were merged.

    Raises
    ------
    EngineUnreachable
        The embedder does not answer; nothing was merged.
    """
    rules = list(_mergeable().order_by("created_at", "position"))
    new = [rule for rule in rules if not rule.embedding and rule.state == ReviewState.PROPOSED]
    if not new:
        return 0
    _embed([rule for rule in rules if not rule.embedding])
    new_ids = {rule.pk for rule in new}
    known = [rule for rule in rules if rule.pk not in new_ids]
    kept = sorted(known, key=lambda rule: rule.state != ReviewState.APPROVED)
    vectors = unpack_rows(rule.embedding for rule in [*kept, *new])
    _flag_contradictions(new, vectors[len(kept) :])
    return _merge(kept, new, vectors)


def _mergeable() -> QuerySet[Rule]:
    return Rule.objects.filter(
        kind=RuleKind.FEEDBACK,
        flags=[],
        state__in=STANDING,
        entry__in=LogEntry.objects.consented(),
    )


def _embed(rules: Sequence[Rule]) -> None:
    """Keep every rule's embedding; each distinct text is embedded once."""
    distinct = sorted({rule.text for rule in rules})
    vectors: dict[str, bytes] = {}
    for start in range(0, len(distinct), EMBED_BATCH):
        texts = distinct[start : start + EMBED_BATCH]
        rows = served_client().embed(texts)
        vectors |= {text: pack_vector(row) for text, row in zip(texts, rows, strict=True)}
    for rule in rules:
        rule.embedding = vectors[rule.text]
    Rule.objects.bulk_update(rules, ["embedding"], batch_size=EMBED_BATCH)


@transaction.atomic
def _flag_contradictions(rules: Sequence[Rule], vectors: np.ndarray) -> None:
    """Flag rules of one entry that want opposite things: a curator must choose."""
    by_entry: dict[object, list[int]] = {}
    for index, rule in enumerate(rules):
        by_entry.setdefault(rule.entry_id, []).append(index)
    for indices in by_entry.values():
        own = [rules[index] for index in indices]
        found = merge_rules([rule.text for rule in own], vectors[indices], CONFIG)
        opposed = {group for pair in found.contradictions for group in pair}
        for group in opposed:
            for rule in (own[index] for index in found.groups[group]):
                flag_add(rule, CONTRADICTION)
                rule.save(update_fields=["flags", "updated_at"])


@transaction.atomic
def _merge(kept: Sequence[Rule], new: Sequence[Rule], vectors: np.ndarray) -> int:
    """Let each new rule join the first one before it that it repeats."""
    everyone = [*kept, *new]
    standing = [not rule.flags for rule in everyone]
    by_text: dict[str, int] = {}
    joined: dict[int, list[Any]] = {}
    for index, rule in enumerate(everyone):
        if not standing[index]:
            continue
        if index >= len(kept) and not rule.is_put_back:
            target = _target(index, everyone, standing, vectors, by_text)
            if target is not None:
                joined.setdefault(target, []).append(rule.pk)
                standing[index] = False
                continue
        by_text.setdefault(normalise_rule(rule.text), index)
    return sum(_join(everyone[target], ids) for target, ids in joined.items())


def _join(target: Rule, ids: Sequence[Any]) -> int:
    """Merge the rules into ``target``, unless a curator decided on, or judges, them meanwhile.

    Where one decided against the target, or on other words for it, they are compared anew the
    next time.
    """
    waiting = Rule.objects.filter(pk__in=ids, state=ReviewState.PROPOSED, second_opinion="")
    rows = waiting.filter(is_put_back=False)
    same = Rule.objects.select_for_update().filter(pk=target.pk, text=target.text)
    if not same.filter(state__in=STANDING, flags=[]).exists():
        rows.update(embedding=None)
        return 0
    joined = list(rows.values_list("pk", flat=True))
    n_joined = rows.update(state=ReviewState.MERGED, merged_into=target, updated_at=timezone.now())
    _hand_on(joined, target)
    return n_joined


def _hand_on(joined: Sequence[Any], target: Rule) -> None:
    """Let ``target`` stand for those that the ``joined`` rules stood for, too."""
    theirs = Rule.objects.filter(merged_into__in=joined)
    LogEntry.objects.filter(rules__in=theirs).update(has_new_rules=True)
    theirs.update(merged_into=target, updated_at=timezone.now())


def _target(
    index: int,
    rules: Sequence[Rule],
    standing: Sequence[bool],
    vectors: np.ndarray,
    by_text: dict[str, int],
) -> int | None:
    """The earliest standing rule that says the same, or None."""
    if (same := by_text.get(normalise_rule(rules[index].text))) is not None:
        return same
    near = np.flatnonzero(vectors[:index] @ vectors[index] >= CONFIG.min_similarity)
    for other in near:
        texts = [rules[other].text, rules[index].text]
        if standing[other] and len(merge_rules(texts, vectors[[other, index]], CONFIG).groups) == 1:
            return int(other)
    return None
