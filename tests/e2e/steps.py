"""What people do in more than one browser test."""

from __future__ import annotations

import time

from playwright.sync_api import Page


def enter(page: Page, username: str, password: str) -> None:
    """Sign in, and agree to training where that is asked."""
    page.goto("/accounts/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    assert "/sign-in/" not in page.url, page.locator("main").inner_text()
    if "/consent/" in page.url:
        page.get_by_role("button", name="Yes").click()
        page.wait_for_url(lambda url: "/consent/" not in url)


def retrain(admin: Page, minutes: float = 8) -> None:
    """Retrain, and open the new run's page as soon as there is one.

    Roles that were never checked are checked before the first run begins.

    Raises:
        AssertionError: if no run was begun within ``minutes``.
    """
    runs = admin.locator("a.row-link")
    admin.goto("/training/runs/")
    n_before = runs.count()
    admin.goto("/training/")
    admin.get_by_role("button", name="Retrain", exact=True).locator("visible=true").first.click()
    admin.locator("dialog[open]").get_by_role("button", name="Retrain").click()
    admin.goto("/training/runs/")
    deadline = time.monotonic() + minutes * 60
    while runs.count() == n_before:
        assert time.monotonic() < deadline, f"No run was begun within {minutes:g} minutes."
        admin.wait_for_timeout(2000)
        admin.reload()
    runs.first.click()
