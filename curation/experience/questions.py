"""The questions that notes were learned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from chat.experience.models import Evidence, Experience
from curation.ml.experience.drafts import trigger_of


def questions_of(notes: Iterable[Experience]) -> dict[UUID, tuple[str, ...]]:
    """For each note what it is found by, and what was asked when its person said it."""
    asked: dict[UUID, list[str]] = defaultdict(list)
    for note in notes:
        asked[note.pk] += [note.trigger] if note.trigger else []
    rows = Evidence.objects.filter(experience__in=list(asked), is_for=True)
    for key, question in rows.values_list("experience", "episode__first__content"):
        asked[key].append(trigger_of(question))
    return {key: tuple(dict.fromkeys(found)) for key, found in asked.items()}
