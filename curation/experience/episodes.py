"""One episode in words: what was asked, said and corrected, without what notes put there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch

from chat.experience.models import Episode, Use
from chat.models import Conversation, Feedback, Message, MessageRole
from curation.entry_text import spoken_feedback
from curation.ml.experience.drafts import Heard
from curation.ml.experience.stripping import without_notes
from curation.models import LogEntry
from curation.services.freezing import ConversationTree, Draft


@dataclass(frozen=True, slots=True)
class EpisodeText:
    """An episode, its words, and the (unsaved) log entry that the distiller's role reads."""

    episode: Episode
    heard: Heard
    entry: LogEntry

    @property
    def own_words(self) -> tuple[str, ...]:
        """Everything that the person wrote."""
        return (self.heard.query, *self.heard.sayings, self.heard.correction)


def episode_text(episode: Episode) -> EpisodeText | None:
    """The episode in words; None where its reply is no longer there to learn from."""
    tree = ConversationTree(_conversation(episode))
    reply = tree.by_id.get(episode.message_id)
    if reply is None or reply.parent_id not in tree.by_id or reply.is_withdrawn:
        return None
    return _text(episode, tree.draft(reply), _notes_before(reply), _is_liked(reply, episode))


def _conversation(episode: Episode) -> Conversation:
    messages = Message.objects.order_by("created_at").prefetch_related(
        Prefetch("feedback", queryset=Feedback.objects.order_by("created_at"))
    )
    rows = Conversation.objects.prefetch_related(Prefetch("messages", queryset=messages))
    return rows.get(pk=episode.conversation_id)


def _notes_before(reply: Message) -> tuple[str, ...]:
    """What the notes said that stood before the model when it wrote the reply."""
    uses = Use.objects.filter(message=reply).select_related("experience")
    return tuple(use.experience.content for use in uses)


def _is_liked(reply: Message, episode: Episode) -> bool:
    return any(row.thumb > 0 for row in reply.feedback.all() if row.user_id == episode.user_id)


def _text(episode: Episode, draft: Draft, notes: tuple[str, ...], is_liked: bool) -> EpisodeText:
    turns = [turn for turn in draft.messages if turn["role"] != MessageRole.SYSTEM]
    query = turns[-1]["content"] if turns else ""
    reply = without_notes(draft.response, notes)
    entry = LogEntry(
        messages=turns,
        query=query,
        response=reply,
        feedback=draft.feedback,
        correction=draft.correction,
        preferred_sibling=draft.preferred_sibling,
    )
    heard = Heard(
        query=query,
        reply=reply,
        sayings=tuple(spoken_feedback(entry)),
        correction=draft.correction or "",
        preferred=without_notes(draft.preferred_sibling or "", notes),
        is_liked=is_liked,
        notes=notes,
    )
    return EpisodeText(episode, heard, entry)
