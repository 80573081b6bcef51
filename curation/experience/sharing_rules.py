"""What may be shared, and why not: consent, no personal data, several people, nothing against it.

One gate for every way to everybody's notes: a curator's promotion, an approved rule, a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from chat.experience.ml.ranking import applies, passing
from chat.experience.models import Evidence, Experience, Matching, Scope, Source, Status
from chat.experience.selectors import candidate_of
from curation.experience.canary import canary_prompts, canary_questions
from curation.experience.options import min_people, refine_config
from curation.ml.experience.conflicts import Note, conflict
from curation.ml.experience.filters import personal_data, refusal_of
from curation.ml.experience.wording import same_saying
from curation.vectors import unpack_rows
from uno_site.engine_clients import embedder_name, served_client

MAX_CANARY_SHARE = 0.05
"""A shared note may be shown to at most this share of questions that have nothing to do with it."""

FAULTS = {
    "consent": _lazy("Nobody whose chats it rests on agrees to learning any more."),
    "too_few_people": _lazy("Too few people said it."),
    "said_otherwise": _lazy("As many people said otherwise."),
    "personal_data": _lazy("It tells of a person, or is a secret."),
    "too_broad": _lazy("It would be shown with questions that have nothing to do with it."),
    "hidden_text": _lazy("It has characters that nobody sees."),
    "system_instruction": _lazy("It gives orders to the system."),
    "permission_claim": _lazy("It claims a permission, or tells a tool to be used."),
    "targets_others": _lazy("It aims at other people's replies."),
    "link": _lazy("It has a link."),
    "secret": _lazy("It has a secret."),
    "too_long": _lazy("It is too long for a note."),
    "degenerate": _lazy("It says nothing."),
    "not_grounded": _lazy("It says what nobody said."),
    "quota": _lazy("This person's chats gave enough notes for a day."),
}
"""Every reason for which something is not kept or not shared, by name, in words."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a note rests on: the people for and against it, and the notes that say the same."""

    people: frozenset[UUID]
    against: frozenset[UUID]
    supporters: tuple[Experience, ...] = ()
    opponents: tuple[Experience, ...] = ()
    faults: tuple[str, ...] = field(default=())

    @property
    def in_words(self) -> list[str]:
        """Why it may not be shared."""
        return [str(FAULTS[fault]) for fault in self.faults]


def text_faults(trigger: str, content: str, matching: str = Matching.MEANING) -> list[str]:
    """Why a text may not be shared, whoever said it, or not for so many questions."""
    if personal_data(trigger, content):
        return ["personal_data"]
    if refusal := refusal_of(trigger, content):
        return [refusal.reason]
    prompts = canary_questions()
    n_meant = sum(applies(prompt, trigger, matching) for prompt in prompts)
    return ["too_broad"] if n_meant > MAX_CANARY_SHARE * len(prompts) else []


def is_too_broad(note: Experience) -> bool:
    """The canary: whether the note would be shown with questions about other things."""
    prompts, vectors = canary_prompts()
    seen = (candidate_of(note, vector) for vector in vectors)
    n_shown = sum(bool(passing(prompt, [one])) for prompt, one in zip(prompts, seen, strict=True))
    return n_shown > MAX_CANARY_SHARE * len(prompts)


def note_standing(note: Experience, *, group: Any = None) -> Standing:
    """Everything that speaks for and against sharing a note.

    Parameters
    ----------
    group
        Count the people of this group alone; only their notes support it.
    """
    if faults := text_faults(note.trigger, note.content, note.matching):
        return Standing(frozenset(), frozenset(), faults=tuple(faults))
    supporters, opponents = _others(note, group)
    people = _people([note, *supporters], group, is_for=True)
    against = _people([note], group, is_for=False) | _people(opponents, group, is_for=True)
    if not people:
        faults.append("consent")
    elif len(people) < min_people():
        faults.append("too_few_people")
    if people and len(against - people) >= len(people):
        faults.append("said_otherwise")
    if not faults and is_too_broad(note):
        faults.append("too_broad")
    return Standing(people, against, supporters, opponents, tuple(faults))


def _people(notes: Iterable[Experience], group: Any, *, is_for: bool) -> frozenset[UUID]:
    """Who, of those that agree to learning, said it: many chats of one person count once."""
    rows = Evidence.objects.filter(
        experience__in=[note.pk for note in notes],
        is_for=is_for,
        episode__user__training_consent=True,
        episode__user__is_active=True,
    )
    if group is not None:
        rows = rows.filter(episode__user__groups=group)
    return frozenset(rows.values_list("episode__user", flat=True))


def _others(note: Experience, group: Any) -> tuple[tuple[Experience, ...], tuple[Experience, ...]]:
    """Other people's learned notes about the same thing: those that say so too, and otherwise."""
    rows = list(learned_by_others(note, group))
    if not rows or not note.vector:
        return (), ()
    config = refine_config(is_shared=True)
    cosines = unpack_rows(row.vector for row in rows) @ note.vector_array
    near = [(rows[at], cosines[at]) for at in np.flatnonzero(cosines >= config.conflict_at)]
    if not near:
        return (), ()
    vectors = served_client().embed([note.content, *(row.content for row, _ in near)])
    own = Note(note.trigger, note.content)
    supporters, opponents = [], []
    for (row, cosine), alike in zip(near, vectors[1:] @ vectors[0], strict=True):
        if conflict(own, Note(row.trigger, row.content)):
            opponents.append(row)
        elif same_saying(note.content, row.content, is_near=min(cosine, alike) >= config.merge_at):
            supporters.append(row)
    return tuple(supporters), tuple(opponents)


def learned_by_others(note: Experience, group: Any = None) -> Any:
    """Private notes in use that were learned from the chats of others, who agree to that; of a
    group's members alone where there is one, since nobody else would see what replaces theirs."""
    rows = Experience.objects.filter(
        scope=Scope.PRIVATE,
        status=Status.ACTIVE,
        source=Source.DISTILLED,
        owner__training_consent=True,
        embedder=embedder_name(),
        vector__isnull=False,
    )
    if group is not None:
        rows = rows.filter(owner__groups=group)
    return rows.exclude(pk=note.pk).exclude(owner=note.owner_id)


def faults_in_words(names: Iterable[str]) -> str:
    """The reasons of a record, in words."""
    return " ".join(str(FAULTS.get(name, name)) for name in names) or _("No reason.")
