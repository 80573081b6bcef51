"""A hundred pairs are reviewed by keyboard alone, and no page is loaded meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.model]

N_PAIRS = 100
MAKE = f"""
from curation.models import LogEntry
from tests.factories import PairFactory
LogEntry.objects.all().delete()
for n in range({N_PAIRS} + 5): PairFactory(entry__query=f"Question number {{n:03d}}.")
"""
COUNT = """
from curation.models import PreferencePair
print("COUNT", *(PreferencePair.objects.filter(state=s).count() for s in ("approved", "proposed")))
"""
CLEAR = "from curation.models import LogEntry; LogEntry.objects.all().delete()"


@pytest.fixture
def curator(product: Product, sign_in: Callable[..., Page]) -> Iterator[Page]:
    product.manage("shell", "-c", MAKE)
    page = sign_in("curator")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/curation/pairs/")
    yield page
    product.manage("shell", "-c", CLEAR)
    assert errors == []


def counts(product: Product) -> list[int]:
    printed = product.manage("shell", "-c", COUNT).split("COUNT")[1]
    return [int(number) for number in printed.split()[:2]]


def test_a_hundred_pairs_by_keyboard(
    product: Product, curator: Page, sign_in: Callable[..., Page]
) -> None:
    loads: list[str] = []
    curator.on("framenavigated", lambda frame: loads.append(frame.url))
    current = curator.locator("[data-review-item][aria-current]")

    # What is being looked at is skipped by another's queue.
    with curator.expect_response(lambda answer: answer.url.endswith("/claim/")):
        curator.keyboard.press("ArrowDown")
    mine = current.get_by_text("Question number").inner_text()
    listed = sign_in("admin").request.get("/curation/pairs/").text()
    assert "Question number 002." in listed
    assert mine not in listed
    curator.keyboard.press("ArrowUp")

    # Undo really brings the first one back.
    curator.keyboard.press("Enter")
    toast = curator.locator(".toast", has_text="Approved")
    toast.get_by_role("button", name="Undo").click()
    expect(curator.locator(".toast", has_text="1 item is as before")).to_be_visible()
    expect(current).to_contain_text("Question number 000.")
    assert counts(product) == [0, N_PAIRS + 5]

    for number in range(N_PAIRS):
        expect(current).to_contain_text(f"Question number {number:03d}.")
        curator.keyboard.press("Enter")
        expect(current).not_to_contain_text(f"Question number {number:03d}.")
    assert counts(product) == [N_PAIRS, 5]
    assert loads == []
