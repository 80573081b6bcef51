"""A large deployment's rows for :mod:`tests.benchmarks.pages`, written in bulk."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import count
from typing import Any

import numpy as np
from django.utils import timezone

from chat.models import Conversation, Message, MessageOrigin, MessageRole
from curation.models import (
    Cluster,
    EntryState,
    LogEntry,
    PairSource,
    PreferencePair,
    ReviewState,
    Rule,
)
from training.models import Adapter, AdapterKind, RunState, TrainingRun
from uno_site.accounts.models import Role, User
from uno_site.database import statistics_refresh
from uno_site.jobs.models import Job, JobState

N_CONVERSATIONS, N_MESSAGES = 5_000, 100_000
N_ENTRIES = N_PAIRS = 20_000
N_CLUSTERS, N_PEOPLE, N_RUNS, N_ADAPTERS, N_JOBS = 50, 20, 500, 500, 1_000
BATCH, DIM = 2_000, 384
OWNER = "owner"
WORDS = (
    "garden",
    "window",
    "kitchen",
    "letter",
    "meeting",
    "train",
    "summer",
    "recipe",
    "report",
    "answer",
    "question",
    "river",
    "music",
    "health",
    "budget",
    "paper",
    "lesson",
    "travel",
    "house",
    "market",
    "number",
    "colour",
    "plan",
)


def fill() -> User:
    """Fill the database unless it is; the admin to whom all messages belong."""
    if owner := User.objects.filter(username=OWNER).first():
        return owner
    draw = random.Random(0)
    owner = User.objects.create_user(
        username=OWNER, password="unused-here", role=Role.ADMIN, training_consent=True
    )
    people = [
        User(username=f"person{n}", password="!", training_consent=True) for n in range(N_PEOPLE)
    ]
    User.objects.bulk_create(people)
    _messages(owner, draw)
    clusters = _clusters(draw)
    entries = _entries(people, clusters, draw)
    _reviewed(entries, owner, draw)
    _training(clusters, owner)
    statistics_refresh()  # as the worker does every day
    return owner


def sizes() -> dict[str, int]:
    """How many rows there are of each kind."""
    models = (Message, Conversation, LogEntry, Rule, PreferencePair, Cluster, TrainingRun, Job)
    return {str(model._meta.verbose_name_plural): model.objects.count() for model in models}


def text(draw: random.Random, n_words: int) -> str:
    """Sentences of common words; every second one names the heating."""
    words = draw.choices(WORDS, k=n_words)
    if draw.random() < 0.5:
        words[n_words // 2] = "heating"
    if draw.random() < 0.0005:
        words[0] = "rareword"
    return " ".join(words).capitalize() + "."


def _spread(model: Any, rows: list[Any], days: float = 300.0) -> None:
    """Write rows whose ``created_at`` lie apart, as they would in life."""
    begin, number = timezone.now() - timedelta(days=days), count()
    model.objects.bulk_create(rows, batch_size=BATCH)
    step = timedelta(days=days) / max(len(rows), 1)
    for row in rows:
        row.created_at = row.updated_at = begin + next(number) * step
    model.objects.bulk_update(rows, ["created_at", "updated_at"], batch_size=400)


def _messages(owner: User, draw: random.Random) -> None:
    conversations = [
        Conversation(user=owner, title=text(draw, 5)[:100], is_pinned=n % 500 == 0)
        for n in range(N_CONVERSATIONS)
    ]
    _spread(Conversation, conversations)
    rows: list[Message] = []
    for n in range(N_MESSAGES):
        is_reply = n % 2 == 1
        rows.append(
            Message(
                conversation=conversations[n // (N_MESSAGES // N_CONVERSATIONS)],
                role=MessageRole.ASSISTANT if is_reply else MessageRole.USER,
                origin=MessageOrigin.MODEL if is_reply else MessageOrigin.PERSON,
                content=_reply(n, draw) if is_reply else text(draw, 25),
            )
        )
    _spread(Message, rows)


def _reply(number: int, draw: random.Random) -> str:
    """Every tenth reply is long, and typeset: letters beyond ASCII cost a search the most."""
    if number % 20 == 1:
        return " ".join(f"“{text(draw, 120)}” – déjà vu." for _ in range(10))
    return text(draw, 120)


def _clusters(draw: random.Random) -> list[Cluster]:
    vectors = _unit(np.random.default_rng(0).normal(size=(N_CLUSTERS, DIM)))
    clusters = [
        Cluster(
            name=f"Cluster {n:02d} {text(draw, 3)}"[:100],
            centroid=vectors[n].tobytes(),
            n_members=N_ENTRIES // N_CLUSTERS,
            distance_limit=1.0,
            gap=draw.random(),
            gap_route="expert",
        )
        for n in range(N_CLUSTERS)
    ]
    _spread(Cluster, clusters)
    return clusters


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")


def _entries(people: list[User], clusters: list[Cluster], draw: random.Random) -> list[LogEntry]:
    from curation.services.embedding import embedder_name

    vectors = _unit(np.random.default_rng(1).normal(size=(N_ENTRIES, DIM)))
    entries = []
    for n in range(N_ENTRIES):
        query = text(draw, 25)
        entries.append(
            LogEntry(
                user=people[n % N_PEOPLE] if n % 5 else None,
                source="chat" if n % 5 else "import.jsonl",
                content_hash=f"{n:064x}",
                messages=[{"role": "user", "content": query}],
                query=query,
                response=text(draw, 150),
                feedback=[{"kind": "comment", "text": text(draw, 15)}],
                state=EntryState.DISTILLED,
                query_embedding=vectors[n].tobytes(),
                rules_embedding=vectors[n].tobytes(),
                embedder=embedder_name(),
                cluster=clusters[n % N_CLUSTERS],
                cluster_distance=draw.random(),
            )
        )
    _spread(LogEntry, entries)
    return entries


def _reviewed(entries: list[LogEntry], curator: User, draw: random.Random) -> None:
    rules, pairs = [], []
    for entry in entries:
        rules.append(
            Rule(entry=entry, text=text(draw, 8), strategy="extractive", **_state(curator, draw))
        )
        pairs.append(
            PreferencePair(
                entry=entry,
                source=PairSource.USER_EDIT,
                chosen=_chosen(entry.response, draw),
                rejected=entry.response,
                **_state(curator, draw),
            )
        )
    _spread(Rule, rules)
    _spread(PreferencePair, pairs)


def _chosen(response: str, draw: random.Random) -> str:
    """Half of the better answers are edits of the response, half are other texts."""
    if draw.random() < 0.5:
        return text(draw, 100)
    words = response.split()
    del words[10:40]
    return " ".join(["Hi,", *words])


def _state(curator: User, draw: random.Random) -> dict[str, Any]:
    """Of twenty, twelve wait (one flagged, one skipped), six are approved, two rejected."""
    place = draw.randrange(20)
    if place < 12:
        return {
            "flags": ["degenerate"] if place == 0 else [],
            "skipped_at": timezone.now() if place == 1 else None,
        }
    state = ReviewState.APPROVED if place < 18 else ReviewState.REJECTED
    return {"state": state, "reviewed_by": curator, "reviewed_at": timezone.now()}


def _training(clusters: list[Cluster], owner: User) -> None:
    jobs = [
        Job(
            kind="training.run",
            state=JobState.SUCCEEDED,
            progress=1.0,
            log="A line of the log.\n" * 200,
            created_by=owner,
        )
        for _ in range(N_JOBS)
    ]
    _spread(Job, jobs)
    runs = [
        TrainingRun(
            cluster=clusters[n % N_CLUSTERS],
            cluster_name=clusters[n % N_CLUSTERS].name,
            kind=AdapterKind.EXPERT,
            state=RunState.ACCEPTED,
            job=jobs[n],
        )
        for n in range(N_RUNS)
    ]
    _spread(TrainingRun, runs)
    adapters = [
        Adapter(
            run=runs[n],
            cluster=runs[n].cluster,
            kind=AdapterKind.EXPERT,
            name=f"adapter-{n}",
            version=1,
            epoch=1,
            path="/nowhere",
            sha256="0" * 64,
            base_sha256="0" * 64,
        )
        for n in range(N_ADAPTERS)
    ]
    _spread(Adapter, adapters)
