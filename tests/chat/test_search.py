"""Searching one's history: what is found, how it is shown, and what it costs."""

import pytest
from django.db import connection

from chat import full_text
from chat.full_text import index_ensure, matching, words_of
from chat.models import Message
from chat.search import PAGE_SIZE, history_search, pieces, snippet
from chat.services.organising import conversation_archive
from tests.factories import ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice, client_for):
    return client_for(alice)


@pytest.fixture
def say(alice):
    def make(content: str, **values):
        return MessageFactory(conversation__user=alice, content=content, **values)

    return make


@pytest.fixture
def found(alice):
    def find(query: str) -> list[str]:
        return sorted(matching(alice, query).values_list("content", flat=True))

    return find


@pytest.fixture(params=["index", "letters"])
def way(request, monkeypatch) -> str:
    """With the database's index, and with what is left where SQLite has none."""
    if request.param == "letters":
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL always has its index")
        monkeypatch.setattr(full_text, "has_fts5", lambda: False)
    return request.param


def test_every_word_has_to_be_there_as_a_beginning(way, say, found) -> None:
    say("The broken heating in the kitchen")
    say("The broken window")
    assert found("broken heat") == ["The broken heating in the kitchen"]
    assert found("BROKEN") == ["The broken heating in the kitchen", "The broken window"]
    assert found("broken garden") == []


@pytest.mark.parametrize("query", ["", "  ", '"', "' OR 1", "q*z(", "NEAR(", "-", "\\", "%", "&|!"])
def test_signs_are_no_commands(way, say, query, found) -> None:
    say("plain text without numbers")
    assert found(query) == []


def test_scripts_without_blanks_are_found_anywhere(way, say, found) -> None:
    say("我们的暖气坏了，怎么办？")
    assert found("暖气") == ["我们的暖气坏了，怎么办？"]
    assert found("窗户") == []


@pytest.mark.parametrize(
    "text",
    ["see https://heating.example.org/pump?x=1", "ana@heating.org", "<b>heating</b>", "a/heating"],
)
def test_words_in_addresses_paths_and_tags_are_words(way, say, text, found) -> None:
    say(text)
    assert found("heat") == [text]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's plan")
def test_postgresql_uses_its_index(say) -> None:
    say("about heating")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    found = full_text.postgres_matching(Message.objects.all(), ["heating"], is_capped=False)
    assert "chat_message_search" in found.order_by().explain()


def test_of_a_word_that_is_everywhere_the_latest_are_found(say, found, monkeypatch) -> None:
    monkeypatch.setattr(full_text, "MAX_HITS", 2)
    for number in range(3):
        say(f"heating {number}")
    assert found("heating") == ["heating 1", "heating 2"]


def test_the_index_follows_changes_and_deletions(say, found) -> None:
    message = say("about heating")
    Message.objects.filter(pk=message.pk).update(content="about windows")
    assert found("heating") == []
    assert found("windows") == ["about windows"]
    message.conversation.delete()
    assert found("windows") == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite keeps the index by triggers")
def test_an_index_that_lost_its_triggers_is_made_again(say, found) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER chat_search_insert")
    say("about heating")
    assert found("heating") == []
    assert index_ensure() is True
    assert found("heating") == ["about heating"]
    assert index_ensure() is False


def test_only_ones_own_are_found(alice, bob) -> None:
    MessageFactory(conversation__user=bob, content="heating", conversation__title="Heating")
    result = history_search(alice, "heating")
    assert result.is_empty


def test_titles_are_found_and_the_archive_too(alice) -> None:
    conversation = ConversationFactory(user=alice, title="Fixing the heating")
    conversation_archive(conversation=conversation)
    result = history_search(alice, "heat fix")
    assert [item for item, _ in result.titles] == [conversation]
    assert not result.hits


def test_a_snippet_begins_near_the_word_and_marks_it() -> None:
    text = "one two three " * 30 + "the Heating broke " + "four five six " * 30
    parts = snippet(text, ["heat"])
    assert [part.text for part in parts if part.is_hit] == ["Heat"]
    joined = "".join(part.text for part in parts)
    assert joined.startswith("…")
    assert joined.endswith("…")
    assert len(joined) <= 222


def test_marks_do_not_mind_case_and_accents() -> None:
    marked = [part.text for part in pieces("Café, CAFE, décaf", ["cafe"]) if part.is_hit]
    assert marked == ["Café", "CAFE"]


def test_what_is_found_is_shown_safely(browser, say) -> None:
    say("<script>alert('heating')</script>")
    page = browser.get("/search/", {"q": "heating"}).content.decode()
    assert "<mark>heating</mark>" in page
    assert "<script>alert" not in page


def test_a_hit_leads_to_its_message_and_names_the_other_version(
    browser, conversation, reply
) -> None:
    other = Message.objects.create(
        conversation=conversation, parent=reply.parent, role="assistant", content="Rest well."
    )
    page = browser.get("/search/", {"q": "rest"}).content.decode()
    link = f"/c/{conversation.pk}/?at={other.pk}"
    assert f'href="{link}#m-{other.pk}"' in page
    assert f'action="/m/{other.pk}/show/"' in browser.get(link).content.decode()
    shown = browser.get(f"/c/{conversation.pk}/?at={reply.pk}").content.decode()
    assert "Show that version" not in shown
    assert browser.get(f"/c/{conversation.pk}/?at=nonsense").status_code == 200


def test_htmx_gets_the_results_alone(browser, say) -> None:
    say("heating")
    html = browser.get("/search/", {"q": "heat"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert "<mark>heat</mark>ing" in html
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser.get("/search/", {"q": "heat"}, headers=back).content.decode()


def test_a_search_asks_as_often_for_many_hits_as_for_few(
    browser, say, django_assert_num_queries
) -> None:
    for number in range(PAGE_SIZE + 5):
        say(f"heating {number}", conversation__title=f"Heating {number}")
    # Session, user; titles, count, messages; the sidebar's two.
    with django_assert_num_queries(7):
        page = browser.get("/search/", {"q": "heat"}).content.decode()
    assert f"1–{PAGE_SIZE} of {PAGE_SIZE + 5}" in page


def test_words_are_letters_and_numbers() -> None:
    assert words_of("it's 40°, naïve?") == ["it", "s", "40", "naïve"]
    assert len(words_of("word " * 50)) == full_text.MAX_WORDS
