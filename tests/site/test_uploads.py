"""A file that was uploaded and not imported is deleted after its time, whoever uploads next."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from uno_site.accounts.models import User
from uno_site.jobs.registry import get_kind
from uno_site.jobs.services import job_run_now
from uno_site.uploads import KEPT_SECONDS, upload_get, upload_save, uploads_dir

pytestmark = pytest.mark.django_db
KIND = "curation.tidy_uploads"


@pytest.fixture(autouse=True)
def _uploads_here(settings: object, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def test_old_uploads_go_with_what_is_known_of_them(alice: User) -> None:
    old, new = (upload_save(SimpleUploadedFile("a.json", b"{}"), by=alice) for _ in range(2))
    assert not get_kind(KIND).has_work()
    past = time.time() - KEPT_SECONDS - 60
    os.utime(old.path, (past, past))
    assert get_kind(KIND).has_work()
    assert job_run_now(kind=KIND).result == {"n_deleted": 1}
    assert upload_get(old.id, alice) is None
    assert upload_get(new.id, alice) == new
    assert len(list(uploads_dir().iterdir())) == 2
