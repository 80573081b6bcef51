"""Whatever dies, nothing is lost, nothing is doubled, and the page says what happened."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.model]

MINUTE = 60_000
LONG_QUESTION = "Tell me a long story about a lighthouse keeper and a whale."


def begin_a_reply(page: Page) -> str:
    """Ask something, and wait until some of the reply is there; returns what was seen."""
    page.goto("/")
    page.get_by_label("Your message").fill(LONG_QUESTION)
    page.keyboard.press("Enter")
    body = page.locator("article[data-state=generating] .message__body")
    expect(body).to_contain_text(re.compile(r"\w+\s+\w+"), timeout=2 * MINUTE)
    return body.inner_text()


def one_turn(page: Page) -> None:
    """The conversation still holds one question and one reply."""
    assert page.locator("article.message--user").count() == 1
    assert page.locator("article.message--assistant").count() == 1


def test_a_reload_finds_the_reply_that_is_being_written(sign_in: Callable[..., Page]) -> None:
    page = sign_in("user")
    seen = begin_a_reply(page)
    page.reload()
    body = page.locator("article.message--assistant .message__body")
    expect(body).to_contain_text(seen.split()[0])
    one_turn(page)
    complete = page.locator("article.message--assistant[data-state=complete]")
    expect(complete).to_be_visible(timeout=6 * MINUTE)
    assert body.inner_text().startswith(seen[:20])
    one_turn(page)


def test_stop_keeps_what_had_arrived(sign_in: Callable[..., Page]) -> None:
    page = sign_in("user")
    seen = begin_a_reply(page)
    page.locator("[data-stop]").click()
    expect(page.get_by_text("You stopped this reply.")).to_be_visible(timeout=MINUTE)
    assert page.locator(".message__body").inner_text().startswith(seen[:20])
    one_turn(page)


def test_the_engine_dies_in_the_middle_of_a_reply(
    sign_in: Callable[..., Page], product: Product
) -> None:
    page = sign_in("user")
    seen = begin_a_reply(page)
    product.kill("uno_site.inference.engine")
    broken = page.locator("article[data-state=interrupted], article[data-state=failed]")
    expect(broken).to_be_visible(timeout=MINUTE)
    assert broken.locator(".message__body").inner_text().startswith(seen[:20])
    assert broken.get_by_role("status").inner_text().strip()
    one_turn(page)

    product.wait_until_ready()
    broken.locator(".alert").get_by_role("button", name="Write it anew").click()
    expect(page.locator("article[data-state=complete].message--assistant")).to_be_visible(
        timeout=6 * MINUTE
    )
    one_turn(page)


def test_the_web_process_dies_in_the_middle_of_a_reply(
    sign_in: Callable[..., Page], product: Product
) -> None:
    page = sign_in("user")
    seen = begin_a_reply(page)
    page.wait_for_timeout(2000)
    product.kill("uno_site.asgi")
    product.wait_until_ready()
    page.wait_for_timeout(20_000)
    page.reload()
    expect(page.get_by_text("The server was restarted while this reply")).to_be_visible(
        timeout=2 * MINUTE
    )
    kept = page.locator("article.message--assistant .message__body").inner_text()
    assert kept.startswith(seen[:10])
    one_turn(page)
