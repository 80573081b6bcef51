"""Whoever works with the keyboard finds the focus where it was after the thread was drawn anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.screens.web import Addresses

pytestmark = pytest.mark.e2e

#: A swap that htmx does not see takes the focused button away; then two more meet.
LOSE_FOCUS = "() => document.activeElement.replaceWith(document.activeElement.cloneNode(true))"
RELOAD_TWICE = """
() => {
  const url = document.getElementById("thread").dataset.threadUrl;
  for (const _ of [1, 2]) htmx.ajax("GET", url, { target: "#thread", swap: "innerHTML" });
}
"""


@pytest.fixture
def page(screens: Addresses, open_as: Callable[[str], Page]) -> Page:
    page = open_as("user")
    page.goto(screens["user"]["chat:conversation"])
    page.wait_for_load_state("networkidle")
    return page


def test_a_focused_button_is_focused_again(page: Page) -> None:
    down = page.get_by_role("button", name="Bad reply").first
    down.focus()
    page.evaluate(LOSE_FOCUS)
    expect(down).not_to_be_focused()
    page.evaluate(RELOAD_TWICE)
    expect(down).to_be_focused()


def test_who_clicked_beside_it_is_left_alone(page: Page) -> None:
    down = page.get_by_role("button", name="Bad reply").first
    down.focus()
    page.locator(".message--user").first.click(position={"x": 3, "y": 3})
    expect(down).not_to_be_focused()
    page.evaluate(RELOAD_TWICE)
    page.wait_for_load_state("networkidle")
    expect(down).not_to_be_focused()
