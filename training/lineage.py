"""Both ways between messages and answers: what an answer learned from, what an entry changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from chat.models import Message, RouteKind
from curation.models import LogEntry
from training.models import Adapter, Split
from training.services.starting_points import runs_behind, runs_from


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """What the adapter behind an answer learned from; its forebears' material is in it.

    ``entries`` are those that the person may read, ``n_hidden`` those of others that they may not.
    """

    adapter: Adapter
    entries: QuerySet[LogEntry]
    n_hidden: int


@dataclass(frozen=True, slots=True)
class ChangedAnswers:
    """The answers of one adapter: how many there are, to how many people, and the viewer's own."""

    adapter: Adapter
    n_answers: int
    n_people: int
    own: QuerySet[Message]


def readable_entries(user: Any) -> QuerySet[LogEntry]:
    """The entries that somebody may read: their own; for curators, those of all who agree."""
    readable = Q(user=user)
    if user.is_curator:
        readable |= Q(pk__in=LogEntry.objects.visible_to(user).order_by().values("pk"))
    return LogEntry.objects.filter(readable)


def answer_sources(user: Any, answer: Message) -> AnswerSources | None:
    """The entries behind an answer; None where no adapter wrote it, or it is gone."""
    adapter_id = answer.provenance.get("adapter_id")
    adapter = Adapter.objects.select_related("run").filter(pk=adapter_id).first()
    if adapter is None:
        return None
    behind = LogEntry.objects.filter(
        training_examples__run__in=runs_behind(adapter.run),
        training_examples__split=Split.TRAIN,
        training_examples__taken_back_at__isnull=True,
    ).distinct()
    shown = behind.filter(pk__in=readable_entries(user).order_by().values("pk"))
    return AnswerSources(adapter, shown.order_by("-created_at"), behind.count() - shown.count())


def entry_answers(user: Any, entry: LogEntry) -> list[ChangedAnswers]:
    """The answers of every adapter that learned from an entry, the latest adapter first."""
    learned = Adapter.objects.filter(
        run__examples__entry=entry,
        run__examples__split=Split.TRAIN,
        run__examples__taken_back_at__isnull=True,
    )
    found = {adapter.pk: adapter for adapter in learned.distinct()}
    waiting = list(found.values())
    while waiting:
        runs = runs_from(waiting.pop())
        new = [a for a in Adapter.objects.filter(run__in=runs) if a.pk not in found]
        found.update({adapter.pk: adapter for adapter in new})
        waiting += new
    adapters = sorted(found.values(), key=lambda adapter: adapter.created_at, reverse=True)
    return [_changed(user, adapter) for adapter in adapters]


def _changed(user: Any, adapter: Adapter) -> ChangedAnswers:
    is_by_it = Q(served_route__adapter_id=adapter.pk) | Q(outcome__arm__adapter_id=adapter.pk)
    answers = Message.objects.filter(is_by_it).exclude(provenance__kind=RouteKind.BASE)
    counts = answers.order_by().aggregate(
        n_answers=Count("pk"), n_people=Count("conversation__user", distinct=True)
    )
    own = Message.objects.visible_to(user).filter(pk__in=answers.order_by().values("pk"))
    own = own.select_related("conversation", "parent").order_by("-created_at")
    return ChangedAnswers(adapter, counts["n_answers"], counts["n_people"], own)
