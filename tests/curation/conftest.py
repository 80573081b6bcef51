"""What the curation tests share: a scripted engine in the place of the served one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from curation.models import EntryState, LogEntry, RoleBinding, RoleName
from curation.services.embedding import embedder_name
from curation.vectors import pack_vector
from tests.factories import LogEntryFactory, RuleFactory
from tests.scripted import ScriptedClient
from uno_site import engine_clients


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedClient]:
    """The served client, replaced by a script that the test may change."""
    client = ScriptedClient()
    engine_clients.served_client.cache_clear()
    monkeypatch.setattr(engine_clients, "HttpClient", lambda *args, **kwargs: client)
    yield client
    engine_clients.served_client.cache_clear()


@pytest.fixture
def settled_roles(db: None) -> Callable[..., None]:
    """Roles whose checks are done: ``settled_roles(judge="none", …)``."""

    def settle(**active: str) -> None:
        defaults = {
            RoleName.DISTILLER: "extractive",
            RoleName.REVISER: "user_edits",
            RoleName.JUDGE: "none",
            RoleName.GAP_SCORER: "likelihood_gap",
            RoleName.CRITIC: "trained_critic",
        }
        for role, strategy in {**defaults, **active}.items():
            RoleBinding.objects.update_or_create(
                role=role, defaults={"active": strategy, "checked_at": timezone.now()}
            )

    settle()
    return settle


@pytest.fixture
def placed_entry(db: None) -> Callable[..., LogEntry]:
    """A distilled entry with a rule whose query lies at a given vector."""

    def make(vector: list[float], text: str = "Keep it short.", **values: object) -> LogEntry:
        entry = LogEntryFactory(state=EntryState.DISTILLED, **values)
        entry.query_embedding = entry.rules_embedding = pack_vector(vector)
        entry.embedder = embedder_name()
        entry.save()
        RuleFactory(entry=entry, text=text)
        return entry

    return make
