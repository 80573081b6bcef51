"""Writing notes: each once, with its evidence, within its person's quota."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.experience.models import (
    Episode,
    Evidence,
    Experience,
    Matching,
    RevisionAction,
    Scope,
    Source,
    Status,
)
from chat.experience.services.embedding import pack, text_hash
from chat.experience.services.recording import revision_record
from chat.models import Message
from curation.experience.changes import experience_change
from curation.experience.neighbours import FloatArray, neighbours_find
from curation.experience.options import notes_per_day, refine_config
from curation.ml.experience.conflicts import Note
from curation.ml.experience.drafts import NoteDraft
from uno_site.engine_clients import embedder_name


def is_over_quota(user: Any) -> bool:
    """Whether a person's chats gave as many notes within 24 hours as they may."""
    since = timezone.now() - timedelta(days=1)
    mine = Experience.objects.filter(owner=user, source=Source.DISTILLED, created_at__gte=since)
    return mine.count() >= notes_per_day()


@transaction.atomic
def note_add(
    episode: Episode, draft: NoteDraft, trigger: FloatArray, content: FloatArray
) -> tuple[Experience, bool]:
    """Keep a draft of an episode: as a note of its person, or as evidence for one that is there.

    A note of the same person that says otherwise no longer holds, and says since when; a shared
    one is not touched, but the episode stands against it.

    Parameters
    ----------
    trigger, content
        Unit vectors [d].

    Returns
    -------
    The note, and whether it is new.
    """
    config = refine_config(is_shared=False)
    found = neighbours_find(
        Note(draft.trigger, draft.content),
        trigger,
        content,
        user=episode.user,
        merge_at=config.merge_at,
        conflict_at=config.conflict_at,
    )
    note = found.same or _create(episode, draft, trigger, content)
    evidence_add(note, episode, draft.source)
    for other in found.opposed:
        _contradict(other, note, episode)
    return note, found.same is None


def _create(
    episode: Episode, draft: NoteDraft, trigger: FloatArray, content: FloatArray
) -> Experience:
    note = Experience(
        scope=Scope.PRIVATE,
        owner=episode.user,
        kind=draft.kind,
        trigger=draft.trigger,
        content=draft.content,
        status=Status.ACTIVE,
        importance=draft.importance,
        embedder=embedder_name(),
        vector=pack(trigger),
        content_vector=pack(content),
        source=Source.DISTILLED,
        content_hash=text_hash(draft.trigger, draft.content),
        distiller=f"{draft.strategy}: {draft.model}" if draft.model else draft.strategy,
        prompt_ref=draft.prompt_ref,
    )
    note.full_clean()
    note.save()
    revision_record(note, RevisionAction.CREATED)
    return note


def _contradict(older: Experience, newer: Experience, episode: Episode) -> None:
    # One question may be an exception: of a note for all of its sort, refinement decides.
    is_wide = older.matching != Matching.MEANING
    is_kept = older.is_pinned or older.source == Source.WRITTEN
    if older.scope != Scope.PRIVATE or is_kept or is_wide:
        evidence_add(older, episode, "", is_for=False)
        return
    experience_change(
        older,
        RevisionAction.CONTRADICTED,
        reason="The same person said otherwise later.",
        status=Status.SUPERSEDED,
        invalid_at=timezone.now(),
        superseded_by_id=newer.pk,
    )


def evidence_add(
    note: Experience, episode: Episode, source: str, *, is_for: bool = True
) -> Evidence:
    """Let a note rest on an episode: on the stretch of the message that holds ``source``."""
    message, start = _place(episode, source)
    return Evidence.objects.get_or_create(
        experience=note,
        episode=episode,
        message=message,
        start=start,
        end=start + len(source) if start or message.content.startswith(source) else 0,
        defaults={"is_for": is_for},
    )[0]


def _place(episode: Episode, source: str) -> tuple[Message, int]:
    """The message of the episode that holds the text, and where; the reply where none does."""
    wanted = source.strip(" .")
    if wanted:
        related = Message.objects.filter(conversation=episode.conversation_id).order_by(
            "created_at"
        )
        for message in related.exclude(pk=episode.message_id):
            if (at := message.content.casefold().find(wanted.casefold())) >= 0:
                return message, at
    return episode.message, 0
