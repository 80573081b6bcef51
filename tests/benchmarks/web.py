"""What the web adds to the wait for a first token: real browser pages, eight at once.

A page's wait goes from sending the form until text of the reply is in the document; the
engine's own wait for the same reply comes from its log, found by the reply's token counts.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browsers import chromium_path
from tests.e2e.product import Product, running_product
from tests.e2e.steps import enter

MINUTE = 60_000
PASSWORD = "eight-streams-at-once"
# Without consent there is nothing to process: no job runs beside the measurement.
MAKE_USERS = """
from uno_site.accounts.models import User
for i in range({n}):
    User.objects.create_user(
        username=f"bench{{i}}", password="{password}", role="user", training_consent=False
    )
"""
REPLIES = """
import json
from chat.models import Message
replies = Message.objects.filter(role="assistant").order_by("created_at")
print(json.dumps([
    [r.conversation.user.username, r.state, r.provenance.get("prompt_tokens"),
     r.provenance.get("completion_tokens")] for r in replies
]))
"""
#: Sends a message and resolves with the milliseconds until its reply shows text.
SEND = """
text => {
  const known = new Set([...document.querySelectorAll(".message--assistant")].map(m => m.id));
  window.turn = new Promise((resolve) => {
    const watcher = new MutationObserver(() => {
      for (const message of document.querySelectorAll(".message--assistant")) {
        const body = message.querySelector(".message__body");
        if (known.has(message.id) || !body?.textContent.trim()) continue;
        watcher.disconnect();
        resolve(performance.now() - started);
        return;
      }
    });
    watcher.observe(document.getElementById("thread"), {
      childList: true, subtree: true, characterData: true,
    });
    const box = document.getElementById("composer-text");
    box.value = text;
    const started = performance.now();
    document.getElementById("composer").requestSubmit();
  });
  return null;
}
"""
DONE_LINE = re.compile(
    r"done model=\S+ prompt_tokens=(\d+) completion_tokens=(\d+) finish=\S+ first_ms=(\d+)"
)


def measure_web(n_users: int = 8, n_turns: int = 6, gap_s: float = 0.0) -> dict[str, Any]:
    """Milliseconds that the web adds, over ``n_users`` x ``n_turns`` replies.

    ``gap_s`` lies between one user's message and the next one's; 0: all send at once.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        running_product(Path(folder)) as product,
        sync_playwright() as playwright,
    ):
        make = MAKE_USERS.format(n=n_users, password=PASSWORD)
        product.manage("shell", "-c", make)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        pages = [_open(browser, product, f"bench{i}") for i in range(n_users)]
        waits: dict[str, list[float]] = defaultdict(list)
        for turn in range(n_turns):
            for i, page in enumerate(pages):
                page.evaluate(SEND, f"Turn {turn}: tell me about the number {10 * turn + i}.")
                time.sleep(gap_s)
            for i, page in enumerate(pages):
                waits[f"bench{i}"].append(page.evaluate("() => window.turn"))
            for page in pages:
                _wait_for_end(page, 2 + turn)
        browser.close()
        return _added(product, waits)


def _open(browser: Browser, product: Product, username: str) -> Page:
    """A signed-in page of a conversation that has begun: its socket is open."""
    page = browser.new_context(base_url=product.url).new_page()
    enter(page, username, PASSWORD)
    page.goto("/")
    page.get_by_label("Your message").fill("Hello.")
    page.keyboard.press("Enter")
    _wait_for_end(page, 1)
    return page


def _wait_for_end(page: Page, n_replies: int) -> None:
    done = page.locator("article.message--assistant[data-state=complete]")
    expect(done).to_have_count(n_replies, timeout=5 * MINUTE)


def _added(product: Product, waits: dict[str, list[float]]) -> dict[str, Any]:
    engine: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n_prompt, n_reply, first_ms in DONE_LINE.findall(product.log.read_text()):
        engine[int(n_prompt), int(n_reply)].append(int(first_ms))
    replies = json.loads(product.manage("shell", "-c", REPLIES).strip().splitlines()[-1])
    added, seen, n_unpaired = [], defaultdict(int), 0
    for username, _state, n_prompt, n_reply in replies:
        turn = seen[username]
        seen[username] += 1
        found = engine.get((n_prompt, n_reply), [])
        if turn == 0:  # the greeting, which opened the page
            continue
        if len(found) != 1:  # two replies of equal counts cannot be told apart
            n_unpaired += 1
            continue
        added.append((waits[username][turn - 1], found[0]))
    browser_ms, engine_ms = np.array(added).T
    difference = browser_ms - engine_ms
    return {
        "n_replies": len(added),
        "n_unpaired": n_unpaired,
        "browser_first_ms": {q: float(np.percentile(browser_ms, q)) for q in (50, 95)},
        "engine_first_ms": {q: float(np.percentile(engine_ms, q)) for q in (50, 95)},
        "added_ms": {q: float(np.percentile(difference, q)) for q in (50, 95)},
    }
