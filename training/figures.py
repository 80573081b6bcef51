"""How the whole does, in figures with intervals: by week, by route, and how fast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncWeek
from django.utils import timezone
from django.utils.formats import date_format

from chat.edit_cost import edit_cost
from chat.models import Feedback, Message, MessageOrigin, MessageRole, MessageState, RouteTable
from curation.ml.rule_checks import rules_obeyed
from training.charts import Curve, curve
from training.evaluation.statistics import (
    Estimate,
    mean_estimate,
    quantile_estimate,
    rate_estimate,
)
from training.models import Verification

N_WEEKS = 8
#: Of each week's corrections the latest ones are measured: each costs milliseconds.
MAX_CORRECTIONS_A_WEEK = 100
#: Of each week's replies with rules the latest ones are checked.
MAX_CHECKED_A_WEEK = 300
#: Replies whose speed is looked at, the latest first, none older than a week.
MAX_TIMED_REPLIES = 2_000
RECENT = timedelta(days=30)
COST_KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Week:
    """One week's figure; None where nothing came."""

    begins: date
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Weekly:
    """A figure over the last weeks, the oldest first. ``chart`` is None with fewer than two."""

    weeks: tuple[Week, ...]
    chart: Curve | None

    @property
    def is_empty(self) -> bool:
        """Whether no week has a figure."""
        return all(week.estimate is None for week in self.weeks)


@dataclass(frozen=True, slots=True)
class Served:
    """The replies of one kind of route in the last 30 days."""

    kind: str
    n_replies: int
    share: float
    thumbs: Estimate | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds that replies took in the last week: median and 95th percentile."""

    first_median: Estimate | None
    first_slow: Estimate | None
    total_median: Estimate | None
    total_slow: Estimate | None


def thumbs_by_week() -> Weekly:
    """The share of thumbs that are up."""
    given = Feedback.objects.filter(created_at__gte=_first_week())
    rows = _by_week(given).order_by().values_list("week", "thumb").annotate(n=Count("pk"))
    counts: dict[date, dict[int, int]] = defaultdict(lambda: {1: 0, -1: 0})
    for week, thumb, n in rows:
        counts[week.date()][thumb] += n
    rates = {week: rate_estimate(n[1], n[1] + n[-1]) for week, n in counts.items()}
    return weekly_figures(rates)


def edit_costs_by_week() -> Weekly:
    """The mean edit cost of people's corrections, of at most 100 a week."""
    corrections = Message.objects.filter(
        origin=MessageOrigin.CORRECTION,
        correction_of__isnull=False,
        created_at__gte=_first_week(),
    )
    chosen = _latest_by_week(corrections, MAX_CORRECTIONS_A_WEEK)
    costs = _costs([key for keys in chosen.values() for key in keys])
    means = {
        week: mean_estimate({0: {str(key): costs[key] for key in keys}})
        for week, keys in chosen.items()
    }
    return weekly_figures(means)


def adherence_by_week() -> Weekly:
    """The share of its route's rules that a reply obeys, of at most 300 replies a week.

    Only rules that a program can check count (:mod:`curation.ml.rule_checks`), and only
    replies of routes that have such rules: the base model's have none to obey.
    """
    learned = Message.objects.filter(
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.MODEL,
        state=MessageState.COMPLETE,
        provenance__rules__0__isnull=False,
        created_at__gte=_first_week(),
    )
    chosen = _latest_by_week(learned, MAX_CHECKED_A_WEEK)
    keys = [key for keys in chosen.values() for key in keys]
    rows = Message.objects.filter(pk__in=keys).values_list("pk", "content", "provenance__rules")
    shares = {key: rules_obeyed(rules, text) for key, text, rules in rows}
    found: dict[date, Estimate | None] = {}
    for week, keys in chosen.items():
        checked = {str(key): shares[key] for key in keys if shares[key] is not None}
        found[week] = mean_estimate({0: checked})
    return weekly_figures(found)


def _latest_by_week(rows: QuerySet[Any], most: int) -> dict[date, list[Any]]:
    """The keys of each week's latest rows, at most ``most`` of them."""
    chosen: dict[date, list[Any]] = defaultdict(list)
    for week, key in _by_week(rows).order_by("-created_at").values_list("week", "pk"):
        if len(chosen[week.date()]) < most:
            chosen[week.date()].append(key)
    return chosen


def _costs(keys: Sequence[Any]) -> dict[Any, float]:
    """Edit costs by correction; texts never change, so each is computed once."""
    names = {key: f"edit-cost:{key}" for key in keys}
    known = cache.get_many(list(names.values()))
    missing = [key for key, name in names.items() if name not in known]
    texts = Message.objects.filter(pk__in=missing).values_list(
        "pk", "correction_of__content", "content"
    )
    fresh = {names[key]: edit_cost(before, after) for key, before, after in texts if missing}
    cache.set_many(fresh, timeout=COST_KEPT_SECONDS)
    return {key: (known | fresh)[name] for key, name in names.items()}


def routes_served() -> list[Served]:
    """What answered in the last 30 days, and the thumbs that it got."""
    since = timezone.now() - RECENT
    written = Message.objects.filter(
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.MODEL,
        created_at__gte=since,
        provenance__kind__isnull=False,
    )
    replies = dict(written.order_by().values_list("provenance__kind").annotate(n=Count("pk")))
    thumbs: dict[str, dict[int, int]] = defaultdict(lambda: {1: 0, -1: 0})
    given = Feedback.objects.filter(message__in=written).order_by()
    for kind, thumb, n in given.values_list("message__provenance__kind", "thumb").annotate(
        n=Count("pk")
    ):
        thumbs[kind][thumb] += n
    total = sum(replies.values())
    return [
        Served(
            kind,
            n,
            n / total,
            rate_estimate(thumbs[kind][1], thumbs[kind][1] + thumbs[kind][-1]),
        )
        for kind, n in sorted(replies.items(), key=lambda item: -item[1])
    ]


def latency() -> Latency:
    """How long replies took."""
    recent = Message.objects.filter(
        role=MessageRole.ASSISTANT,
        state=MessageState.COMPLETE,
        created_at__gte=timezone.now() - timedelta(days=7),
        provenance__seconds__isnull=False,
    ).order_by("-created_at")
    rows = recent.values_list("provenance__ttft_seconds", "provenance__seconds")
    found = list(rows[:MAX_TIMED_REPLIES])
    first = [float(ttft) for ttft, _ in found if ttft is not None]
    total = [float(seconds) for _, seconds in found if seconds]
    return Latency(
        quantile_estimate(first, 0.5),
        quantile_estimate(first, 0.95),
        quantile_estimate(total, 0.5),
        quantile_estimate(total, 0.95),
    )


def served_verifications(table: RouteTable | None) -> QuerySet[Verification]:
    """What verification said of the adapters that are served."""
    found = Verification.objects.select_related("adapter", "run")
    if table is None:
        return found.none()
    ids = list(table.routes.exclude(adapter_id=None).values_list("adapter_id", flat=True))
    return found.filter(adapter__in=ids).order_by("run__cluster_name")


def _by_week(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.annotate(week=TruncWeek("created_at"))


def _first_week() -> Any:
    return week_starts()[0]


def week_starts() -> list[Any]:
    """The Mondays at midnight with which the last weeks begin, the oldest first."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=n) for n in reversed(range(N_WEEKS))]


def weekly_figures(estimates: Mapping[date, Estimate | None]) -> Weekly:
    """The last weeks' estimates, those that there are, by the Monday they begin with."""
    weeks = tuple(Week(begin.date(), estimates.get(begin.date())) for begin in week_starts())
    measured = [week.estimate.high for week in weeks if week.estimate]
    values = [week.estimate.as_json() if week.estimate else None for week in weeks]
    labels = [date_format(week.begins, "j M") for week in weeks]
    top = max(1.0, *measured) if measured else 1.0
    return Weekly(weeks, curve(values, labels=labels, top=top))
