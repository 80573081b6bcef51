"""What curators see of the store.

Shared notes, and private ones that were learned from the chats of people who agree to learning:
never what somebody wrote for themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _lazy

from chat.experience.models import (
    Episode,
    EpisodeState,
    Experience,
    Matching,
    RefineRun,
    Scope,
    Source,
    Status,
    Use,
)
from curation.experience.joining import SAME_WISH
from curation.experience.questions import questions_of
from curation.experience.refining import WIDEN
from curation.ml.experience.widening import common_words


def notes_visible_to(user: Any) -> QuerySet[Experience]:
    """The notes that a curator may see; strangers see none."""
    if not getattr(user, "is_curator", False):
        return Experience.objects.none()
    learned = Q(scope=Scope.PRIVATE, source=Source.DISTILLED, owner__training_consent=True)
    return Experience.objects.filter(~Q(scope=Scope.PRIVATE) | learned).defer(
        "vector", "content_vector"
    )


def runs_visible_to(user: Any) -> QuerySet[RefineRun]:
    """Refinements, the latest first; strangers see none."""
    is_curator = getattr(user, "is_curator", False)
    return RefineRun.objects.all() if is_curator else RefineRun.objects.none()


def note_list(user: Any) -> QuerySet[Experience]:
    """The same with how many people each rests on, those that wait for a decision first."""
    people = Count("evidence__episode__user", filter=Q(evidence__is_for=True), distinct=True)
    rows = notes_visible_to(user).select_related("owner", "group", "origin")
    return rows.annotate(n_people=people).order_by("-updated_at", "pk")


def note_counts(user: Any) -> dict[str, int]:
    """How many notes stand where."""
    rows = notes_visible_to(user).order_by().values_list("status").annotate(n=Count("pk"))
    return dict(rows)


def refusal_counts() -> list[tuple[str, int]]:
    """Why episodes gave no note, or fewer, by name; the most frequent first."""
    reasons: Counter[str] = Counter()
    rows = Episode.objects.exclude(reason="").exclude(state=EpisodeState.FAILED)
    for reason in rows.values_list("reason", flat=True):
        reasons.update(reason.split(", "))
    return reasons.most_common()


def note_uses(note: Experience, limit: int = 20) -> QuerySet[Use]:
    """Which replies were shown the note, the latest first, and how that went."""
    return note.uses.order_by("-at")[:limit]


REASONS = {
    "repeats": _lazy("It says the same."),
    SAME_WISH: _lazy("The same wish, said of another question."),
    Matching.WORDS: _lazy("Said of several questions that have these words."),
    Matching.ALWAYS: _lazy("Said of several questions of every sort."),
    "opposite": _lazy("They want opposite things."),
    "value": _lazy("They tell different figures or names."),
    "negation": _lazy("One says that it is so, the other that it is not."),
    "harm": _lazy("Replies that were shown it were mostly wrong."),
    "cap": _lazy("There are more notes than may be kept; others are of more use."),
}
"""Why refinement changes a note, by the plan's name for it, in words."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One line of a refinement: a note, what happens to it, and why; ``words`` are those of the
    questions that a widened note is for, empty where it is for every question."""

    action: str
    reason: str
    note: Experience | None
    other: Experience | None
    is_visible: bool
    words: str = ""

    @property
    def reason_in_words(self) -> str:
        """Why, for people."""
        return str(REASONS.get(self.reason, self.reason))


def planned_changes(run: RefineRun, user: Any, limit: int = 200) -> list[PlannedChange]:
    """The lines of a plan with the notes as they are now; of notes that are not the curator's to
    read, the line without them."""
    items = run.plan[:limit]
    widened = {item["experience"] for item in items if item["action"] == WIDEN}
    joining = {item["experience"] for item in run.plan if item["other"] in widened}
    shown = {item["experience"] for item in items} | {item["other"] for item in items}
    keys = (shown | joining) - {""}
    found = {str(note.pk): note for note in notes_visible_to(user).filter(pk__in=keys)}
    there = set(map(str, Experience.objects.filter(pk__in=keys).values_list("pk", flat=True)))
    return [
        PlannedChange(
            item["action"],
            item["reason"],
            found.get(item["experience"]),
            found.get(item["other"]),
            item["experience"] in found or item["experience"] not in there,
            _words(item, run.plan, found),
        )
        for item in items
    ]


def _words(item: dict[str, Any], plan: list[dict[str, Any]], found: dict[str, Experience]) -> str:
    """What a widened note is found by, or would be: read from its questions, which are the
    curator's to see if it is."""
    note = found.get(item["experience"])
    if item["action"] != WIDEN or item["reason"] != Matching.WORDS or note is None:
        return ""
    if note.matching == Matching.WORDS:
        return note.trigger
    joining = [one["experience"] for one in plan if _joins(one, item["experience"])]
    notes = [note, *(found[key] for key in joining if key in found)]
    asked = questions_of(notes).values()
    return " ".join(common_words(question for questions in asked for question in questions))


def _joins(item: dict[str, Any], other: str) -> bool:
    return bool(item["other"] == other and item["reason"] == SAME_WISH)


def waiting_count(user: Any) -> int:
    """Notes that wait for a curator."""
    return notes_visible_to(user).filter(status=Status.CANDIDATE).count()
