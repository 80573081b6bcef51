"""A conversation is found, filed, archived and brought back by keyboard, on the real product.

The reply itself comes in by an import, so that there is code and a formula in it for certain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.model]

CODE = "print('heating')"
REPLY = f"So $x^2$ is:\n\n```python\n{CODE}\n```"


@pytest.fixture
def errors() -> list[str]:
    """What the browser's console complained about, refused scripts and styles included."""
    return []


@pytest.fixture
def page(sign_in: Callable[..., Page], errors: list[str]) -> Iterator[Page]:
    """A user's browser with one imported conversation."""
    page = sign_in("user")
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto("/data/")
    page.locator("input[type=file]").set_input_files(
        {"name": "c.json", "mimeType": "application/json", "buffer": export()}
    )
    page.get_by_role("button", name="Bring in").click()
    expect(page.get_by_text("1 conversation came in")).to_be_visible()
    yield page
    assert errors == []


def export() -> bytes:
    """One conversation, as an export holds it."""
    at, question, reply = "2026-01-02T03:04:05Z", str(uuid4()), str(uuid4())
    turns = [
        {"id": question, "role": "user", "origin": "person", "content": "Squares, please."},
        {"id": reply, "parent": question, "role": "assistant", "origin": "model", "content": REPLY},
    ]
    conversation = {
        "title": "About squares",
        "created_at": at,
        "updated_at": at,
        "leaf": reply,
        "messages": [{**turn, "created_at": at} for turn in turns],
    }
    head = {"format": "uno.conversations", "version": 1}
    return json.dumps({**head, "conversations": [conversation]}).encode()


def test_found_by_key_and_shown_where_the_word_stands(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("heating")
    page.keyboard.press("Enter")
    hit = page.locator(".hit").first
    expect(hit.locator("mark")).to_have_text("heating")
    hit.click()
    expect(page.locator(".message__body math")).to_be_visible()


def test_the_last_code_is_copied_by_key(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.locator("#conversations").get_by_text("About squares").first.click()
    expect(page.locator(".code-block")).to_be_visible()
    page.keyboard.press("Control+Shift+;")
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == CODE


def test_filed_archived_and_brought_back(page: Page) -> None:
    page.goto("/")
    page.locator("#conversations").get_by_text("About squares").first.click()
    open_menu = page.get_by_label("What to do with this conversation")
    open_menu.click()
    page.get_by_role("link", name="Move to a folder").click()
    page.locator("#folder-input").fill("Papers")
    page.keyboard.press("Enter")
    expect(page.locator(".sidebar__folder")).to_contain_text("Papers")
    open_menu.click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("About squares")


def test_no_script_runs_that_is_no_file(page: Page, errors: list[str]) -> None:
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); }"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in errors)
    errors.clear()
