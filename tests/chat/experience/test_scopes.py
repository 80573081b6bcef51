"""Only a person's scopes are searched: the filter comes before the search."""

import pytest
from django.contrib.auth.models import Group

from chat.experience.models import Experience, Scope, Status
from chat.experience.selectors import candidates_for
from chat.experience.store import pgvector
from chat.experience.store.memory import MemoryStore, memory_store
from chat.experience.store.scopes import ScopeKey, scopes_of
from tests.factories import ExperienceFactory
from uno_site.engine_clients import embedder_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(alice):
    group = Group.objects.create(name="team")
    alice.groups.add(group)
    return group


def found(user, vector):
    return [item.trigger for item in candidates_for(user, vector)]


def test_a_person_gets_their_own_their_groups_and_everybodys(alice, bob, team, vector_of):
    other = Group.objects.create(name="others")
    ExperienceFactory(owner=alice, trigger="own")
    ExperienceFactory(owner=bob, trigger="of bob")
    ExperienceFactory(owner=None, scope=Scope.GROUP, group=team, trigger="of the team")
    ExperienceFactory(owner=None, scope=Scope.GROUP, group=other, trigger="of others")
    ExperienceFactory(owner=None, scope=Scope.GLOBAL, trigger="of all")
    assert sorted(found(alice, vector_of("own"))) == ["of all", "of the team", "own"]
    assert sorted(found(bob, vector_of("own"))) == ["of all", "of bob"]


def test_a_crowd_of_nearer_notes_of_others_hides_none_of_ones_own(alice, bob, vector_of):
    """A search over everything with a filter afterwards would fail here: all of the nearest
    are bob's."""
    for number in range(80):
        ExperienceFactory(owner=bob, trigger="the same", content=f"Of bob, {number}.")
    own = ExperienceFactory(owner=alice, trigger="something else")
    assert [item.id for item in candidates_for(alice, vector_of("the same"), n=5)] == [own.pk]


def test_what_is_not_ones_own_is_never_even_compared(alice, bob, vector_of):
    ExperienceFactory(owner=bob, trigger="secret")
    store = MemoryStore()
    store.nearest(scopes_of(alice), vector_of("secret"), embedder=embedder_name(), n=5)
    held = {scope for scope, _embedder in store._partitions}
    assert held == {ScopeKey(Scope.PRIVATE, alice.pk), ScopeKey(Scope.GLOBAL)}
    assert len(store) == 0


@pytest.mark.parametrize("status", [status for status in Status if status != Status.ACTIVE])
def test_only_notes_in_use_are_found(alice, vector_of, status):
    ExperienceFactory(owner=alice, trigger="own", status=status)
    assert found(alice, vector_of("own")) == []


def test_leaving_a_group_takes_its_notes_away_at_once(alice, team, vector_of):
    ExperienceFactory(owner=None, scope=Scope.GROUP, group=team, trigger="of the team")
    assert found(alice, vector_of("of the team"))
    alice.groups.clear()
    assert found(alice, vector_of("of the team")) == []


def test_another_embedders_vectors_are_left_out(alice, vector_of):
    ExperienceFactory(owner=alice, trigger="own", embedder="another")
    assert found(alice, vector_of("own")) == []


def test_memory_follows_every_write_whoever_makes_it(alice, vector_of):
    assert found(alice, vector_of("own")) == []
    note = ExperienceFactory(owner=alice, trigger="own")
    assert found(alice, vector_of("own")) == ["own"]
    Experience.objects.filter(pk=note.pk).update(status=Status.ARCHIVED)
    assert found(alice, vector_of("own")) == []
    Experience.objects.filter(pk=note.pk).update(status=Status.ACTIVE)
    assert found(alice, vector_of("own")) == ["own"]
    if pgvector.is_there():
        return
    alice.delete()
    assert len(memory_store) == 1, "nobody has asked yet"
    memory_store.nearest([ScopeKey(Scope.GLOBAL)], vector_of("x"), embedder=embedder_name(), n=1)
    assert len(memory_store) == 0
