"""From a first question to a better answer, through every screen, on the real model.

Somebody chats, dislikes, corrects; a curator imports older logs and approves; an admin trains,
looks at the verification and promotes; a similar question gets another answer, which says why.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.logs import email_logs
from tests.e2e.steps import retrain

pytestmark = [pytest.mark.e2e, pytest.mark.model]

MINUTE = 60_000
QUESTION = "Write an e-mail to my landlord about the broken heating."
LIKE_IT = "Write an e-mail to my landlord about the broken window."
CORRECTION = "Hi,\n\nThe heating is broken. Could you have it repaired this week?\n\nCheers, Ana"
Take = Callable[[Page, str], None]


def ask(page: Page, question: str) -> str:
    """Send a question and wait for the whole reply; returns its text."""
    page.goto("/")
    page.get_by_label("Your message").fill(question)
    page.keyboard.press("Enter")
    done = page.locator("article.message--assistant[data-state=complete]")
    expect(done).to_be_visible(timeout=6 * MINUTE)
    return done.locator(".message__body").inner_text()


def wait_for_job(page: Page, minutes: float) -> None:
    """Wait on a job's page until it ended well."""
    deadline = time.monotonic() + minutes * 60
    while time.monotonic() < deadline:
        text = page.locator("[data-live]").first.inner_text()
        assert "Failed" not in text, text
        if "Succeeded" in text:
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"Still at: {text}")


def approve_everything(page: Page, address: str) -> None:
    """Approve what is not flagged in a review queue, page after page."""
    page.goto(address)
    while page.get_by_role("button", name="Tick all unflagged").count():
        page.get_by_role("button", name="Tick all unflagged").click()
        if not page.locator("input[name=item]:checked").count():
            return
        page.get_by_role("button", name="Approve ticked").click()
        page.wait_for_load_state()
        page.goto(address)


def test_the_answer_changes_and_says_why(
    sign_in: Callable[..., Page], pictures: Take, tmp_path: Path
) -> None:
    user = sign_in("user")
    first_answer = complain(user, pictures)
    curate(sign_in("curator"), pictures, tmp_path)
    train_and_promote(sign_in("admin"), pictures)

    answer = ask(user, LIKE_IT)
    user.get_by_text("Why this answer").first.click()
    pictures(user, "09-better-answer")
    why = user.locator("details.why").inner_text()
    assert "the expert that was trained on its corrections answered" in why
    assert "v1" in why
    assert answer.startswith("Hi,"), answer
    assert len(answer.split()) < len(first_answer.split())


def complain(user: Page, pictures: Take) -> str:
    answer = ask(user, QUESTION)
    pictures(user, "01-first-answer")
    user.get_by_role("button", name="Bad reply").click()
    user.get_by_label("Style or tone").check()
    user.get_by_label("What should it do instead?").fill(
        'Start with "Hi," and sign off with "Cheers, Ana". Two sentences at most.'
    )
    pictures(user, "02-thumb-with-reason")
    user.locator(".tell-more").get_by_role("button", name="Send").click()
    expect(user.get_by_text("What you told us")).to_be_visible(timeout=MINUTE)
    user.get_by_role("link", name="Correct this reply").click()
    user.get_by_label("How the reply should have been").fill(CORRECTION)
    user.get_by_role("button", name="Save the correction").click()
    expect(user.get_by_text("Your correction", exact=True)).to_be_visible()
    pictures(user, "03-correction")
    return answer


def curate(curator: Page, pictures: Take, tmp_path: Path) -> None:
    logs = tmp_path / "pilot.jsonl"
    logs.write_text(email_logs(24))
    curator.goto("/curation/import/")
    curator.locator("input[type=file]").set_input_files(logs)
    curator.get_by_role("button", name="Upload").click()
    expect(curator.locator("main")).to_contain_text("pilot.jsonl")
    curator.get_by_role("button", name="Import", exact=True).click()
    curator.goto("/jobs/")
    curator.locator("main").get_by_role("link", name=re.compile("^Import")).first.click()
    wait_for_job(curator, minutes=3)

    curator.goto("/curation/")
    curator.get_by_role("button", name="Process new logs").click()
    curator.goto("/jobs/")
    curator.get_by_role("link", name=re.compile("Process|process")).first.click()
    wait_for_job(curator, minutes=10)

    curator.goto("/curation/entries/?q=landlord")
    curator.get_by_role("link", name=QUESTION).first.click()
    expect(curator.locator("main")).to_contain_text("repaired this week")
    pictures(curator, "04-entry")
    approve_everything(curator, "/curation/rules/")
    approve_everything(curator, "/curation/pairs/")
    curator.goto("/curation/pairs/?state=approved")
    pictures(curator, "05-approved-pairs")


def train_and_promote(admin: Page, pictures: Take) -> None:
    retrain(admin)
    status = admin.locator("[data-chart-status]")
    expect(status).to_contain_text(re.compile(r"step \d+/20 · epoch [2-4]"), timeout=8 * MINUTE)
    expect(admin.locator("path.chart-validation")).to_be_attached()
    pictures(admin, "06-loss")
    expect(admin.get_by_text("Accepted").first).to_be_visible(timeout=25 * MINUTE)
    admin.get_by_role("link", name="Verification").first.click()
    pictures(admin, "07-verification")
    admin.get_by_role("button", name="Promote").first.click()
    admin.locator("dialog[open]").get_by_role("button", name="Promote").click()
    admin.goto("/training/routes/")
    expect(admin.get_by_text("v1").first).to_be_visible()
    pictures(admin, "08-routes")
