"""Revised answers for entries whose user wrote none: sampled, then judged (UNO §1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from curation.entry_text import entry_messages, numbered_feedback
from curation.models import Candidate, LogEntry, RoleName
from curation.roles.bindings import bound_model
from curation.roles.judges import Judge, JudgeItem
from curation.roles.resolve import active_strategy, resolve_judge
from curation.roles.revisers import GenerativeReviser, Revision, RevisionTask
from curation.selectors import entry_rules
from curation.services.withdrawal import LOGGED_REPLY

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class RevisingReport:
    """How many entries got candidates, and who revised and judged."""

    reviser: str
    judge: str
    n_revised: int = 0
    n_judged: int = 0


def entries_to_revise() -> Any:
    """Usable entries without a person's better answer and without judged candidates."""
    return (
        LogEntry.objects.usable()
        .filter(correction__isnull=True, preferred_sibling__isnull=True, pairs__isnull=True)
        .exclude(candidates__score__isnull=False)
        .order_by("created_at", "pk")
    )


def candidates_update(*, on_progress: Progress = lambda done, total: None) -> RevisingReport:
    """Revise and judge, as far as the roles' checks allow it.

    Without a judge that may be trusted nothing is scored; without a reviser, only the answers
    that came with imported logs are.
    """
    waiting = list(entries_to_revise().values_list("pk", flat=True))
    if not waiting:
        return RevisingReport("", "")
    judge = resolve_judge().judge
    if judge is None or judge.needs_correction:
        return RevisingReport("", "none" if judge is None else judge.name)
    strategy = active_strategy(RoleName.REVISER)
    is_generative = strategy == "generative"
    reviser = GenerativeReviser(bound_model(RoleName.REVISER)) if is_generative else None
    report = RevisingReport(strategy, judge.name)
    for done, entry in enumerate(_entries(waiting, reviser), start=1):
        _revise(entry, reviser, judge, report)
        on_progress(done, len(waiting))
    return report


def _entries(ids: list[Any], reviser: GenerativeReviser | None) -> list[LogEntry]:
    entries = LogEntry.objects.filter(pk__in=ids)
    if reviser is None:
        entries = entries.filter(candidates__isnull=False).distinct()
    return list(entries.order_by("created_at", "pk"))


def _revise(
    entry: LogEntry, reviser: GenerativeReviser | None, judge: Judge, report: RevisingReport
) -> None:
    rules = tuple(rule.text for rule in entry_rules([entry]).get(entry.pk, []))
    revisions: list[Revision] = []
    if reviser is not None:
        task = RevisionTask(entry.query, entry.response, numbered_feedback(entry), rules)
        revisions = reviser.revise(task)
        report.n_revised += 1
    known = list(entry.candidates.all())
    texts = [revision.text for revision in revisions] + [row.text for row in known]
    if not texts:
        return
    messages = entry_messages(entry)
    scores = judge.score_many(
        [JudgeItem(messages, text, rules) for text in [*texts, entry.response]]
    )
    _store(entry, revisions, known, scores, judge.name)
    report.n_judged += 1


@transaction.atomic
def _store(
    entry: LogEntry,
    revisions: list[Revision],
    known: list[Candidate],
    scores: list[float],
    judge: str,
) -> None:
    made = [
        Candidate(
            entry=entry,
            text=revision.text,
            seed=revision.seed,
            prompt_ref=revision.prompt_ref,
            model=revision.model,
            strategy=GenerativeReviser.strategy,
        )
        for revision in revisions
    ]
    reply = Candidate(entry=entry, text=entry.response, strategy=LOGGED_REPLY)
    for candidate, score in zip([*made, *known, reply], scores, strict=True):
        candidate.score, candidate.judge = score, judge
    Candidate.objects.bulk_create([*made, reply])
    Candidate.objects.bulk_update(known, ["score", "judge"])
