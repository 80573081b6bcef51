"""Conversations are kept in order over the API too."""

import pytest

from tests.factories import ConversationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(alice):
    return ConversationFactory(user=alice)


def change(client, conversation, **values):
    path = f"/api/v1/conversations/{conversation.pk}/"
    return client.patch(path, values, content_type="application/json")


def test_what_is_given_is_changed_and_the_rest_stays(alice, client_for, conversation) -> None:
    browser = client_for(alice)
    answer = change(browser, conversation, is_pinned=True, folder="Work", is_archived=True).json()
    assert (answer["title"], answer["is_pinned"], answer["folder"]) == (
        "A conversation",
        True,
        "Work",
    )
    assert answer["archived_at"]
    answer = change(browser, conversation, title="Mine", folder="", is_archived=False).json()
    assert (answer["title"], answer["is_pinned"], answer["folder"]) == ("Mine", True, None)
    assert answer["archived_at"] is None


def test_strangers_change_nothing(bob, client_for, conversation) -> None:
    assert change(client_for(bob), conversation, is_pinned=True).status_code == 404


def test_a_list_takes_as_many_queries_as_its_folders_are_many_or_few(
    alice, client_for, conversation, django_assert_num_queries
) -> None:
    browser = client_for(alice)
    for number in range(5):
        change(browser, ConversationFactory(user=alice), folder=f"Folder {number}")
    # Session, user, count, conversations.
    with django_assert_num_queries(4):
        answer = browser.get("/api/v1/conversations/").json()
    assert answer["count"] == 6
