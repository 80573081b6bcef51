"""Stores follow the database: by its triggers, whoever writes, and however ids are given."""

from uuid import uuid4

import pytest
from django.db import connection, transaction

from chat.experience.models import Experience, Origin, Scope, StoreChange
from chat.experience.services.rules import rules_in_adapters_set
from chat.experience.store import changes, pgvector, triggers
from chat.experience.store.changes import Mark, changes_prune, changes_since, everything_changed
from chat.experience.store.memory import MemoryStore
from chat.experience.store.pgvector import PgVectorStore
from chat.experience.store.scopes import ScopeKey
from tests.factories import ExperienceFactory
from uno_site.engine_clients import embedder_name

pytestmark = pytest.mark.django_db
GLOBAL = (ScopeKey(Scope.GLOBAL),)


def latest() -> Mark:
    found = changes_since(Mark(10**9, "nobody"))
    return found.mark if found else Mark()


@pytest.fixture
def note():
    return ExperienceFactory(owner=None, scope=Scope.GLOBAL, trigger="one")


@pytest.fixture
def find(vector_of):
    """What a store finds for a text, among everybody's notes."""

    def search(store, text="one", n=5):
        hits = store.nearest(GLOBAL, vector_of(text), embedder=embedder_name(), n=n)
        return [key for key, _cosine in hits]

    return search


@pytest.mark.parametrize(
    ("values", "is_told"),
    [
        ({"status": "archived"}, True),
        ({"is_in_adapter": True}, True),
        ({"vector": b"\x00" * 8}, True),
        ({"embedder": "another"}, True),
        ({"hits": 7, "helpful": 3, "harmful": 1}, False),
        ({"trigger": "two", "content": "x", "is_pinned": True}, False),
        ({"status": "active"}, False),
    ],
)
def test_what_a_search_depends_on_is_told_and_nothing_else(note, values, is_told):
    mark = latest()
    Experience.objects.filter(pk=note.pk).update(**values)
    found = changes_since(mark)
    assert (found is not None) is is_told
    if found:
        assert found.ids == {note.pk}


def test_sql_and_cascades_are_told_as_well(alice):
    own = ExperienceFactory(owner=alice)
    mark = latest()
    alice.delete()
    found = changes_since(mark)
    assert found is not None and found.ids == {own.pk}


def test_an_id_that_was_rolled_back_and_given_again_is_no_old_news(note):
    if connection.vendor != "sqlite":
        pytest.skip("sequences of PostgreSQL give no id again")
    with pytest.raises(RuntimeError), transaction.atomic():
        Experience.objects.filter(pk=note.pk).update(status="archived")
        mark = latest()
        raise RuntimeError
    Experience.objects.filter(pk=note.pk).update(embedder="another")
    assert latest().id == mark.id and latest() != mark
    found = changes_since(mark)
    assert found is not None and found.ids is None, "everything is read anew"


def test_too_many_changes_and_forgotten_ones_are_read_whole(note, monkeypatch):
    mark = latest()
    ExperienceFactory.create_batch(3)
    monkeypatch.setattr(changes, "MAX_FOLLOWED", 2)
    assert changes_since(mark).ids is None
    monkeypatch.setattr(changes, "MAX_FOLLOWED", 9)
    assert len(changes_since(mark).ids) == 3
    monkeypatch.setattr(changes, "N_KEPT", 1)
    assert changes_prune() >= 3 and StoreChange.objects.count() == 1
    assert changes_since(mark).ids is None


def test_the_triggers_are_made_again_where_a_table_lost_them(note):
    with connection.cursor() as cursor:
        on = " ON experience_experience" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER experience_change_update{on}")
    mark = latest()
    triggers.ensure()
    Experience.objects.filter(pk=note.pk).update(status="archived")
    assert changes_since(mark) is not None


def test_two_processes_follow_the_same_changes(note, find):
    first, second = MemoryStore(), MemoryStore()
    assert find(first) == find(second) == [note.pk]
    note.delete()
    assert find(first) == find(second) == []
    assert len(first) == len(second) == 0, "the vectors are gone from memory"


def test_forgetting_drops_everything_at_once(note, find):
    store = MemoryStore()
    assert find(store) == [note.pk] and len(store) == 1
    store.forget()
    assert len(store) == 0
    assert find(store) == [note.pk]


def test_an_origin_that_is_off_serves_nothing_once_stores_are_told(note, find):
    store = MemoryStore()
    origin = Origin.objects.create(name="Elsewhere", deployment=note.pk, public_key="x")
    Experience.objects.filter(pk=note.pk).update(origin=origin, origin_row=note.pk)
    assert find(store) == [note.pk]
    Origin.objects.update(is_on=False)
    everything_changed()
    assert find(store) == []


def test_scopes_asked_for_long_ago_are_let_go(alice, bob, vector_of, monkeypatch):
    monkeypatch.setattr("chat.experience.store.memory.MAX_ROWS", 3)
    store = MemoryStore()
    for person in (alice, bob):
        for number in range(2):
            ExperienceFactory(owner=person, trigger=f"{person} {number}")
        keys = (ScopeKey(Scope.PRIVATE, person.pk),)
        store.nearest(keys, vector_of("x"), embedder=embedder_name(), n=1)
    assert len(store) == 2


def test_a_rule_that_an_adapter_learned_retires_and_comes_back(note, find):
    store, rule = MemoryStore(), uuid4()
    Experience.objects.filter(pk=note.pk).update(rule=rule)
    assert find(store) == [note.pk]
    assert rules_in_adapters_set([rule]) == (1, 0)
    assert find(store) == []
    assert rules_in_adapters_set([]) == (0, 1)
    assert find(store) == [note.pk]
    actions = list(note.revisions.order_by("at").values_list("action", flat=True))
    assert actions == ["retired", "restored"]


def test_both_stores_give_the_same(alice, vector_of):
    if not pgvector.is_there():
        pytest.skip("no PostgreSQL with the extension vector")
    for number in range(40):
        ExperienceFactory(owner=None, scope=Scope.GLOBAL, trigger=f"matter {number}")
        ExperienceFactory(owner=alice, trigger=f"own {number}")
    scopes = (ScopeKey(Scope.PRIVATE, alice.pk), *GLOBAL)
    memory, database = MemoryStore(), PgVectorStore()
    for text in ("own 3", "matter 7", "anything"):
        asked = {"embedder": embedder_name(), "n": 20}
        left = memory.nearest(scopes, vector_of(text), **asked)
        right = database.nearest(scopes, vector_of(text), **asked)
        assert [key for key, _ in left] == [key for key, _ in right]
        assert [c for _, c in left] == pytest.approx([c for _, c in right], abs=1e-5)
    Experience.objects.filter(trigger="own 3").update(status="archived")
    Experience.objects.filter(trigger="matter 7").delete()
    for text in ("own 3", "matter 7"):
        left = memory.nearest(scopes, vector_of(text), embedder=embedder_name(), n=20)
        right = database.nearest(scopes, vector_of(text), embedder=embedder_name(), n=20)
        assert [key for key, _ in left] == [key for key, _ in right]
