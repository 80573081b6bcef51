"""Adapters from elsewhere: what is refused, and what is registered and verified."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.inference.lora import SHAPES, make_adapter
from tests.scripted import ScriptedClient
from training.errors import PromotionRefused
from training.jobs import verify_run
from training.models import Adapter, AdapterState, RunState, Split, TrainingRun
from training.services import adapter_archive
from training.services.adapter_upload import adapter_upload
from training.services.downloads import adapter_zip
from training.services.promotion import promote
from training.services.run_control import run_resume
from training.services.runs import abandoned_runs, run_create
from uno_site.errors import Conflict, InvalidInput
from uno_site.inference.errors import AdapterInvalid
from uno_site.jobs.context import JobContext
from uno_site.jobs.models import Job, JobState

ClientFor = Callable[[Any], Client]


@pytest.fixture
def peft(tmp_path: Path) -> Path:
    """A PEFT folder of the reference model's shapes."""
    return make_adapter(tmp_path / "mine", layers=1)


def zipped(folder: Path, **more: bytes | str) -> SimpleUploadedFile:
    """The folder as an upload, with ``more`` files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"mine/{file.name}")
        for name, content in more.items():
            archive.writestr(name, content)
    return SimpleUploadedFile("mine.zip", buffer.getvalue(), "application/zip")


def upload(cluster: Cluster, file: Any, kind: str = "expert") -> Adapter:
    return adapter_upload(cluster=cluster, kind=kind, file=file, by=None)


def record(folder: Path, **values: Any) -> None:
    (folder / "uno.json").write_text(json.dumps(values))


def test_it_is_registered_as_not_verified_and_its_verification_waits(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path, data_dir: Path
) -> None:
    adapter = upload(ready_cluster, zipped(peft))
    run = adapter.run
    assert (adapter.state, adapter.version, adapter.kind) == (AdapterState.CANDIDATE, 1, "expert")
    assert Path(adapter.path).is_relative_to(data_dir)
    assert (run.state, run.n_train, run.n_validation) == (RunState.TRAINED, 0, 10)
    assert run.config["r"] == 4
    assert (run.job.kind, run.job.state) == ("training.verify", JobState.QUEUED)
    assert not abandoned_runs().exists()
    assert scripted.loaded == {}
    with pytest.raises(PromotionRefused, match="has not passed verification"):
        promote([adapter], None)


def test_its_verification_decides_as_on_any_other(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path
) -> None:
    run = upload(ready_cluster, zipped(peft)).run
    verify_run(JobContext(run.job))
    run.refresh_from_db()
    assert run.state in (RunState.ACCEPTED, RunState.REFUSED)
    assert run.verification.n_prompts == 10
    assert run.verification.epochs[0]["validation_loss"] is None
    assert run.verification.adapter == Adapter.objects.get()


def test_a_verification_that_failed_is_tried_again(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path
) -> None:
    run = upload(ready_cluster, zipped(peft)).run
    Job.objects.update(state=JobState.FAILED)
    TrainingRun.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    run = TrainingRun.objects.get(pk=run.pk)
    run_resume(run=run, by=None)
    run.job.refresh_from_db()
    assert run.job.state == JobState.QUEUED


def test_a_download_comes_back_and_is_not_asked_what_it_learned(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    torch_base: Any,
    peft: Path,
    tmp_path: Path,
    data_dir: Path,
) -> None:
    origin = run_create(ready_cluster, "expert", None)
    record(peft, kind="expert", base_sha256="0" * 64, data_hash=origin.data_hash)
    adapter = upload(ready_cluster, zipped(peft))
    assert adapter.run.n_validation == origin.n_validation
    learned = adapter.run.examples.filter(split=Split.TRAIN)
    assert learned.count() == origin.n_train
    again = SimpleUploadedFile("again.zip", adapter_zip(adapter), "application/zip")
    with pytest.raises(Conflict, match="here already"):
        upload(ready_cluster, again)


def test_what_was_withdrawn_does_not_come_back(
    ready_cluster: Cluster, scripted: ScriptedClient, torch_base: Any, peft: Path
) -> None:
    origin = run_create(ready_cluster, "expert", None)
    origin.examples.update(taken_back_at=timezone.now())
    record(peft, kind="expert", base_sha256="0" * 64, data_hash=origin.data_hash)
    with pytest.raises(Conflict, match="withdrawn"):
        upload(ready_cluster, zipped(peft))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine/pytorch_model.bin", "could run code"),
        ("mine/extra.PKL", "could run code"),
        ("../outside.txt", "leads elsewhere"),
        ("/etc/passwd", "leads elsewhere"),
        ("..\\outside.txt", "leads elsewhere"),
        ("C:/outside.txt", "leads elsewhere"),
        ("other/adapter_config.json", "twice"),
    ],
)
def test_suspicious_archives_are_refused_by_name(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    peft: Path,
    data_dir: Path,
    name: str,
    words: str,
) -> None:
    with pytest.raises(InvalidInput, match=words):
        upload(ready_cluster, zipped(peft, **{name: b"x"}))
    assert not list((data_dir / "runs").iterdir())
    assert not TrainingRun.objects.exists()


def test_a_small_zip_of_a_large_file_is_refused(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    peft: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(adapter_archive.MAX_FILE_BYTES, "adapter_model.safetensors", 2**20)
    (peft / "adapter_model.safetensors").write_bytes(bytes(3 * 2**20))
    file = zipped(peft)
    assert file.size < 2**20
    with pytest.raises(InvalidInput, match="larger than 1 MB"):
        upload(ready_cluster, file)


def test_a_large_upload_is_refused_before_it_is_read(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.services.adapter_archive.MAX_ZIP_BYTES", 100)
    with pytest.raises(InvalidInput, match="the limit is"):
        upload(ready_cluster, zipped(peft))


def test_what_is_no_adapter_is_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path
) -> None:
    with pytest.raises(InvalidInput, match="cannot be unpacked"):
        upload(ready_cluster, SimpleUploadedFile("mine.zip", b"no zip"))
    (peft / "adapter_model.safetensors").write_bytes(b"garbage")
    with pytest.raises(InvalidInput, match=r"mine\.zip/adapter_model.* is damaged"):
        upload(ready_cluster, zipped(peft))
    (peft / "adapter_model.safetensors").unlink()
    with pytest.raises(InvalidInput, match="holds no adapter_model"):
        upload(ready_cluster, zipped(peft))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_sha256": "f" * 64}, "was trained on base ffffffffffff"),
        ({"kind": "critic"}, "was trained as critic; expert was chosen"),
    ],
)
def test_another_base_or_kind_is_refused(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    peft: Path,
    values: dict[str, str],
    words: str,
) -> None:
    record(peft, **values)
    with pytest.raises(InvalidInput, match=words):
        upload(ready_cluster, zipped(peft))


def test_what_the_engine_cannot_load_is_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, path: str) -> None:
        raise AdapterInvalid(f"Adapter {path} does not fit the base.")

    monkeypatch.setattr(scripted, "load_adapter", refuse)
    with pytest.raises(InvalidInput, match=r"Adapter mine\.zip does not fit the base"):
        upload(ready_cluster, zipped(peft))


def test_other_kinds_of_adapter_are_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, tmp_path: Path
) -> None:
    dora = make_adapter(tmp_path / "dora", layers=1, use_dora=True)
    with pytest.raises(InvalidInput, match="use_dora"):
        upload(ready_cluster, zipped(dora))


def test_a_cluster_with_too_few_prompts_cannot_verify_it(
    db: None, scripted: ScriptedClient, peft: Path
) -> None:
    with pytest.raises(InvalidInput, match="needs 5"):
        upload(ClusterFactory(), zipped(peft))


def test_by_form(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    peft: Path,
    admin: Any,
    curator: Any,
    client_for: ClientFor,
) -> None:
    url, browser = reverse("training:adapter_upload"), client_for(admin)
    assert client_for(curator).get(url).status_code == 404
    assert "Letters" in browser.get(url).content.decode()
    body = {"cluster": str(ready_cluster.pk), "kind": "expert"}
    answer = browser.post(url, {**body, "file": SimpleUploadedFile("x.zip", b"no zip")})
    assert answer.status_code == 400
    assert "cannot be unpacked" in answer.content.decode()
    page = browser.post(url, {**body, "file": zipped(peft)}, follow=True).content.decode()
    assert "waits to be verified" in page
    assert "Not yet verified" in page


@pytest.mark.model
def test_the_real_engine_knows_its_base(
    ready_cluster: Cluster, engine: Any, tmp_path: Path
) -> None:
    fit = make_adapter(tmp_path / "fit", layers=1)
    assert upload(ready_cluster, zipped(fit)).state == AdapterState.CANDIDATE
    shapes = {name: (n_in + 64, n_out) for name, (n_in, n_out) in SHAPES.items()}
    other = make_adapter(tmp_path / "other", layers=1, shapes=shapes)
    with pytest.raises(InvalidInput, match="does not fit the base"):
        upload(ready_cluster, zipped(other))


def test_damaged_weights_inside_a_sound_zip_are_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path
) -> None:
    content = bytearray(zipped(peft).read())
    weights = zipfile.ZipFile(io.BytesIO(content)).getinfo("mine/adapter_model.safetensors")
    start = weights.header_offset + 30 + len(weights.filename)
    content[start : start + 64] = b"\xff" * 64
    with pytest.raises(InvalidInput, match="cannot be unpacked"):
        upload(ready_cluster, SimpleUploadedFile("mine.zip", bytes(content)))


@pytest.mark.parametrize("name", [".", "./"])
def test_a_nameless_member_is_no_fault_of_the_server(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path, name: str
) -> None:
    assert upload(ready_cluster, zipped(peft, **{name: "x"})).version == 1


@pytest.mark.parametrize("text", ["{", "[]", "7", '"x"'])
def test_a_record_that_is_no_object_is_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, peft: Path, text: str
) -> None:
    (peft / "uno.json").write_text(text)
    with pytest.raises(InvalidInput):
        upload(ready_cluster, zipped(peft))
    assert not TrainingRun.objects.exists()
