"""The chat from the first word to the search by keyboard alone, on a desk and on a phone.

No step clicks: what is to be pressed is reached with Tab (or by its key), and seen to have the
focus before Enter. Replies are stopped early, so that nothing depends on what the model says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.model]

LONG = "Tell me a very long story about a lighthouse in winter."
MAX_TABS = 90


def reach(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Press Tab (or Shift+Tab) until ``wanted`` has the focus, and see that it shows it."""
    expect(wanted).to_be_visible()
    for _ in range(MAX_TABS):
        if wanted.evaluate("element => element === document.activeElement"):
            style = wanted.evaluate("element => getComputedStyle(element).outlineStyle")
            field = wanted.evaluate("element => element.matches('textarea, input')")
            assert field or style != "none", "The focus cannot be seen."
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Not reached with {MAX_TABS} times Tab: {wanted}")


def press(page: Page, wanted: Locator, *, back: bool = False) -> None:
    reach(page, wanted, back=back)
    page.keyboard.press("Enter")


def stop_by_key(page: Page) -> None:
    """Stop the reply that is being written; one that was faster is as good."""
    expect(page.locator('.message[data-state="generating"]')).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator('.message[data-state="generating"]')).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_everything_in_the_chat_is_done_by_keyboard(
    width: int, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("user", width=width)
    page.goto("/")
    send(page)
    regenerate(page)
    edit(page)
    correct(page)
    thumb(page)
    search(page)


def send(page: Page) -> None:
    box = page.locator("#composer-text")
    expect(box).to_be_focused()
    page.keyboard.type(LONG)
    page.keyboard.press("Enter")
    expect(page.locator(".message--user")).to_contain_text(LONG)
    stop_by_key(page)
    expect(page.get_by_text("You stopped this reply.")).to_be_visible()


def regenerate(page: Page) -> None:
    press(page, page.get_by_role("button", name="Write it anew"))
    stop_by_key(page)
    expect(page.locator(".message--assistant").get_by_text("2/2")).to_be_visible()


def edit(page: Page) -> None:
    """Arrow up in the empty box opens the last message; Ctrl+Enter asks anew."""
    reach(page, page.locator("#composer-text"))
    page.keyboard.press("ArrowUp")
    editor = page.locator("[data-editor] textarea")
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Edit and ask anew")).to_be_focused()
    page.keyboard.press("Enter")
    expect(editor).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Tell me a long story about a harbour.")
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.locator(".message--user")).to_contain_text("harbour")
    stop_by_key(page)


def correct(page: Page) -> None:
    press(page, page.get_by_role("link", name="Correct this reply"))
    expect(page.locator("[data-editor] textarea")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Once upon a time a harbour froze over.")
    press(page, page.get_by_role("button", name="Save the correction"))
    expect(page.get_by_text("Your correction", exact=True)).to_be_visible()


def thumb(page: Page) -> None:
    """On the reply as the model wrote it: the version before the correction."""
    press(page, page.locator(".message--assistant").get_by_label("Version before"))
    expect(page.locator(".message--assistant").get_by_text("1/2")).to_be_visible()
    down = page.get_by_role("button", name="Bad reply")
    press(page, down)
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(down).to_be_focused()
    reach(page, page.get_by_role("checkbox", name="Too long"))
    page.keyboard.press("Space")
    reach(page, page.get_by_label("What should it do instead?"))
    page.keyboard.type("Three sentences at most.")
    press(page, page.locator(".tell-more__form").get_by_role("button", name="Send"))
    expect(page.get_by_text("What you told us")).to_be_visible()


def search(page: Page) -> None:
    page.keyboard.press("ControlOrMeta+k")
    expect(page.locator("#conversation-search")).to_be_focused()
    page.keyboard.type("harbour")
    page.keyboard.press("Enter")
    expect(page.locator(".hit mark").first).to_be_visible()
    press(page, page.locator(".hit").first)
    expect(page.locator(".message--user")).to_contain_text("harbour")
