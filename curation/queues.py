"""The review queues: what waits for whom, and in which order it is shown."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
)

from chat.experience.models import Experience, Scope, Status
from curation.models import (
    Cluster,
    Comment,
    LogEntry,
    Opinion,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
    SecondOpinion,
)
from curation.selectors import count_of
from curation.services.claims import free_for
from uno_site.keyset import Key, Stretch, stretch

MAX_COUNT = 500
"""Counted no further in the tabs of every page: a queue of thousands is "500+"."""
LATEST = (Key("created_at", is_descending=True), Key("pk"))
WAITING = (Key("skipped_at", is_nullable=True, nulls_first=True), Key("created_at"), Key("pk"))
DECIDED = (Key("reviewed_at", is_descending=True, is_nullable=True), *LATEST)
DECIDED_STATES = (ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.MERGED)
HEAVY = (
    "entry__query_embedding",
    "entry__rules_embedding",
    "entry__messages",
    "entry__response",
)
"""Columns that a queue's rows do not show, and that are most of the bytes."""


def rule_list(user: Any, state: str = "") -> QuerySet[Rule]:
    """Feedback rules in a state; without one, those to review by ``user``."""
    return _in_state(Rule.objects.visible_to(user).filter(kind=RuleKind.FEEDBACK), user, state)


def pair_list(user: Any, state: str = "") -> QuerySet[PreferencePair]:
    """Pairs in a state; without one, those to review by ``user``."""
    return _in_state(PreferencePair.objects.visible_to(user), user, state)


def queue_stretch(rows: QuerySet, user: Any, state: str, *, size: int, cursor: str = "") -> Stretch:
    """The next ``size`` rows of a list of rules or pairs, with what their cards show ``user``."""
    related = ("entry", "reviewed_by", "claimed_by", "assigned_to")
    heavy = list(HEAVY)
    if rows.model is Rule:
        rows = rows.select_related("merged_into").annotate(
            n_merged=count_of(Rule.objects, "merged_into")
        )
        heavy += ["embedding", "merged_into__embedding"]
    rows = rows.annotate(
        n_comments=count_of(Comment.objects, _noun(rows)),
        is_judged=ExpressionWrapper(_is_judged(rows, user), BooleanField()),
    )
    rows = rows.select_related(*related).defer(*heavy)
    return stretch(rows, _order(state), size, cursor)


def _is_judged(rows: QuerySet, user: Any) -> Q:
    """Whether ``user`` has given an opinion, and another curator is due."""
    open_to = (SecondOpinion.WANTED, SecondOpinion.DISPUTED)
    mine = Opinion.objects.filter(**{_noun(rows): OuterRef("pk")}, by=user)
    return Q(second_opinion__in=open_to) & Exists(mine)


def _noun(rows: QuerySet) -> str:
    """The field by which opinions and comments name such a row."""
    return "rule" if rows.model is Rule else "pair"


def _order(state: str) -> tuple[Key, ...]:
    if state == "all":
        return LATEST
    return DECIDED if state in DECIDED_STATES else WAITING


def _in_state(rows: Any, user: Any, state: str) -> Any:
    if state == "all":
        return rows
    if state in DECIDED_STATES:
        return rows.filter(state=state)
    waiting = rows.filter(state=ReviewState.PROPOSED, entry__is_excluded=False)
    if state == SecondOpinion.DISPUTED:
        return waiting.filter(second_opinion=state)
    waiting = waiting.filter(free_for(user)).exclude(second_opinion=SecondOpinion.DISPUTED)
    if state == SecondOpinion.WANTED:
        waiting = waiting.filter(second_opinion=state)
    return waiting.exclude(_is_judged(rows, user))


def rule_queue() -> QuerySet[Rule]:
    """Feedback rules that wait for a curator."""
    return _waiting(Rule.objects.filter(kind=RuleKind.FEEDBACK))


def pair_queue() -> QuerySet[PreferencePair]:
    """Pairs that wait for a curator."""
    return _waiting(PreferencePair.objects.all())


def _waiting(rows: Any) -> Any:
    waiting = rows.consented().filter(state=ReviewState.PROPOSED, entry__is_excluded=False)
    return waiting.select_related("entry").order_by(*(key.ordering() for key in WAITING))


def disputed_counts() -> dict[str, int]:
    """How many rules and pairs two curators judge differently."""
    disputed = {"second_opinion": SecondOpinion.DISPUTED}
    return {
        "rules": rule_queue().filter(**disputed).count(),
        "pairs": pair_queue().filter(**disputed).count(),
    }


def overview_counts() -> dict[str, int]:
    """The figures in the tabs of the curation rooms, each up to :data:`MAX_COUNT`."""
    return {
        "entries": _up_to(LogEntry.objects.consented()),
        "rules": _up_to(rule_queue()),
        "pairs": _up_to(pair_queue()),
        "clusters": _up_to(Cluster.objects.current()),
        "notes": _up_to(Experience.objects.filter(scope=Scope.GLOBAL, status=Status.CANDIDATE)),
    }


def _up_to(rows: QuerySet) -> int:
    """The count, and :data:`MAX_COUNT` + 1 where there are more."""
    return int(rows.order_by().values("pk")[: MAX_COUNT + 1].count())
