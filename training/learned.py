"""What was learned from one person: their entries, what was made of them, how far it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from chat.models import Message
from curation.models import LogEntry, PreferencePair, ReviewState, Rule, RuleKind
from training.models import Adapter, AdapterState, Split, TrainingExample


@dataclass(frozen=True, slots=True)
class LearnedTotals:
    """How much of a person's feedback got how far."""

    n_entries: int
    n_rules: int
    n_pairs: int
    n_served: int


def own_entries(user: Any) -> QuerySet[LogEntry]:
    """The person's own entries, whatever their consent says, newest first."""
    return LogEntry.objects.filter(user=user)


def learned_entries(user: Any) -> QuerySet[LogEntry]:
    """The same with rules, pairs and the adapters they trained, in a constant number of queries."""
    examples = TrainingExample.objects.filter(split=Split.TRAIN, taken_back_at__isnull=True)
    adapters = Adapter.objects.order_by("-version")
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK).defer("merged_into__embedding")
    return (
        own_entries(user)
        .select_related("message__conversation", "cluster")
        .prefetch_related(
            Prefetch("rules", queryset=rules.select_related("merged_into")),
            "pairs",
            Prefetch("training_examples", queryset=examples.select_related("run")),
            Prefetch("training_examples__run__adapters", queryset=adapters),
        )
    )


def adapters_reached(entry: LogEntry) -> list[Adapter]:
    """The adapters that the entry trained, each once; needs :func:`learned_entries`."""
    found = [
        adapter
        for example in entry.training_examples.all()
        for adapter in example.run.adapters.all()
    ]
    return list({adapter.pk: adapter for adapter in found}.values())


def learned_totals(user: Any) -> LearnedTotals:
    """The person's totals."""
    approved = {"entry__user": user, "state": ReviewState.APPROVED}
    served = Adapter.objects.filter(
        state=AdapterState.SERVED,
        run__examples__entry__user=user,
        run__examples__split=Split.TRAIN,
        run__examples__taken_back_at__isnull=True,
    )
    return LearnedTotals(
        n_entries=own_entries(user).count(),
        n_rules=Rule.objects.filter(kind=RuleKind.FEEDBACK, **approved).count(),
        n_pairs=PreferencePair.objects.filter(**approved).count(),
        n_served=served.distinct().count(),
    )


def withdrawn_replies(user: Any) -> QuerySet[Message]:
    """The person's replies that were taken out of the learning."""
    return (
        Message.objects.visible_to(user)
        .filter(is_withdrawn=True)
        .select_related("conversation", "parent")
        .order_by("-created_at")
    )
