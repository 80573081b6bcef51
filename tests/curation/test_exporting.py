"""Approved pairs leave the instance, each line with where it comes from, and come back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from curation.models import EntryState, LogEntry, PairSource, PreferencePair, ReviewState
from curation.services.importing import logs_import
from tests.factories import LogEntryFactory, PairFactory, RuleFactory, UserFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.interchange import read_logs
from uno_site.interchange.writers import WRITERS

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
APPROVED = {"state": ReviewState.APPROVED}


def approved_pair(**values: object) -> PreferencePair:
    entry = LogEntryFactory(state=EntryState.DISTILLED, **values)
    RuleFactory(entry=entry, **APPROVED)
    return PairFactory(entry=entry, **APPROVED)


def body(response: object) -> bytes:
    return b"".join(response)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_a_download_holds_what_is_approved_and_consented(curator: User, client_for: SignIn) -> None:
    pair = approved_pair()
    approved_pair(user=UserFactory(training_consent=False))
    PairFactory()
    response = client_for(curator).get(reverse("curation:export-data", args=["trl"]))
    [row] = map(json.loads, body(response).splitlines())
    assert row["id"] == str(pair.pk)
    assert row["chosen"] == [{"role": "assistant", "content": pair.chosen}]
    assert "attachment; filename=" in response["Content-Disposition"]
    assert AuditEvent.objects.get().data == {"format": "trl"}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("name", WRITERS)
def test_each_line_has_its_provenance(curator: User, client_for: SignIn, name: str) -> None:
    approved_pair(user__username="secret-name")
    approved_pair(user=None, source="import:forum", licence="MIT")
    client = client_for(curator)
    lines = body(client.get(reverse("curation:export-data", args=[name]))).splitlines()
    text = body(client.get(reverse("curation:export-provenance", args=[name])))
    told = list(map(json.loads, text.splitlines()))
    assert [row["sha256"] for row in told] == [hashlib.sha256(line).hexdigest() for line in lines]
    assert [row["line"] for row in told] == list(range(1, len(lines) + 1))
    assert [row["basis"] for row in told[:: WRITERS[name].rows_per_pair]] == [
        "consent of its user",
        "imported file",
    ]
    assert (told[-1]["origin"], told[-1]["licence"]) == ("import:forum", "MIT")
    assert b"secret-name" not in text


def test_the_page_counts_before_the_download(curator: User, client_for: SignIn) -> None:
    approved_pair()
    PairFactory(
        entry=approved_pair(user=None, source="import:forum").entry,
        source=PairSource.REVISION,
        **APPROVED,
    )
    response = client_for(curator).get(reverse("curation:export"))
    counts = response.context["counts"]
    assert (counts.n_pairs, counts.by_origin) == (3, {"chat": 1, "import:forum": 2})
    html = response.content.decode()
    assert "6 rows" in html
    assert "The user&#x27;s own edit" in html


def test_nothing_approved_says_what_to_do(curator: User, client_for: SignIn) -> None:
    assert (
        "Nothing to export yet"
        in client_for(curator).get(reverse("curation:export")).content.decode()
    )


@pytest.mark.parametrize("name", ["export", "import"])
def test_users_see_neither_page(alice: User, client_for: SignIn, name: str) -> None:
    assert client_for(alice).get(reverse(f"curation:{name}")).status_code == 404
    assert client_for(alice).get("/curation/export/trl/").status_code == 404


def test_an_unknown_format_names_the_known(curator: User, client_for: SignIn) -> None:
    response = client_for(curator).get(reverse("curation:export-data", args=["csv"]))
    assert response.status_code == 400
    assert "openai-preference" in response.content.decode()


def test_the_command_writes_data_and_provenance_that_import_again(tmp_path: Path) -> None:
    pairs = [approved_pair() for _ in range(3)]
    path = tmp_path / "pairs.jsonl"
    call_command("export_data", "trl", str(path), verbosity=0)
    assert {(log.preferred, log.response) for log in read_logs(path)} == {
        (pair.chosen, pair.rejected) for pair in pairs
    }
    assert len(path.with_name("pairs.jsonl.provenance.jsonl").read_text().splitlines()) == 3
    report = logs_import(path=path)
    assert (report.n_added, report.n_bad) == (3, 0)
    imported = LogEntry.objects.filter(source="import:file")
    assert set(imported.values_list("preferred_sibling", flat=True)) == {p.chosen for p in pairs}


def test_the_queries_do_not_grow_within_a_batch(django_assert_num_queries: Callable) -> None:
    from curation.services.exporting import export_format, export_rows

    for _ in range(12):
        approved_pair()
    with django_assert_num_queries(2):
        assert len(b"".join(export_rows(export_format("kto"))).splitlines()) == 24
