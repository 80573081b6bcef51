"""Reviewing by keyboard: a held key decides once, Escape leaves any box, claims are given back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.screens.web import Addresses

pytestmark = pytest.mark.e2e

#: Decisions are answered here, so that the instance stays as it is.
DECIDED = '<article class="card" data-review-item data-decided tabindex="-1">Decided.</article>'


@pytest.fixture
def page(open_as: Callable[[str], Page]) -> Iterator[Page]:
    page = open_as("curator")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def queue(page: Page, screens: Addresses) -> Page:
    page.goto(screens["curator"]["curation:pairs"])
    return page


def answer_decisions(page: Page) -> list[str]:
    """Answer every decision as the server would; the list tells which came."""
    verbs: list[str] = []

    def answer(route: Route) -> None:
        verbs.append(route.request.url.rstrip("/").rsplit("/", 1)[1])
        is_claim = verbs[-1] in ("claim", "release")
        route.fulfill(status=204) if is_claim else route.fulfill(body=DECIDED)

    page.route(re.compile(r"/curation/pairs/[0-9a-f-]{36}/\w+/"), answer)
    return verbs


def test_a_held_key_decides_once(queue: Page) -> None:
    verbs = answer_decisions(queue)
    decided = queue.locator("[data-review-item][data-decided]")
    queue.locator("[data-review-item]").first.focus()
    queue.keyboard.down("Enter")
    expect(decided).to_have_count(1)
    for _ in range(3):
        queue.keyboard.down("Enter")  # as often as a held key repeats
        queue.wait_for_timeout(150)
    queue.keyboard.up("Enter")
    assert verbs.count("approve") == 1
    queue.keyboard.press("Enter")
    expect(decided).to_have_count(2)


def test_a_held_arrow_goes_on(queue: Page) -> None:
    answer_decisions(queue)
    items = queue.locator("[data-review-item]")
    items.first.focus()
    for _ in range(2):
        queue.keyboard.down("ArrowDown")
    queue.keyboard.up("ArrowDown")
    expect(items.nth(2)).to_have_attribute("aria-current", "true")


def test_escape_leaves_the_comment_box(page: Page, screens: Addresses) -> None:
    page.goto(screens["curator"]["curation:pairs-item"])
    box = page.get_by_role("textbox", name="Comment")
    box.focus()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()


def test_a_claim_that_is_answered_late_is_given_back(queue: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        route.fulfill(status=204) if held else held.append(route)

    queue.route("**/claim/", hold)
    queue.route("**/release/", lambda route: route.fulfill(status=204))
    with queue.expect_request("**/claim/"):
        queue.reload()
    queue.keyboard.press("ArrowDown")
    with queue.expect_request("**/release/") as released:
        held[0].fulfill(status=204)
    assert released.value.url == held[0].request.url.replace("/claim/", "/release/")
