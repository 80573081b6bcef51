"""After a person is erased, nothing of theirs is found anywhere: every table, vector, file, export,
and cache is searched for words that only they wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from chat.experience.models import ErasureReceipt, Experience, Scope, Source, Status
from chat.experience.recall import notes_of
from chat.experience.services.embedding import pack
from chat.experience.services.notes import note_create, note_dispute, uses_record
from chat.experience.store.memory import memory_store
from chat.services.conversations import conversation_create
from curation.experience.changes import experience_change
from curation.experience.distilling import episodes_distil
from curation.experience.drafting import ExtractiveDrafter
from curation.experience.promotion import note_promote
from curation.experience.redistilling import notes_redistil
from curation.experience.refining import refine_apply, refine_run_create
from curation.experience.sharing import export_lines
from curation.models import ReviewState, RoleBinding, RoleName
from tests.curation.experience.rows import episode_of, note_of
from tests.factories import (
    ClusterFactory,
    ConversationFactory,
    FeedbackFactory,
    LogEntryFactory,
    PairFactory,
    ReplyFactory,
    RuleFactory,
    UserFactory,
)
from tests.scripted import ScriptedClient
from tests.training.conftest import make_adapter, make_run
from training.models import Adapter, RunState, TrainingExample
from training.services.erasure import person_erase
from training.services.run_folder import row_id
from uno_site.accounts.models import User
from uno_site.errors import Conflict
from uno_site.uploads import upload_save

MARK = "zyrqualin"
"""A word that only the erased person ever wrote."""
ASKED = f"How often is the {MARK} filter replaced?"
SAID = f"The {MARK} filter is replaced every 14 weeks."
OTHERS = "How often does one change the intake filter?"
OTHERS_SAID = "The intake filter is replaced every 14 weeks."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled(db: None) -> None:
    from django.utils import timezone

    RoleBinding.objects.create(
        role=RoleName.DISTILLER, active="extractive", checked_at=timezone.now()
    )


@pytest.fixture
def quitter(scripted: ScriptedClient) -> User:
    return UserFactory(username=f"{MARK}-person", email=f"{MARK}@example.org")


@pytest.fixture
def others() -> list[User]:
    return [UserFactory(), UserFactory(), UserFactory()]


def learn(user: User, asked: str, said: str) -> Experience:
    """The note that a correction leaves."""
    episode_of(user, asked, "I do not know.", f"No. {said}")
    episodes_distil(drafter=ExtractiveDrafter(), is_busy=lambda: False)
    return Experience.objects.filter(owner=user).latest("created_at")


def shared_by(people: list[User], texts: list[tuple[str, str]], curator: User) -> Experience:
    """A note of everybody's that rests on what each of the people said in their own words."""
    notes = [learn(user, *text) for user, text in zip(people, texts, strict=True)]
    first = notes[0]
    for other in notes[1:]:
        for row in other.evidence.all():
            first.evidence.create(episode=row.episode, message=row.message)
        other.delete()
    return note_promote(note=first, by=curator)


def everything_of(user: User, curator: User, data_dir: Path) -> None:
    """The mark in every place where a person's words may end up."""
    chat = ConversationFactory(user=user, title=f"About {MARK}")
    reply = ReplyFactory(conversation=chat, content=f"{MARK} reply", parent__content=ASKED)
    FeedbackFactory(message=reply, user=user, comment=f"{MARK} comment")
    conversation_create(user=user)
    cluster = ClusterFactory(name=f"{MARK}, filter")
    entry = LogEntryFactory(user=user, message=reply, query=ASKED, cluster=cluster, response=MARK)
    RuleFactory(entry=entry, text=f"Say {MARK}.", state=ReviewState.APPROVED)
    PairFactory(entry=entry, chosen=f"{MARK} chosen", state=ReviewState.APPROVED)
    run = make_run(cluster, data_dir)
    Path(run.folder).mkdir(parents=True, exist_ok=True)
    example = {"id": row_id(entry.pk, entry.pk), "entry": str(entry.pk), "prompt": MARK}
    (Path(run.folder) / "train.jsonl").write_text(json.dumps(example) + "\n", encoding="utf-8")
    TrainingExample.objects.create(run=run, entry=entry, entry_key=entry.pk, split="train")
    make_adapter(cluster, data_dir, run=run)
    note_create(owner=user, trigger=f"my {MARK}", content=f"I wrote {MARK} myself.")
    upload_save(SimpleUploadedFile("logs.jsonl", MARK.encode()), user)
    cache.set(f"{MARK}-key", MARK)
    Client().force_login(user)
    note = learn(user, ASKED, SAID)
    experience_change(note, "edited", by=user, content=f"{SAID} Indeed {MARK}.")
    uses_record(reply.pk, [_used(note)])
    refine_apply(run=refine_run_create(), by=curator)


def _used(note: Experience) -> dict[str, Any]:
    return {"id": str(note.pk), "rank": 1, "similarity": 1.0, "score": 1.0, "n_tokens": 9}


def tables_with(word: str) -> Iterator[str]:
    """Every table and column of the database, ours or not, with the word in any row."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = connection.introspection.get_table_description(cursor, table)
            for column in columns:
                cursor.execute(
                    f'SELECT COUNT(*) FROM "{table}" WHERE CAST("{column.name}" AS TEXT) LIKE %s',
                    [f"%{word}%"],
                )
                if cursor.fetchone()[0]:
                    yield f"{table}.{column.name}"


def files_with(word: str, folder: Path) -> list[str]:
    """Every file under the folder that holds the word, or is called by it."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and (word in path.name or word.encode() in path.read_bytes())
    ]


def test_nothing_is_left_anywhere(
    quitter: User,
    others: list[User],
    curator: User,
    admin: User,
    data_dir: Path,
    scripted: ScriptedClient,
) -> None:
    everything_of(quitter, curator, data_dir)
    texts = [(ASKED, SAID), (OTHERS, OTHERS_SAID), (OTHERS, OTHERS_SAID)]
    shared = shared_by([quitter, *others[:2]], texts, curator)
    vectors = [
        bytes(note.vector) for note in Experience.objects.filter(owner=quitter) if note.vector
    ]
    vectors.append(bytes(Experience.objects.get(pk=shared.pk).vector))
    embedding = scripted.embed([ASKED])[0]
    note_dispute(note=shared, by=quitter)
    assert notes_of(others[2], ASKED, embedding), "it serves, and is in the store's memory"
    assert len(set(tables_with(MARK))) > 8 and files_with(MARK, data_dir)

    quitter_id = quitter.pk.hex
    receipt = person_erase(user=quitter, by=admin)

    assert not notes_of(others[2], ASKED, embedding), "offline at once"
    notes_redistil(drafter=ExtractiveDrafter(), is_busy=lambda: False)
    assert list(tables_with(MARK)) == []
    assert list(tables_with(quitter_id)) == []
    assert files_with(MARK, data_dir) == []
    assert MARK not in "".join(export_lines())
    assert cache.get(f"{MARK}-key") is None
    kept = [bytes(row.vector) for row in Experience.objects.exclude(vector=None)]
    assert not set(vectors) & set(kept)
    assert str(receipt.pk) and quitter.username not in json.dumps(receipt.items)
    in_memory = memory_store._partitions.values()
    assert not any(pack(row) in vectors for part in in_memory for row in part._matrix[: len(part)])


def test_what_others_said_too_is_distilled_anew_from_them(
    quitter: User, others: list[User], curator: User, admin: User
) -> None:
    texts = [(ASKED, SAID), *[(OTHERS, OTHERS_SAID)] * 3]
    shared = shared_by([quitter, *others], texts, curator)
    receipt = person_erase(user=quitter, by=admin)
    assert receipt.finished_at is None, "something waits"
    assert not Experience.objects.serving().exists()
    assert notes_redistil(is_busy=lambda: False) == {"n_redistilled": 1, "n_deleted": 0}
    note = Experience.objects.get(scope=Scope.GLOBAL)
    assert (note.content, note.trigger) == (OTHERS_SAID, OTHERS)
    assert note.status == Status.ACTIVE, "three people still say so"
    receipt.refresh_from_db()
    assert receipt.finished_at is not None
    done = {item["id"]: item["done"] for item in receipt.items}
    assert done[str(shared.pk)] == "redistilled"


def test_where_too_few_are_left_it_waits_for_a_curator(
    quitter: User, others: list[User], curator: User, admin: User
) -> None:
    texts = [(ASKED, SAID), *[(OTHERS, OTHERS_SAID)] * 2]
    shared_by([quitter, *others[:2]], texts, curator)
    person_erase(user=quitter, by=admin)
    notes_redistil(is_busy=lambda: False)
    assert Experience.objects.get(scope=Scope.GLOBAL).status == Status.CANDIDATE


def test_a_shared_note_of_theirs_alone_goes(
    quitter: User, admin: User, scripted: ScriptedClient
) -> None:
    episode = episode_of(quitter, ASKED, "No.", SAID)
    note_of(None, ASKED, SAID, evidence=episode)
    person_erase(user=quitter, by=admin)
    assert not Experience.objects.exists()


def test_adapters_that_learned_from_them_are_flagged_and_listed(
    quitter: User, curator: User, admin: User, data_dir: Path
) -> None:
    everything_of(quitter, curator, data_dir)
    receipt = person_erase(user=quitter, by=admin)
    adapter = Adapter.objects.get()
    assert adapter.is_tainted
    flagged = [item for item in receipt.items if item["done"] == "flagged"]
    assert flagged == [{"table": "training_adapter", "id": str(adapter.pk), "done": "flagged"}]


def test_what_went_on_from_them_is_listed_too(
    quitter: User, curator: User, admin: User, data_dir: Path
) -> None:
    everything_of(quitter, curator, data_dir)
    first = Adapter.objects.get()
    for config in ({"init_from": first.path}, {}):
        cluster = ClusterFactory()
        run = make_run(cluster, data_dir, config=config, state=RunState.ACCEPTED)
        make_adapter(cluster, data_dir, run=run)
    receipt = person_erase(user=quitter, by=admin)
    tainted = {str(adapter.pk) for adapter in Adapter.objects.filter(is_tainted=True)}
    assert len(tainted) == 2
    assert {item["id"] for item in receipt.items if item["done"] == "flagged"} == tainted


def test_withdrawing_consent_takes_back_what_was_learned_and_keeps_what_they_wrote(
    quitter: User, scripted: ScriptedClient
) -> None:
    from curation.experience.erasing import has_to_forget, withdrawals_follow

    learn(quitter, ASKED, SAID)
    own = note_of(quitter, "my bike", "My bike is red.", source=Source.WRITTEN)
    quitter.training_consent = False
    quitter.save()
    assert has_to_forget()
    withdrawals_follow()
    assert list(Experience.objects.all()) == [own]
    assert ErasureReceipt.objects.get().finished_at is not None
    assert not has_to_forget()


def test_a_deleted_chat_takes_its_notes_along(quitter: User, scripted: ScriptedClient) -> None:
    from curation.experience.erasing import withdrawals_follow

    note = learn(quitter, ASKED, SAID)
    note.evidence.get().episode.conversation.delete()
    withdrawals_follow()
    assert not Experience.objects.exists()


def test_nobody_erases_themselves_or_the_last_admin(admin: User, quitter: User) -> None:
    with pytest.raises(Conflict):
        person_erase(user=admin, by=admin)
    with pytest.raises(Conflict):
        person_erase(user=admin, by=None)


def test_the_command_asks_by_name(
    quitter: User, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError):
        call_command("erase_person", "nobody")
    call_command("erase_person", quitter.username, yes=True)
    assert "receipt" in capsys.readouterr().out
    assert not User.objects.filter(pk=quitter.pk).exists()
