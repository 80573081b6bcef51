"""Clusters, entries, roles, policy and imports in the browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from curation.models import Cluster, CurationPolicy, EntryState, LogEntry, RoleBinding
from curation.roles.results import CheckResult
from curation.roles.strategies import STRATEGIES
from tests.factories import ClusterFactory, LogEntryFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.jobs.models import Job
from uno_site.uploads import MAX_UPLOAD_BYTES

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_excluding_an_entry_and_a_cluster_and_back(curator: User, client_for: SignIn) -> None:
    client, entry, cluster = client_for(curator), LogEntryFactory(), ClusterFactory()
    for subject, name in ((entry, "entry-exclude"), (cluster, "cluster-exclude")):
        url = reverse(f"curation:{name}", args=[subject.pk])
        for said in ("yes", "yes", "no", "no"):
            client.post(url, {"exclude": said})
            subject.refresh_from_db()
            assert subject.is_excluded is (said == "yes")
        events = AuditEvent.objects.filter(subject_id=str(subject.pk))
        assert events.count() == 2


def test_the_buttons_say_what_they_are_for(curator: User, client_for: SignIn) -> None:
    entry, cluster = LogEntryFactory(), ClusterFactory(is_noise=True, noise_reasons=["Odd."])
    client = client_for(curator)
    pages = {
        "excluded": [client.get(reverse("curation:entry", args=[entry.pk]))],
        "cluster": [client.get(reverse("curation:cluster", args=[cluster.pk]))],
    }
    LogEntry.objects.update(is_excluded=True)
    Cluster.objects.update(is_excluded=True, is_noise=False, params={"is_noise_overruled": True})
    pages["excluded"].append(client.get(reverse("curation:entry", args=[entry.pk])))
    pages["cluster"].append(client.get(reverse("curation:cluster", args=[cluster.pk])))
    for before, after in pages.values():
        assert 'name="exclude" value="yes"' in before.content.decode()
        assert 'name="exclude" value="no"' in after.content.decode()
    before, after = pages["cluster"]
    assert 'name="overrule" value="yes"' in before.content.decode()
    assert 'name="overrule" value="no"' in after.content.decode()


def test_a_button_that_says_nothing_changes_nothing(curator: User, client_for: SignIn) -> None:
    entry = LogEntryFactory()
    url = reverse("curation:entry-exclude", args=[entry.pk])
    assert client_for(curator).post(url).status_code == 400
    entry.refresh_from_db()
    assert not entry.is_excluded


def test_ticked_members_are_excluded(curator: User, client_for: SignIn) -> None:
    cluster = ClusterFactory()
    ticked, left = (LogEntryFactory(cluster=cluster, state=EntryState.DISTILLED) for _ in range(2))
    elsewhere = LogEntryFactory()
    url = reverse("curation:cluster-exclude-members", args=[cluster.pk])
    client_for(curator).post(url, {"item": [str(ticked.pk), str(elsewhere.pk), "x"]})
    excluded = LogEntry.objects.filter(is_excluded=True).values_list("pk", flat=True)
    assert list(excluded) == [ticked.pk]
    assert left.pk not in excluded


def test_a_cluster_says_why_it_is_noise_and_can_be_overruled(
    curator: User, client_for: SignIn
) -> None:
    cluster = ClusterFactory(is_noise=True, noise_reasons=["Its corrections pull both ways."])
    client, url = client_for(curator), reverse("curation:cluster", args=[cluster.pk])
    assert "pull both ways" in client.get(url).content.decode()
    for _ in range(2):  # two curators, or a double click
        client.post(reverse("curation:cluster-noise", args=[cluster.pk]), {"overrule": "yes"})
        assert not Cluster.objects.get().is_noise
    assert "overruled" in client.get(url).content.decode()


def test_a_cluster_is_renamed(curator: User, client_for: SignIn) -> None:
    cluster = ClusterFactory()
    url = reverse("curation:cluster-rename", args=[cluster.pk])
    client_for(curator).post(url, {"name": "Mails to landlords"})
    client_for(curator).post(url, {"name": ""})
    assert Cluster.objects.get().name == "Mails to landlords"


def test_an_entry_can_be_distilled_again(curator: User, client_for: SignIn) -> None:
    entry = LogEntryFactory(state=EntryState.FAILED)
    client_for(curator).post(reverse("curation:entry-retry", args=[entry.pk]))
    entry.refresh_from_db()
    assert entry.state == EntryState.PENDING


@pytest.mark.parametrize(
    ("query", "n_shown"),
    [("", 3), ("?state=pending", 2), ("?signal=correction", 1), ("?q=heating", 1)],
)
def test_entries_are_filtered(curator: User, client_for: SignIn, query: str, n_shown: int) -> None:
    LogEntryFactory(query="The heating is broken.")
    LogEntryFactory(correction="Hi.")
    LogEntryFactory(state=EntryState.NO_RULES)
    response = client_for(curator).get(reverse("curation:entries") + query)
    assert len(response.context["stretch"].rows) == n_shown


def test_the_roles_page_shows_figure_interval_and_fallback(
    curator: User, client_for: SignIn
) -> None:
    binding = RoleBinding.objects.create(role="distiller", active="extractive")
    strategy = STRATEGIES["distiller"][0]
    result = CheckResult.of_share(strategy, 1, 4, model="small", detail="For example babble.")
    binding.checks.create(
        strategy="generative",
        metric=result.metric,
        figure=result.figure,
        low=result.low,
        high=result.high,
        n=result.n,
        bar=result.bar,
        has_passed=result.has_passed,
        detail=result.detail,
        measures=[{"label": "macro F1", "value": 0.86, "low": None, "high": None, "n": 234}],
        calibration={"weight": 2.0, "bias": -1.0},
    )
    html = client_for(curator).get(reverse("curation:roles")).content.decode()
    for text in (
        "25 %",
        "5 % – 70 %",
        "For example babble.",
        "0.86, n = 234",
        "σ(2.00",
        "No prior rules are written.",
    ):
        assert text in html


def test_binding_a_role_queues_its_check(admin: User, client_for: SignIn) -> None:
    url = reverse("curation:role", args=["judge"])
    values = {"engine_url": "http://127.0.0.1:9", "model": "big", "requested": "auto"}
    client_for(admin).post(url, {**values, "engine_token": "secret"})
    binding = RoleBinding.objects.get(role="judge")
    assert (binding.engine_url, binding.engine_token) == ("http://127.0.0.1:9", "secret")
    assert Job.objects.get().params == {"role": "judge"}
    assert "secret" not in client_for(admin).get(url).content.decode()


def test_an_unknown_role_is_refused(admin: User, client_for: SignIn) -> None:
    assert client_for(admin).get(reverse("curation:role", args=["poet"])).status_code == 400


@pytest.mark.parametrize(("value", "saved"), [("0.6", 0.6), ("1.5", 0.45), ("nan", 0.45)])
def test_the_policy_is_saved_if_it_makes_sense(
    admin: User, client_for: SignIn, value: str, saved: float
) -> None:
    values = {
        "gap_threshold": value,
        "clustering_rule": "size_free",
        "route_policy": "evidence",
        "promotion_rule": "paper",
        "auto_approve_rules": ["edit"],
    }
    client_for(admin).post(reverse("curation:policy"), values)
    policy = CurationPolicy.current()
    assert policy.gap_threshold == saved
    saved_rules = ("evidence", "paper") if saved == 0.6 else ("paper", "above_chance")
    assert (policy.route_policy, policy.promotion_rule) == saved_rules
    assert policy.auto_approve_rules == (["edit"] if saved == 0.6 else [])


def upload_file() -> SimpleUploadedFile:
    """A good row and a broken one."""
    turns = [("user", "What is a fjord?"), ("assistant", "A")]
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    return SimpleUploadedFile("mine.jsonl", json.dumps(row).encode() + b"\n{broken")


@pytest.mark.parametrize(
    ("value", "saved"), [("0.3", 0.3), ("1", 1.0), ("0", 0.2), ("1.1", 0.2), ("", 0.2)]
)
def test_the_share_of_new_entries_lies_between_0_and_1(
    admin: User, client_for: SignIn, value: str, saved: float
) -> None:
    values = {
        "gap_threshold": "0.45",
        "clustering_rule": "size_free",
        "route_policy": "paper",
        "promotion_rule": "paper",
        "recluster_share": value,
    }
    client_for(admin).post(reverse("curation:policy"), values)
    assert CurationPolicy.current().recluster_share == saved


@pytest.fixture
def _uploads_here(settings: object, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.usefixtures("_uploads_here")
def test_an_upload_is_looked_at_and_then_queued(curator: User, client_for: SignIn) -> None:
    client = client_for(curator)
    check = client.post(reverse("curation:import"), {"file": upload_file()}).url
    html = client.get(check).content.decode()
    assert "What is a fjord?" in html
    assert "line 2: invalid JSON" in html
    assert not Job.objects.exists()
    client.post(check)
    job = Job.objects.get(kind="curation.import")
    assert job.params["name"] == "mine.jsonl"
    assert Path(job.params["path"]).exists()


@pytest.mark.usefixtures("_uploads_here")
def test_a_discarded_upload_is_gone(curator: User, client_for: SignIn, tmp_path: Path) -> None:
    client = client_for(curator)
    check = client.post(reverse("curation:import"), {"file": upload_file()}).url
    client.post(check + "discard/")
    assert client.get(check).status_code == 404
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.usefixtures("_uploads_here")
def test_another_curator_does_not_see_an_upload(
    curator: User, admin: User, client_for: SignIn
) -> None:
    check = client_for(curator).post(reverse("curation:import"), {"file": upload_file()}).url
    assert client_for(admin).get(check).status_code == 404


@pytest.mark.usefixtures("_uploads_here")
def test_a_file_of_no_known_format_is_refused_by_its_own_name(
    curator: User, client_for: SignIn, tmp_path: Path
) -> None:
    file = SimpleUploadedFile("mine.json", b'[{"a": 1}]')
    response = client_for(curator).post(reverse("curation:import"), {"file": file}, follow=True)
    html = response.content.decode()
    assert "mine.json is of no known format: item 1 has the keys a" in html
    assert str(tmp_path) not in html


@pytest.mark.usefixtures("_uploads_here")
@pytest.mark.parametrize(("name", "size"), [("a.exe", 10), ("a.jsonl", MAX_UPLOAD_BYTES + 1)])
def test_other_or_too_large_files_are_refused(
    curator: User, client_for: SignIn, name: str, size: int
) -> None:
    file = SimpleUploadedFile(name, b"x")
    file.size = size
    from uno_site.errors import InvalidInput
    from uno_site.uploads import upload_save

    with pytest.raises(InvalidInput, match=name):
        upload_save(file)
    assert not Job.objects.exists()


def test_processing_is_queued_from_the_overview(curator: User, client_for: SignIn) -> None:
    LogEntryFactory()
    client_for(curator).post(reverse("curation:process"))
    assert Job.objects.get().kind == "curation.process"
    assert "Waiting" in client_for(curator).get(reverse("curation:overview")).content.decode()


def test_saving_an_older_page_of_the_policy_is_refused(admin: User, client_for: SignIn) -> None:
    client, url = client_for(admin), reverse("curation:policy")
    page = client.get(url)
    values = {**page.context["form"].initial, "seen": page.context["seen"]}
    assert page.context["seen"] in page.content.decode()
    assert client.post(url, {**values, "gap_threshold": 0.5}).status_code == 302
    assert client.post(url, {**values, "recluster_share": 0.3}).status_code == 409
    assert CurationPolicy.current().gap_threshold == 0.5
