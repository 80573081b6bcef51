"""Rows for tests. Each factory makes the smallest row that the database accepts."""

from __future__ import annotations

import hashlib

import factory
import numpy as np
from factory.django import DjangoModelFactory

from chat.experience.models import Experience, Status
from chat.experience.services.embedding import pack
from chat.models import Conversation, Feedback, Message, MessageOrigin, MessageRole
from curation.models import (
    Cluster,
    EntryState,
    LogEntry,
    PairSource,
    PreferencePair,
    ReviewState,
    Rule,
)
from tests.scripted import ScriptedClient
from uno_site.accounts.models import Role, User
from uno_site.engine_clients import embedder_name


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    role = Role.USER
    training_consent = True

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: object) -> None:
        self.set_password(extracted or "correct horse battery")
        if create:
            self.save()


class ConversationFactory(DjangoModelFactory):
    class Meta:
        model = Conversation

    user = factory.SubFactory(UserFactory)
    title = "A conversation"


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = Message

    conversation = factory.SubFactory(ConversationFactory)
    role = MessageRole.USER
    content = factory.Sequence(lambda n: f"Question {n}?")


class ReplyFactory(MessageFactory):
    """A reply with the question before it."""

    role = MessageRole.ASSISTANT
    origin = MessageOrigin.MODEL
    content = factory.Sequence(lambda n: f"Answer {n}.")
    parent = factory.SubFactory(
        MessageFactory, conversation=factory.SelfAttribute("..conversation")
    )


class FeedbackFactory(DjangoModelFactory):
    class Meta:
        model = Feedback

    message = factory.SubFactory(ReplyFactory)
    user = factory.SelfAttribute("message.conversation.user")
    thumb = -1


def centroid_bytes(dim: int = 384, seed: int = 0) -> bytes:
    """A unit vector as it stands in a ``centroid`` column."""
    vector = np.random.default_rng(seed).normal(size=dim).astype("<f4")
    return bytes((vector / np.linalg.norm(vector)).tobytes())


class ClusterFactory(DjangoModelFactory):
    class Meta:
        model = Cluster

    name = factory.Sequence(lambda n: f"Cluster {n}")
    centroid = factory.Sequence(lambda n: centroid_bytes(seed=n))
    distance_limit = 1.0


class LogEntryFactory(DjangoModelFactory):
    class Meta:
        model = LogEntry

    user = factory.SubFactory(UserFactory)
    query = factory.Sequence(lambda n: f"Write e-mail number {n}.")
    messages = factory.LazyAttribute(lambda o: [{"role": "user", "content": o.query}])
    response = "Dear Sir or Madam, here is a long e-mail. It goes on. And on. And on."
    feedback = factory.LazyFunction(lambda: [{"kind": "comment", "text": "Please be brief."}])
    content_hash = factory.LazyAttribute(lambda o: hashlib.sha256(o.query.encode()).hexdigest())
    state = EntryState.PENDING


class RuleFactory(DjangoModelFactory):
    class Meta:
        model = Rule

    entry = factory.SubFactory(LogEntryFactory, state=EntryState.DISTILLED)
    text = "Keep the answer brief."
    state = ReviewState.PROPOSED
    strategy = "extractive"


class PairFactory(DjangoModelFactory):
    class Meta:
        model = PreferencePair

    entry = factory.SubFactory(LogEntryFactory, state=EntryState.DISTILLED)
    source = PairSource.USER_EDIT
    chosen = "Hi, here is a short e-mail. Cheers, Ana"
    rejected = factory.SelfAttribute("entry.response")
    state = ReviewState.PROPOSED


class ExperienceFactory(DjangoModelFactory):
    """A private note in use, with the vector that :class:`tests.scripted.ScriptedClient` gives."""

    class Meta:
        model = Experience

    owner = factory.SubFactory(UserFactory)
    trigger = factory.Sequence(lambda n: f"matter {n}")
    content = factory.Sequence(lambda n: f"Fact {n}.")
    status = Status.ACTIVE
    embedder = factory.LazyFunction(embedder_name)
    vector = factory.LazyAttribute(lambda o: pack(ScriptedClient().embed([o.trigger])[0]))
