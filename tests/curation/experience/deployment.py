"""A deployment in small: people ask, a scripted model answers by the first note it is shown, people
say what they think of the answer, and the jobs of the night do what they do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from django.db.models import F

from chat.experience.models import Experience, Status
from chat.experience.recall import notes_of
from chat.experience.services.crediting import uses_settle
from chat.experience.services.notes import uses_record
from chat.models import Conversation, Message, MessageOrigin, MessageRole
from chat.notes import with_notes
from curation.experience.distilling import episodes_distil
from curation.experience.refining import refine_apply, refine_run_create
from tests.curation.experience.rows import episode_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "experience"
FIRST_NOTE = re.compile(r"\[note \d+\] “([^”]*)”")
UNKNOWN = "I do not know."
COMMITTED = pytest.mark.django_db(transaction=True)
"""In one long transaction PostgreSQL may not drop the versions of a row that is changed hundreds of
times, and reads them all again for each question."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that only this deployment's people know: taught with the first question."""

    content: str
    answer: str
    questions: tuple[str, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """24 taught topics: those of the store's set that may be kept at all, and four more."""
    rows = json.loads((FIXTURES / "topics.json").read_text(encoding="utf-8"))["taught"]
    more = json.loads((FIXTURES / "more_topics.json").read_text(encoding="utf-8"))
    kept = [row for row in rows if row["content"] not in more["refused"]]
    return tuple(
        Topic(row["content"], row["answer"], tuple(row["questions"]))
        for row in [*kept, *more["taught"]]
    )


@cache
def other_questions(kind: str) -> tuple[str, ...]:
    """Questions of topics that nobody taught (``untaught``), or of none (``unrelated``)."""
    rows = json.loads((FIXTURES / "topics.json").read_text(encoding="utf-8"))[kind]
    return tuple(rows)


def by_first_note(request: ChatRequest) -> str:
    """What the scripted model does: it believes the first note."""
    match = FIRST_NOTE.search(request.messages[-1].content)
    return match[1] if match else UNKNOWN


@dataclass(slots=True)
class Deployment:
    """One person's chats with the scripted model."""

    user: User
    client: ScriptedClient

    def ask(self, question: str) -> str:
        """The reply, with nothing kept of it."""
        return self._answer(question)[0]

    def _answer(self, question: str) -> tuple[str, list[dict[str, object]]]:
        notes = notes_of(self.user, question, self.client.embed([question])[0])
        messages = with_notes((ChatMessage("user", question),), notes)
        reply = self.client.chat(ChatRequest("scripted", messages, Sampling())).text
        return reply, [note.as_json() for note in notes]

    def n_notes(self, question: str) -> int:
        """How many notes a question is shown."""
        return len(notes_of(self.user, question, self.client.embed([question])[0]))

    def recalls(self, topic: Topic, question: str) -> bool:
        """Whether the topic's note is among the three that are shown."""
        ranked = notes_of(self.user, question, self.client.embed([question])[0])
        return any(topic.answer in note.content.casefold() for note in ranked)

    def is_right(self, topic: Topic, question: str) -> bool:
        """Whether the reply holds the answer."""
        return topic.answer in self.ask(question).casefold()

    def accuracy(self, asked: Sequence[Topic], which: int = 1) -> float:
        """Share of the topics whose question number ``which`` is answered rightly."""
        return sum(self.is_right(topic, topic.questions[which]) for topic in asked) / len(asked)

    def chat(self, topic: Topic, question: str) -> bool:
        """Ask, and say whether it was right; a wrong answer is corrected. Whether it was right."""
        reply, notes = self._answer(question)
        is_right = topic.answer in reply.casefold()
        said = "Thanks, exactly." if is_right else f"No. {topic.content}"
        if notes:
            message = self._keep(question, reply, said)
            uses_record(message.pk, notes)
        if not is_right:
            episode_of(self.user, question, reply, said)
        return is_right

    def _keep(self, question: str, reply: str, said: str) -> Message:
        chat = Conversation.objects.create(user=self.user)
        asked = Message.objects.create(conversation=chat, role=MessageRole.USER, content=question)
        told = Message.objects.create(
            conversation=chat,
            role=MessageRole.ASSISTANT,
            origin=MessageOrigin.MODEL,
            parent=asked,
            content=reply,
        )
        Message.objects.create(conversation=chat, role=MessageRole.USER, parent=told, content=said)
        return told

    def learn(self) -> None:
        """What idle hours do: count which notes helped, and learn new ones."""
        uses_settle()
        episodes_distil(is_busy=lambda: False)

    def sleep(self, *, refine: bool = True) -> None:
        """A night: with or without refinement. Everything is a day older then."""
        self.learn()
        if refine:
            refine_apply(run=refine_run_create(), by=None)
        age = timedelta(days=1)
        Experience.objects.update(created_at=F("created_at") - age)

    def live(self) -> list[Experience]:
        """The notes that stand."""
        return list(Experience.objects.filter(status=Status.ACTIVE, invalid_at=None))
