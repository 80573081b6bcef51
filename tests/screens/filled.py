"""An instance where every screen has something to show, made without a model in seconds.

Run inside the instance: ``manage.py shell -c "from tests.screens.filled import fill; fill()"``.
"""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import MessageOrigin, MessageState
from chat.services.conversations import conversation_create
from chat.services.organising import conversation_archive, conversation_file, conversation_pin
from curation.models import (
    Cluster,
    ClusterEvent,
    EntryState,
    LogEntry,
    PreferencePair,
    RoleBinding,
    RoleCheck,
    RoleName,
)
from curation.services.assigning import comment_add
from curation.services.embedding import embedder_name
from curation.services.mapping import map_update
from curation.services.opinions import opinion_ask
from curation.services.review import item_approve, item_reject, pair_edit
from curation.vectors import pack_vector
from tests.factories import (
    ClusterFactory,
    FeedbackFactory,
    LogEntryFactory,
    MessageFactory,
    PairFactory,
    ReplyFactory,
    RuleFactory,
)
from tests.screens.filled_edits import fill_edits
from tests.screens.filled_notes import fill_notes
from tests.screens.filled_training import fill_training
from uno_site.accounts.api_keys import api_key_create
from uno_site.accounts.models import Role, Scope, User
from uno_site.accounts.services import invitation_create
from uno_site.jobs.models import Job, JobState
from uno_site.runtime.services import runtime_settings_change

TOPICS = {
    "E-mails to landlords and offices": (
        "Write an e-mail to my landlord about the broken heating.",
        "Dear Sir or Madam,\n\nI am writing to you today with regard to the heating in my flat, "
        "which, as you may or may not know, has not been working for some days now.",
        "Keep the e-mail to at most three sentences.",
        "Dear Ms Smith,\n\nthe heating has been off since Monday. Please send somebody this "
        "week.\n\nKind regards, Ana",
    ),
    "Tips for everyday life": (
        "Give me tips for sleeping better.",
        "There are many ways to sleep better, and which of them helps depends on many things.",
        "Give tips as a numbered list of at most five.",
        "1. Go to bed at the same time.\n2. Keep the room dark.\n3. No coffee after noon.",
    ),
    "Summaries of reports": (
        "Summarise the report on the bicycle lanes.",
        "The report is about bicycle lanes. It has many pages and says many things about them.",
        "Name the three most important figures.",
        "Lanes grew by 12 km, accidents fell by 8 %, and the cost was 2.1 million.",
    ),
}
WHY = {
    "kind": "base",
    "reason": "unseen",
    "model": "smollm2-135m-instruct",
    "seconds": 3.1,
    "ttft_seconds": 0.4,
    "completion_tokens": 84,
    "distance": 0.61,
}


def fill() -> None:
    """Fill the instance once."""
    random.seed(7)
    User.objects.update(training_consent=True)
    people = _people()
    clusters = [_cluster(name, texts, people) for name, texts in TOPICS.items()]
    _odd_clusters()
    _roles()
    _chats(people[Role.USER])
    fill_notes(people[Role.USER])
    _accounts(people)
    _jobs(people[Role.ADMIN])
    fill_training(clusters, people)
    fill_edits(people[Role.CURATOR], people[Role.USER])
    _uploads(people)
    map_update()


def fill_around() -> None:
    """What ``manage.py demo`` leaves out: special chats, keys, an invitation, uploads."""
    people = _people()
    _special_chats(people[Role.USER])
    fill_notes(people[Role.USER])
    _accounts(people)
    _uploads(people)


def _people() -> dict[str, User]:
    """The accounts that the first start makes, by role: each has its role's name."""
    return {role: User.objects.get(username=role) for role in Role.values}


def _cluster(name: str, texts: tuple[str, ...], people: dict[str, User]) -> Cluster:
    query, response, rule, better = texts
    cluster = ClusterFactory(name=name, gap=round(random.uniform(0.3, 0.7), 2), gap_route="expert")
    ClusterEvent.objects.create(cluster=cluster, kind="created", n_entries=12, n_moved=12)
    ClusterEvent.objects.create(cluster=cluster, kind="joined", n_entries=16, n_moved=4, drift=0.02)
    for number in range(16):
        entry = LogEntryFactory(
            user=people[Role.USER],
            cluster=cluster,
            state=EntryState.DISTILLED,
            query=f"{query} ({number + 1})",
            response=response,
            feedback=[{"kind": "thumb", "text": "-1"}, {"kind": "comment", "text": rule}],
            correction=better if number % 2 else None,
            source="chat",
            query_embedding=pack_vector(_near(cluster)),
            rules_embedding=pack_vector(_near(cluster)),
            embedder=embedder_name(),
        )
        flags = ["not_grounded"] if number == 15 else []
        made = RuleFactory(entry=entry, text=rule, flags=flags)
        pair = PairFactory(entry=entry, chosen=better, flags=["much_shorter"] if flags else [])
        if number < 11:
            item_approve(item=made, by=people[Role.CURATOR])
            item_approve(item=pair, by=people[Role.CURATOR])
        elif number == 12:
            _discuss(pair, people)
        elif number == 11:
            pair_edit(pair=pair, chosen=f"{better}\n\nThank you!", by=people[Role.CURATOR])
    return cluster


def _near(cluster: Cluster) -> np.ndarray:
    """A unit vector near a cluster's centre."""
    noise = np.random.default_rng(random.randrange(10**6)).normal(size=384)
    vector = cluster.centroid_vector + 0.03 * noise
    return vector / np.linalg.norm(vector)


def _discuss(pair: PreferencePair, people: dict[str, User]) -> None:
    """A pair with two opinions that differ, and a comment."""
    opinion_ask(item=pair, by=people[Role.CURATOR])
    item_approve(item=pair, by=people[Role.CURATOR])
    item_reject(item=PreferencePair.objects.get(pk=pair.pk), by=people[Role.ADMIN])
    comment_add(item=pair, text="Is three sentences enough here?", by=people[Role.ADMIN])


def _odd_clusters() -> None:
    noise = ClusterFactory(name="Greetings", is_noise=True, gap=0.1)
    LogEntryFactory(cluster=noise, query="Hello!", state=EntryState.NO_RULES, flags=["satisfied"])
    ClusterFactory(name="Old topic", is_excluded=True)
    LogEntryFactory(query="What is the capital of Peru?", state=EntryState.FAILED)
    LogEntryFactory(query="Translate this letter.", source="import:garden-forum", user=None)


def _roles() -> None:
    for role in RoleName.values:
        binding, _is_new = RoleBinding.objects.get_or_create(role=role)
        if role == RoleName.JUDGE:
            binding.active, binding.checked_at = "reference", timezone.now()
            binding.save()
            RoleCheck.objects.create(
                binding=binding,
                strategy="reference",
                metric="human pairs told right",
                figure=0.84,
                low=0.7,
                high=0.92,
                n=44,
                bar=0.5,
                has_passed=True,
                detail="Labelled set: 37 of 44.",
            )


def _chats(user: User) -> None:
    for name, (query, response, rule, better) in TOPICS.items():
        conversation = conversation_create(user=user)
        conversation.title = query.rstrip(".")
        question = MessageFactory(conversation=conversation, content=query)
        reply = ReplyFactory(
            conversation=conversation,
            parent=question,
            content=response,
            provenance={**WHY, "cluster_name": name},
        )
        FeedbackFactory(message=reply, thumb=-1, comment=rule, reasons=["too_long"])
        first = LogEntry.objects.filter(cluster__name=name, message=None).first()
        LogEntry.objects.filter(pk=first.pk).update(message=reply)
        last = ReplyFactory(
            conversation=conversation,
            parent=question,
            content=better,
            origin=MessageOrigin.CORRECTION,
            correction_of=reply,
        )
        conversation.leaf = last
        conversation.save()
    _special_chats(user)


def _special_chats(user: User) -> None:
    """Code, a formula, a failed reply; one pinned, one in a folder, one archived."""
    code = (
        "Then $x^2 + y^2 = r^2$, and in code:\n\n```python\nprint(x**2 + y**2)\n```\n\n"
        "| x | y |\n|---|---|\n| 3 | 4 |"
    )
    for title, reply, state in (
        ("A circle in Python", code, MessageState.COMPLETE),
        ("The price of bread", "Bread costs", MessageState.INTERRUPTED),
        ("Packing for a week by the sea", "Take a hat.", MessageState.COMPLETE),
    ):
        conversation = conversation_create(user=user)
        conversation.title = title
        conversation.leaf = ReplyFactory(
            parent=MessageFactory(conversation=conversation, content=title + "?"),
            conversation=conversation,
            content=reply,
            state=state,
            error="The server was restarted while this reply was being written."
            if state == MessageState.INTERRUPTED
            else "",
            provenance=WHY,
        )
        conversation.save()
        if title.startswith("A circle"):
            conversation_pin(conversation=conversation, is_pinned=True)
            conversation_file(conversation=conversation, folder_name="Mathematics")
        elif title.startswith("Packing"):
            conversation_archive(conversation=conversation)


def _accounts(people: dict[str, User]) -> None:
    for user in people.values():
        api_key_create(user=user, name="Notebook", scopes=[Scope.CHAT, Scope.FEEDBACK])
    invitation_create(by=people[Role.ADMIN], role=Role.CURATOR, email="eva@example.org")
    values = {"daily_messages_user": 50, "daily_tokens_user": 20000}
    runtime_settings_change(values=values, by=people[Role.ADMIN])


def _jobs(admin: User) -> None:
    now = timezone.now()
    for kind, state, progress, error in (
        ("curation.process", JobState.SUCCEEDED, 1.0, ""),
        ("curation.check_roles", JobState.FAILED, 0.4, "The engine stopped answering."),
        ("training.run", JobState.RUNNING, 0.6, ""),
        ("curation.cluster", JobState.QUEUED, 0.0, ""),
    ):
        Job.objects.create(
            kind=kind,
            state=state,
            progress=progress,
            error=error,
            created_by=admin,
            log="12:00:01 12 conversations\n12:00:09 Distilled 12 of 12\n",
            started_at=now - timedelta(minutes=3) if state != JobState.QUEUED else None,
            heartbeat_at=now,
            finished_at=now if state in (JobState.SUCCEEDED, JobState.FAILED) else None,
        )


def _uploads(people: dict[str, User]) -> None:
    """A file of each kind of import, looked at and not yet imported."""
    path = Path(settings.BASE_DIR) / "training/demo/data/conversations.jsonl"
    for role, page in ((Role.USER, "chat:import"), (Role.CURATOR, "curation:import")):
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(people[role])
        file = SimpleUploadedFile("garden.jsonl", path.read_bytes())
        answer = client.post(reverse(page), {"file": file})
        assert answer.status_code == 302, answer.text
