"""Pins, folders and the archive: where a conversation stands in the list."""

import pytest

from chat.models import Conversation, Folder
from chat.selectors import conversation_list, loose_conversations, shelf
from chat.services.conversations import conversation_delete
from chat.services.messages import message_send
from chat.services.organising import (
    conversation_archive,
    conversation_file,
    conversation_pin,
    conversation_restore,
)
from tests.factories import ConversationFactory
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice, client_for):
    return client_for(alice)


def test_a_pinned_conversation_stands_apart_and_keeps_its_time(conversation, alice) -> None:
    before = Conversation.objects.get().updated_at
    conversation_pin(conversation=conversation, is_pinned=True)
    assert list(shelf(alice).pinned) == [conversation]
    assert not loose_conversations(alice).exists()
    assert Conversation.objects.get().updated_at == before
    conversation_pin(conversation=conversation, is_pinned=False)
    assert not shelf(alice).pinned


def test_folders_come_by_name_with_what_is_in_them(alice) -> None:
    first, second, third = (ConversationFactory(user=alice) for _ in range(3))
    conversation_file(conversation=first, folder_name="  work ")
    conversation_file(conversation=second, folder_name="Garden")
    conversation_file(conversation=third, folder_name="work")
    held = [(folder.name, {item.pk for item in items}) for folder, items in shelf(alice).folders]
    assert held == [("Garden", {second.pk}), ("work", {first.pk, third.pk})]


def test_a_folder_goes_with_its_last_conversation(alice) -> None:
    first, second = (ConversationFactory(user=alice) for _ in range(2))
    for item in (first, second):
        conversation_file(conversation=item, folder_name="Work")
    conversation_file(conversation=first, folder_name="")
    assert Folder.objects.count() == 1
    conversation_delete(conversation=second)
    assert Folder.objects.count() == 0


def test_the_folders_of_two_people_do_not_meet(alice, bob) -> None:
    for user in (alice, bob):
        conversation_file(conversation=ConversationFactory(user=user), folder_name="Work")
    assert Folder.objects.count() == 2
    assert [len(items) for _, items in shelf(bob).folders] == [1]


def test_a_folder_name_has_its_length(conversation) -> None:
    with pytest.raises(InvalidInput, match="60"):
        conversation_file(conversation=conversation, folder_name="x" * 61)


def test_the_archive_takes_out_of_the_list_and_gives_back(conversation, alice) -> None:
    conversation_archive(conversation=conversation)
    assert not conversation_list(alice).exists()
    assert list(Conversation.objects.visible_to(alice).archived()) == [conversation]
    conversation_restore(conversation=conversation)
    assert list(conversation_list(alice)) == [conversation]


def test_sending_brings_a_conversation_back(conversation, alice, launched) -> None:
    conversation_archive(conversation=conversation)
    message_send(user=alice, content="And then?", conversation=conversation)
    assert list(conversation_list(alice)) == [conversation]


def test_archiving_offers_to_undo_it(browser, conversation) -> None:
    page = browser.post(f"/c/{conversation.pk}/archive/", follow=True).content.decode()
    assert f'action="/c/{conversation.pk}/restore/"' in page
    assert "Undo" in page
    browser.post(f"/c/{conversation.pk}/restore/")
    conversation.refresh_from_db()
    assert conversation.archived_at is None


def test_the_archive_has_a_page(browser, conversation) -> None:
    assert "The archive is empty" in browser.get("/archive/").content.decode()
    conversation_archive(conversation=conversation)
    page = browser.get("/archive/").content.decode()
    assert f'action="/c/{conversation.pk}/restore/"' in page


def test_pin_and_folder_are_set_on_the_page_and_shown_in_the_sidebar(browser, conversation) -> None:
    browser.post(f"/c/{conversation.pk}/folder/", {"folder": "Sleep"})
    page = browser.get(f"/c/{conversation.pk}/").content.decode()
    assert '<span class="truncate" dir="auto">Sleep</span>' in page
    browser.post(f"/c/{conversation.pk}/pin/", {"pinned": "1"})
    page = browser.get("/").content.decode()
    assert "Pinned" in page
    assert page.count(f'href="/c/{conversation.pk}/"') == 1


def test_strangers_organise_nothing(bob, client_for, conversation) -> None:
    stranger = client_for(bob)
    for action in ("pin", "folder", "archive", "restore"):
        assert stranger.post(f"/c/{conversation.pk}/{action}/").status_code == 404
    assert "A conversation" not in stranger.get("/archive/").content.decode()


def test_the_sidebar_asks_as_often_for_many_as_for_few(
    browser, alice, django_assert_num_queries
) -> None:
    for number in range(12):
        item = ConversationFactory(user=alice)
        conversation_file(conversation=item, folder_name=f"Folder {number % 4}")
        ConversationFactory(user=alice, is_pinned=True)
        ConversationFactory(user=alice)
    # Session, user, personal adapters allowed, notices, pinned and filed, the rest.
    with django_assert_num_queries(6):
        browser.get("/")
