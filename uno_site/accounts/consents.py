"""Whose logs may train, and since when: the consent overview, on the screen and as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from uno_site.spreadsheets import to_cell

from .models import ConsentEvent, User

RECENT_DAYS = 30
ANSWERS = {
    "given": Q(training_consent=True),
    "refused": Q(training_consent=False),
    "open": Q(training_consent=None),
    "personal": Q(training_consent=True, wants_personal_adapter=True),
}
ANSWER_LABELS = (
    ("given", _("Given")),
    ("refused", _("Not given")),
    ("open", _("Not asked yet")),
    ("personal", _("With an adapter of their own")),
)
COLUMNS = ("name", "role", "is_active", "training_consent", "since", "personal_adapter")


@dataclass(frozen=True, slots=True)
class ConsentTotals:
    """How many accounts gave which answer, and how many answers changed lately."""

    given: int
    refused: int
    open: int
    personal: int
    recently_given: int
    recently_withdrawn: int

    @property
    def n_accounts(self) -> int:
        """All accounts, deactivated ones included: their logs are kept as well."""
        return self.given + self.refused + self.open


def consent_totals() -> ConsentTotals:
    """The figures of the overview."""
    counts = {name: Count("pk", filter=answer) for name, answer in ANSWERS.items()}
    recent = ConsentEvent.objects.filter(at__gte=timezone.now() - timedelta(days=RECENT_DAYS))
    given = recent.filter(has_consented=True).count()
    return ConsentTotals(
        **User.objects.aggregate(**counts),
        recently_given=given,
        recently_withdrawn=recent.count() - given,
    )


def people_by_consent(answer: str, search: str) -> QuerySet[User]:
    """Everybody with ``answer`` (a key of :data:`ANSWERS`, or anything else for all), by name."""
    people = User.objects.order_by("username").prefetch_related("consent_events")
    if answer in ANSWERS:
        people = people.filter(ANSWERS[answer])
    return people.filter(username__icontains=search) if search else people


def consents_csv(people: Iterable[User]) -> str:
    """One row a person, with :data:`COLUMNS`; times in ISO 8601, UTC."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for person in people:
        since = person.consent_changed_at
        writer.writerow(
            [
                to_cell(person.username),
                person.role,
                person.is_active,
                {True: "given", False: "refused", None: "open"}[person.training_consent],
                since.isoformat() if since else "",
                person.has_personal_adapter_on,
            ]
        )
    return text.getvalue()
