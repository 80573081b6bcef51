"""The worker dies in the middle of a training: it goes on where it was, and the page says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.logs import email_logs
from tests.e2e.product import Product
from tests.e2e.steps import retrain

pytestmark = [pytest.mark.e2e, pytest.mark.model]

MINUTE = 60_000
#: Until the approved material is there; what the stranger's path made already is taken as it is.
PREPARE = """
from curation.services.review import approve_all
from uno_site.jobs.services import job_run_now
job_run_now(kind="curation.process")
approve_all()
"""


@pytest.fixture
def trainable(product: Product, tmp_path: Path) -> Product:
    """A product with a cluster of approved pairs."""
    logs = tmp_path / "pilot.jsonl"
    logs.write_text(email_logs(24))
    product.manage("import_logs", str(logs))
    product.manage("shell", "-c", PREPARE)
    return product


def newest_run(product: Product) -> Path:
    """The folder of the run that began last."""
    return max((product.data_dir / "runs").iterdir(), key=lambda folder: folder.stat().st_ctime)


def steps_of(folder: Path) -> list[int]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row["step"] for row in rows if row["kind"] == "train"]


def test_a_killed_training_goes_on_and_the_page_says_so(
    trainable: Product, sign_in: Callable[..., Page]
) -> None:
    admin = sign_in("admin")
    retrain(admin)
    status = admin.locator("[data-chart-status]")
    expect(status).to_contain_text(re.compile(r"step [2-9]/20"), timeout=8 * MINUTE)

    for process in ("manage.py run_job", "training.ml.train", "manage.py qcluster"):
        trainable.kill(process)
    folder = newest_run(trainable)
    n_steps = len(steps_of(folder))
    assert n_steps < 20, "The training was over before it could be killed."

    admin.goto("/jobs/")
    admin.get_by_role("link", name="Train and verify a cluster").first.click()
    log = admin.locator("[data-live] .log")
    expect(log).to_contain_text("The process that did this job died.", timeout=4 * MINUTE)
    expect(log).to_contain_text("epoch 2: validation loss", timeout=10 * MINUTE)

    steps = steps_of(folder)
    assert steps == list(range(1, len(steps) + 1)), "Each step once, in order."
    assert len(steps) > n_steps
    assert newest_run(trainable) == folder, "It went on with the run that it had."
