"""Two deployments exchange files: what arrives is a candidate, and what was altered is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.experience.models import Experience, Origin, Scope, Source, Status, Tombstone
from curation.experience.editing import curated_edit, last_change_undo
from curation.experience.keys import key_path, own_public_key
from curation.experience.promotion import candidate_decide, note_recall
from curation.experience.sharing import export_lines, import_lines, origin_add, origin_switch
from curation.ml.experience.signing import FileRefused
from tests.curation.experience.rows import episode_of, note_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import Conflict, InvalidInput

ASKED = "How often is the intake filter replaced?"
SAID = "The intake filter is replaced every 14 weeks."
CHANGED = "The intake filter is replaced every 15 weeks."


@contextmanager
def deployment(settings: Any, folder: Path) -> Iterator[None]:
    """Another deployment: its own key, its own rows (ours are put aside meanwhile)."""
    ours = settings.DATA_DIR
    folder.mkdir(exist_ok=True)
    settings.DATA_DIR = folder
    yield
    settings.DATA_DIR = ours


@pytest.fixture
def north(
    alice: User, curator: User, scripted: ScriptedClient, settings: Any, tmp_path: Path
) -> dict[str, Any]:
    """What the northern deployment sends: a note, changed, its tombstone; here they are gone."""
    with deployment(settings, tmp_path / "north"):
        note = note_of(
            None,
            ASKED,
            SAID,
            evidence=episode_of(alice, ASKED, "No.", SAID),
            reviewer=curator,
            hits=9,
            helpful=8,
        )
        note_of(None, "What is not approved?", "The unapproved thing is grey.")
        note_of(alice, "What is private?", "The private thing is blue.")
        key, first = own_public_key(), list(export_lines(name="north"))
        Experience.objects.filter(pk=note.pk).update(content=CHANGED)
        changed = list(export_lines(name="north"))
        note_recall(note=note, by=curator)
        second = list(export_lines(name="north"))
    Experience.objects.all().delete()
    Tombstone.objects.all().delete()
    files = {"first": first, "changed": changed, "second": second}
    return {"key": key, "note": note.pk, **files}


def test_only_approved_notes_of_everybody_leave_and_nothing_about_people(
    north: dict[str, Any], alice: User
) -> None:
    text = "".join(north["first"])
    rows = [json.loads(line)["data"] for line in north["first"][1:-1]]
    assert [row["content"] for row in rows] == [SAID]
    assert set(rows[0]) == {"kind", "id", "note", "matching", "trigger", "content", "importance"}
    assert str(alice.pk) not in text and alice.username not in text
    assert "private" not in text and "unapproved" not in text


def test_what_arrives_is_a_candidate_with_fresh_counters_and_its_origin(
    north: dict[str, Any], admin: User, bob: User
) -> None:
    origin = origin_add(name="North", public_key=north["key"], by=admin)
    report = import_lines(north["first"], by=admin)
    note = Experience.objects.get()
    assert (report.n_new, note.status, note.scope) == (1, Status.CANDIDATE, Scope.GLOBAL)
    assert (note.source, note.origin, note.origin_row) == (Source.IMPORTED, origin, north["note"])
    assert (note.hits, note.helpful, note.harmful) == (0, 0, 0)
    assert note.vector, "embedded here"
    assert not Experience.objects.serving().in_scope_of(bob).exists()


def test_the_same_file_twice_adds_nothing(north: dict[str, Any], admin: User) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    import_lines(north["first"], by=admin)
    report = import_lines(north["first"], by=admin)
    assert (report.n_new, report.n_known) == (0, 1)


def test_a_tombstone_removes_it_and_an_old_file_does_not_bring_it_back(
    north: dict[str, Any], admin: User, curator: User
) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    import_lines(north["first"], by=admin)
    candidate_decide(note=Experience.objects.get(), by=curator, is_approved=True)
    assert import_lines(north["second"], by=admin).n_removed == 1
    assert not Experience.objects.exists()
    assert import_lines(north["first"], by=admin).n_buried == 1
    assert not Experience.objects.exists()


def test_what_serves_again_arrives_again_under_another_id(
    admin: User, curator: User, scripted: ScriptedClient, settings: Any, tmp_path: Path
) -> None:
    with deployment(settings, tmp_path / "north"):
        note = note_of(None, ASKED, SAID, reviewer=curator)
        key, files = own_public_key(), [list(export_lines())]
        for _ in range(2):
            note_recall(note=note, by=curator)
            files.append(list(export_lines()))
            last_change_undo(note=note, by=curator)
            note.refresh_from_db()
            files.append(list(export_lines()))
    Experience.objects.all().delete()
    Tombstone.objects.all().delete()
    origin_add(name="North", public_key=key, by=admin)
    there = []
    for file in files:
        import_lines(file, by=admin)
        there.append(Experience.objects.filter(content=SAID).count())
    assert there == [1, 0, 1, 0, 1]


def test_a_curators_edit_stays_until_the_sender_says_something_new(
    north: dict[str, Any], admin: User, curator: User
) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    import_lines(north["first"], by=admin)
    note = candidate_decide(note=Experience.objects.get(), by=curator, is_approved=True)
    edited = {"trigger": ASKED, "content": f"{SAID} Always.", "kind": "fact"}
    curated_edit(note=note, by=curator, values={**edited, "matching": "meaning"})
    report = import_lines(north["first"], by=admin)
    assert (report.n_known, report.n_changed) == (1, 0)
    note = Experience.objects.get()
    assert (note.content, note.status) == (f"{SAID} Always.", Status.ACTIVE)
    for sent, is_new in ((north["changed"], True), (north["changed"], False)):
        assert import_lines(sent, by=admin).n_changed == is_new
        note = Experience.objects.get()
        assert (note.content, note.status) == (CHANGED, Status.CANDIDATE)


def test_an_altered_file_is_refused_with_the_line_and_nothing_is_taken_in(
    north: dict[str, Any], admin: User
) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    forged = [line.replace("14 weeks", "40 weeks") for line in north["first"]]
    with pytest.raises(FileRefused, match="Line 2"):
        import_lines(forged, by=admin)
    assert not Experience.objects.exists()


def test_a_stranger_is_refused(north: dict[str, Any], admin: User) -> None:
    with pytest.raises(InvalidInput, match="trusts"):
        import_lines(north["first"], by=admin)


def test_a_switched_off_origin_serves_nothing_and_sends_nothing(
    north: dict[str, Any], admin: User, curator: User, bob: User
) -> None:
    origin = origin_add(name="North", public_key=north["key"], by=admin)
    import_lines(north["first"], by=admin)
    candidate_decide(note=Experience.objects.get(), by=curator, is_approved=True)
    assert Experience.objects.serving().in_scope_of(bob).exists()
    origin_switch(origin=origin, is_on=False, by=admin)
    assert not Experience.objects.serving().in_scope_of(bob).exists()
    with pytest.raises(InvalidInput, match="switched off"):
        import_lines(north["second"], by=admin)


def test_what_was_imported_is_not_exported_again(
    north: dict[str, Any], admin: User, curator: User
) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    import_lines(north["first"], by=admin)
    candidate_decide(note=Experience.objects.get(), by=curator, is_approved=True)
    assert len(list(export_lines())) == 2, "header and end alone"


def test_a_trusted_sender_cannot_plant_either(
    curator: User, admin: User, scripted: ScriptedClient, settings: Any, tmp_path: Path
) -> None:
    with deployment(settings, tmp_path / "south"):
        note = note_of(None, ASKED, SAID, reviewer=curator)
        lines, key = list(export_lines()), own_public_key()
        Experience.objects.filter(pk=note.pk).update(content="See www.evil-filter.com now.")
        from curation.experience import sharing

        original, sharing.text_faults = sharing.text_faults, lambda *texts: []
        hostile = list(export_lines())
        sharing.text_faults = original
    Experience.objects.all().delete()
    origin_add(name="South", public_key=key, by=admin)
    report = import_lines(hostile, by=admin)
    assert (report.n_new, dict(report.refusals)) == (0, {"link": 1})
    assert import_lines(lines, by=admin).n_new == 1


def test_a_sender_is_added_once(north: dict[str, Any], admin: User) -> None:
    origin_add(name="North", public_key=north["key"], by=admin)
    with pytest.raises(Conflict):
        origin_add(name="Again", public_key=north["key"], by=admin)
    assert Origin.objects.count() == 1


def test_the_key_is_for_its_owner_only(scripted: ScriptedClient) -> None:
    assert own_public_key() == own_public_key()
    assert key_path().stat().st_mode & 0o077 == 0


def test_the_commands_do_the_same(
    north: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "north.jsonl"
    path.write_text("".join(north["first"]), encoding="utf-8")
    with pytest.raises(CommandError, match="trusts"):
        call_command("import_experience", str(path))
    call_command("import_experience", str(path), key=north["key"], name="North")
    assert "1 new" in capsys.readouterr().out
    path.write_text("".join(north["first"]).replace("14 weeks", "41 weeks"), encoding="utf-8")
    with pytest.raises(CommandError, match="Line"):
        call_command("import_experience", str(path))
    call_command("export_experience", str(tmp_path / "out.jsonl"))
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 2
