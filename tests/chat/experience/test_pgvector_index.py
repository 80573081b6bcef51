"""The index of everybody's notes on PostgreSQL, built while people ask."""

import pytest
from django.db import connection

from chat.experience.models import Experience, Scope
from chat.experience.store import pgvector
from chat.experience.store.memory import MemoryStore
from chat.experience.store.pgvector import PgVectorStore
from chat.experience.store.pgvector_index import index_name, indexes_ensure
from chat.experience.store.scopes import ScopeKey
from tests.factories import ExperienceFactory
from uno_site.engine_clients import embedder_name

pytestmark = pytest.mark.django_db(transaction=True)
N_NOTES = 60


@pytest.fixture
def dim(vector_of) -> int:
    """The notes' dimension; the test is skipped where there is no index to build."""
    if not pgvector.is_there():
        pytest.skip("no PostgreSQL with the extension vector")
    for number in range(N_NOTES):
        ExperienceFactory(owner=None, scope=Scope.GLOBAL, trigger=f"matter {number}")
    pgvector.follow()
    yield len(vector_of("x"))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {index_name(len(vector_of('x')))}")


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "experience_pgvector")
    return {name for name, one in found.items() if one["index"] and "half" in name}


def test_few_notes_have_none(dim):
    assert not indexes_ensure(rows=N_NOTES + 1)
    assert indexes() == set()


def test_many_notes_get_one_and_the_answers_stay(dim, alice, vector_of):
    assert indexes_ensure(rows=N_NOTES)
    assert indexes() == {index_name(dim)}
    scopes = (ScopeKey(Scope.PRIVATE, alice.pk), ScopeKey(Scope.GLOBAL))
    ExperienceFactory(owner=alice, trigger="matter of my own")
    for text in ("matter 3", "matter of my own", "anything"):
        asked = {"embedder": embedder_name(), "n": 20}
        left = MemoryStore().nearest(scopes, vector_of(text), **asked)
        right = PgVectorStore().nearest(scopes, vector_of(text), **asked)
        assert [key for key, _ in left] == [key for key, _ in right]
        assert [c for _, c in left] == pytest.approx([c for _, c in right], abs=1e-5)


def test_one_that_broke_off_is_begun_anew(dim):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {index_name(dim)}_unfinished ON experience_pgvector (scope)")
    assert indexes_ensure(rows=N_NOTES)
    assert indexes_ensure(rows=N_NOTES)
    assert indexes() == {index_name(dim)}


def test_a_vector_leaves_with_its_note(dim):
    gone = Experience.objects.first()
    Experience.objects.filter(pk=gone.pk).delete()
    assert vectors() == N_NOTES - 1
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE experience_experience CASCADE")
    assert vectors() == 0


def vectors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM experience_pgvector")
        return cursor.fetchone()[0]
