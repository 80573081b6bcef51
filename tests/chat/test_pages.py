"""The chat's pages and fragments: what is on them, with and without JavaScript."""

import json

import pytest

from chat.models import Conversation, Feedback, Message
from chat.services.messages import message_correct

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(alice, client_for):
    return client_for(alice)


def test_the_home_page_offers_a_composer_and_no_one_elses_conversations(
    browser, conversation, bob, client_for
) -> None:
    assert "A conversation" in browser.get("/").content.decode()
    page = client_for(bob).get("/").content.decode()
    assert "A conversation" not in page
    assert 'action="/c/new/"' in page


def test_a_first_message_leads_to_its_conversation(browser) -> None:
    answer = browser.post("/c/new/", {"content": "Hello"})
    conversation = Conversation.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/c/{conversation.pk}/"
    page = browser.get(answer.url).content.decode()
    assert "Hello" in page
    assert 'data-state="generating"' in page


def test_htmx_is_led_there_too(browser) -> None:
    answer = browser.post("/c/new/", {"content": "Hello"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"/c/{Conversation.objects.get().pk}/"


def test_sending_without_javascript_comes_back_to_the_page(browser, conversation) -> None:
    answer = browser.post(f"/c/{conversation.pk}/send/", {"content": "And then?"}, follow=True)
    assert answer.redirect_chain == [(f"/c/{conversation.pk}/", 302)]
    assert "And then?" in answer.content.decode()


def test_sending_by_htmx_answers_with_the_thread_alone(browser, conversation) -> None:
    answer = browser.post(f"/c/{conversation.pk}/send/", {"content": "And then?"}, headers=HTMX)
    html = answer.content.decode()
    assert "<html" not in html
    assert html.count("<article") == 4


def test_a_refused_message_says_why(browser, conversation) -> None:
    answer = browser.post(f"/c/{conversation.pk}/send/", {"content": " "}, headers=HTMX)
    assert answer.status_code == 400
    assert "The message is empty. Write something first." in answer.content.decode()


def test_a_reply_is_rendered_safely_and_a_question_as_it_was_typed(browser, conversation) -> None:
    leaf = conversation.leaf
    Message.objects.filter(pk=leaf.pk).update(content="**bold** <script>x</script>")
    Message.objects.filter(pk=leaf.parent_id).update(content="<b>typed</b> **so**")
    page = browser.get(f"/c/{conversation.pk}/").content.decode()
    assert "<strong>bold</strong> &lt;script&gt;" in page
    assert "&lt;b&gt;typed&lt;/b&gt; **so**" in page


def test_the_action_row_has_its_order(browser, reply) -> None:
    message_correct(message=reply, content="Go to bed at ten.")
    html = browser.get(f"/m/{reply.pk}/", headers=HTMX).content.decode()
    marks = ["1/2", "/correct/", "data-copy-from", "/regenerate/", 'value="1"', 'value="-1"']
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_vote_opens_the_question_why_and_says_thanks(browser, reply) -> None:
    answer = browser.post(f"/m/{reply.pk}/vote/", {"thumb": "-1"}, headers=HTMX)
    html = answer.content.decode()
    assert "tell-more" in html
    assert "open" in html.split("tell-more")[1].split(">")[0]
    assert 'value="too_long"' in html
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["level"] == "ok"
    assert Feedback.objects.get().thumb == -1


def test_a_thumb_up_asks_for_words_only(browser, reply) -> None:
    html = browser.post(f"/m/{reply.pk}/vote/", {"thumb": "1"}, headers=HTMX).content.decode()
    assert "What was good?" in html
    assert 'value="too_long"' not in html


def test_reasons_and_comment_are_kept(browser, reply) -> None:
    browser.post(f"/m/{reply.pk}/vote/", {"thumb": "-1"})
    data = {"reasons": ["too_long", "style"], "comment": "Shorter."}
    browser.post(f"/m/{reply.pk}/explain/", data, headers=HTMX)
    given = Feedback.objects.get()
    assert (given.reasons, given.comment) == (["too_long", "style"], "Shorter.")


def test_the_editor_holds_the_text_and_saves_a_correction(browser, conversation, reply) -> None:
    editor = browser.get(f"/m/{reply.pk}/correct/", headers=HTMX).content.decode()
    assert "Sleep more.</textarea>" in editor
    answer = browser.post(f"/m/{reply.pk}/correct/", {"content": "Sleep."}, headers=HTMX)
    assert "Your correction" in answer.content.decode()
    conversation.refresh_from_db()
    assert conversation.leaf.content == "Sleep."
    assert "/vote/" not in answer.content.decode()


def test_the_editor_is_a_page_without_javascript(browser, reply) -> None:
    page = browser.get(f"/m/{reply.pk}/correct/").content.decode()
    assert "<html" in page
    assert "Sleep more.</textarea>" in page


def test_a_correction_shows_what_was_changed(browser, conversation, reply) -> None:
    message_correct(message=reply, content="Sleep more at night.")
    page = browser.get(f"/c/{conversation.pk}/").content.decode()
    assert "Sleep more<ins> at night</ins>." in page
    correction = Message.objects.get(origin="correction")
    assert (
        "<ins> at night</ins>" in browser.get(f"/m/{correction.pk}/", headers=HTMX).content.decode()
    )


def test_a_long_conversation_takes_as_many_queries_as_a_short_one(
    browser, conversation, reply, django_assert_num_queries
) -> None:
    parent = reply
    for number in range(6):
        question = Message.objects.create(
            conversation=conversation, parent=parent, role="user", content=f"And {number}?"
        )
        parent = Message.objects.create(
            conversation=conversation, parent=question, role="assistant", content="So."
        )
        parent = message_correct(message=parent, content=f"So {number}.")
    # Session, user, conversation, dead replies, messages, feedback, personal adapters allowed;
    # the sidebar's two.
    with django_assert_num_queries(9):
        browser.get(f"/c/{conversation.pk}/")


def test_every_text_of_a_person_or_the_model_has_its_own_direction(browser, conversation) -> None:
    page = browser.get(f"/c/{conversation.pk}/").content.decode()
    assert '<div class="prose message__body" dir="auto">' in page
    assert '<div class="message__bubble pre-wrap" dir="auto">' in page
    assert 'id="composer-text" dir="auto"' in page


def test_why_this_answer_tells_the_route(browser, reply) -> None:
    reply.provenance = {
        "kind": "expert",
        "reason": "nearest",
        "model": "base",
        "cluster_name": "Sleep",
        "adapter_name": "sleep-v2",
        "adapter_version": 2,
        "distance": 0.412,
        "distance_limit": 0.9,
        "table_version": 7,
        "rules": ["Be brief."],
    }
    reply.save()
    html = browser.get(f"/m/{reply.pk}/", headers=HTMX).content.decode()
    for part in ("Sleep", "sleep-v2", "v2", "0.41", "0.90", "version 7", "Be brief."):
        assert part in html


def test_the_title_can_be_changed(browser, conversation) -> None:
    browser.post(f"/c/{conversation.pk}/rename/", {"title": "  My   sleep "})
    conversation.refresh_from_db()
    assert conversation.title == "My sleep"


def test_search_looks_into_titles_and_messages(browser, conversation) -> None:
    for words, is_found in (("sleep better", True), ("a conv", True), ("heating", False)):
        html = browser.get("/c/", {"q": words}, headers=HTMX).content.decode()
        assert ("A conversation" in html) is is_found


def test_nothing_of_a_conversation_is_open_to_strangers(
    bob, client_for, conversation, reply
) -> None:
    stranger = client_for(bob)
    for path in (f"/c/{conversation.pk}/", f"/m/{reply.pk}/", f"/m/{reply.pk}/correct/"):
        assert stranger.get(path).status_code == 404
    for action in ("send", "rename", "delete"):
        assert stranger.post(f"/c/{conversation.pk}/{action}/").status_code == 404
    for action in ("stop", "regenerate", "correct", "revise", "show", "vote", "explain"):
        assert stranger.post(f"/m/{reply.pk}/{action}/").status_code == 404
    assert Message.objects.count() == 2


def test_nobody_chats_without_signing_in(client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/sign-in/")


def test_reading_changes_nothing(browser, conversation, reply) -> None:
    for action in ("stop", "regenerate", "show", "vote", "explain"):
        assert browser.get(f"/m/{reply.pk}/{action}/").status_code == 405
