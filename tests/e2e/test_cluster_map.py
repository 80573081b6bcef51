"""The cluster map in a browser: points to read, keys, colours, and a lasso that changes clusters.

It needs web and database only, so Django's own live server stands in for the whole product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from curation.models import Cluster, EntryState, LogEntry, Rule
from curation.services.clustering import clusters_rebuild
from curation.services.embedding import embedder_name
from curation.services.mapping import map_update
from curation.vectors import pack_vector
from tests.curation.test_clustering_identity import around
from tests.factories import LogEntryFactory, UserFactory
from uno_site.accounts.models import Role

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SIZES = {"invoice": 60, "recipe": 90}


@pytest.fixture
def store() -> None:
    """Two topics, clustered and drawn."""
    somebody = UserFactory()
    for axis, (word, n) in enumerate(SIZES.items()):
        entries = [
            LogEntryFactory.build(
                user=somebody,
                query=f"About {word} number {number}",
                state=EntryState.DISTILLED,
                query_embedding=pack_vector(vector),
                rules_embedding=pack_vector(vector),
                embedder=embedder_name(),
            )
            for number, vector in enumerate(around(axis, n, seed=axis))
        ]
        LogEntry.objects.bulk_create(entries)
        Rule.objects.bulk_create([Rule(entry=e, text=f"Mention the {word}.") for e in entries])
    clusters_rebuild()
    map_update()


@pytest.fixture
def page(
    store: None, live_server: Any, browser: Browser, client_for: Callable[..., Client]
) -> Iterator[Page]:
    """The map, open before a curator; whatever the browser complains about fails the test."""
    session = client_for(UserFactory(role=Role.CURATOR)).cookies[settings.SESSION_COOKIE_NAME]
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1280, "height": 900}, locale="en"
    )
    context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/curation/clusters/map/")
    expect(page.locator("[data-cluster-map][data-ready]")).to_be_visible()
    yield page
    context.close()
    assert complaints == []


def place_of(page: Page, point: int) -> tuple[float, float]:
    """Where a point of the map is on the page."""
    box = page.locator("canvas").bounding_box()
    assert box
    x, y = page.evaluate(f"() => window.uno.map.map.place({point})")
    return box["x"] + x, box["y"] + y


def test_a_point_shows_its_entry_and_a_click_opens_it(page: Page) -> None:
    page.mouse.move(*place_of(page, 0))
    card = page.locator("[data-map-card]")
    expect(card).to_contain_text("About ")
    expect(card).to_contain_text("Please be brief.")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/curation/entries/**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("About ")


def test_another_colouring_stands_in_the_url(page: Page) -> None:
    page.get_by_role("link", name="Age").click()
    expect(page.locator('[data-legend="age"]')).to_be_visible()
    expect(page.locator('[data-legend="route"]')).to_be_hidden()
    assert page.url.endswith("?colour=age")
    page.reload()
    expect(page.locator('[data-legend="age"]')).to_be_visible()


def test_the_keyboard_reaches_clusters_and_moves_the_map(page: Page) -> None:
    boxes = page.locator("[data-map-list] input")
    expect(boxes).to_have_count(2)
    split, merge = (page.get_by_role("button", name=name) for name in ("Split in two", "Merge"))
    expect(split).to_be_disabled()
    boxes.first.focus()
    page.keyboard.press("Space")
    assert page.evaluate("() => [...window.uno.map.map.highlighted]") == [0]
    expect(split).to_be_enabled()
    page.keyboard.press("Tab")
    boxes.last.focus()
    page.keyboard.press("Space")
    expect(merge).to_be_enabled()
    page.locator("canvas").focus()
    before = page.evaluate("() => window.uno.map.map.scale")
    page.keyboard.press("+")
    assert page.evaluate("() => window.uno.map.map.scale") > before
    page.keyboard.press("0")
    assert page.evaluate("() => window.uno.map.map.scale") == before


def test_the_lasso_parts_entries_off(page: Page) -> None:
    box = page.locator("canvas").bounding_box()
    assert box
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    for x, y in ((0.995, 0.0), (0.995, 0.5), (0.0, 0.5)):
        page.mouse.move(box["x"] + 3 + x * (box["width"] - 6), box["y"] + 3 + y * box["height"])
    page.mouse.up()
    count = page.locator("[data-map-count]")
    expect(count).to_be_visible()
    n_chosen = int(count.inner_text())
    assert 2 <= n_chosen < sum(SIZES.values())
    page.get_by_role("button", name="Split off").click()
    expect(page.get_by_role("heading", name="Afterwards")).to_be_visible()
    assert not Cluster.objects.filter(is_by_hand=True).exists()
    page.get_by_role("button", name="Split off into a cluster of its own").click()
    page.wait_for_url("**/curation/clusters/**")
    expect(page.get_by_text("Made by hand")).to_be_visible()
    new = Cluster.objects.order_by("created_at").last()
    assert (new.is_by_hand, new.n_members) == (True, n_chosen)
