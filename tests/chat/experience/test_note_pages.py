"""One's notes as pages: reading, writing, switching, disputing; strangers find nothing."""

import pytest
from django.urls import reverse

from chat.experience.models import Experience, Outcome, Scope, Status, Use
from chat.experience.selectors import notes_for
from chat.experience.services.notes import DISPUTED
from chat.experience.services.switches import is_on_for, user_switch
from tests.factories import ExperienceFactory
from tests.scripted import ScriptedClient

pytestmark = pytest.mark.django_db
TEXT = {"trigger": "port of Kestrel", "content": "Kestrel has port 7443.", "kind": "fact"}


@pytest.fixture
def browser(alice, client_for):
    return client_for(alice)


@pytest.fixture
def note(alice):
    return ExperienceFactory(owner=alice, trigger="port of Heron", content="Heron has 8080.")


@pytest.fixture
def shared():
    return ExperienceFactory(owner=None, scope=Scope.GLOBAL, trigger="office hours")


@pytest.fixture
def use(note, reply):
    reply.provenance = {"kind": "base", "reason": "no_routes", "notes": [{"id": str(note.pk)}]}
    reply.save()
    return Use.objects.create(message=reply, experience=note, rank=1, similarity=0.7)


def page(browser, name, *args, **query):
    return browser.get(reverse(f"experience:{name}", args=args), query)


def press(browser, name, *args, **data):
    return browser.post(reverse(f"experience:{name}", args=args), data, follow=True)


def test_a_note_is_written_embedded_and_in_use(browser, alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(browser, "new", **TEXT)
    note = Experience.objects.get(owner=alice)
    assert answer.status_code == 200 and "Kestrel has port 7443." in answer.text
    assert note.status == Status.ACTIVE and note.vector is not None and note.is_serving
    assert [revision.action for revision in note.revisions.all()] == ["created"]


@pytest.mark.parametrize("missing", ["trigger", "content"])
def test_half_a_note_is_none(browser, missing):
    answer = press(browser, "new", **{**TEXT, missing: "  "})
    assert answer.status_code == 400 and not Experience.objects.exists()


def test_the_same_note_twice_is_one(browser, alice):
    press(browser, "new", **TEXT)
    assert press(browser, "new", **TEXT).status_code == 400
    assert Experience.objects.owned_by(alice).count() == 1


def test_the_list_searches_and_tells_ones_own_from_shared(browser, note, shared, bob):
    ExperienceFactory(owner=bob, trigger="of bob alone")
    own = page(browser, "notes").text
    assert "port of Heron" in own and "office hours" not in own and "of bob alone" not in own
    assert "port of Heron" in page(browser, "notes", q="heron 8080").text
    assert "No such notes" in page(browser, "notes", q="condor").text
    others = page(browser, "notes", whose="shared").text
    assert "office hours" in others and "port of Heron" not in others


def test_changing_the_text_is_a_revision_and_counts_begin_anew(browser, note):
    Experience.objects.update(hits=4, helpful=3)
    press(browser, "note", note.pk, trigger=note.trigger, content="Heron has 9090.", kind="fact")
    note.refresh_from_db()
    assert note.content == "Heron has 9090." and (note.hits, note.helpful) == (0, 0)
    revision = note.revisions.first()
    assert revision.before["content"] == "Heron has 8080."
    assert "<del>" in page(browser, "note", note.pk).text


def test_changing_when_it_is_of_use_takes_the_old_vector_away(browser, note):
    press(browser, "note", note.pk, trigger="timeout", content=note.content, kind="fact")
    note.refresh_from_db()
    assert note.vector is None, "embedded anew when the change is committed"


def test_pinning_and_switching(browser, note):
    press(browser, "pin", note.pk, is_pinned="yes")
    press(browser, "switch", note.pk, is_on="no")
    note.refresh_from_db()
    assert note.is_pinned and note.status == Status.ARCHIVED
    press(browser, "switch", note.pk, is_on="yes")
    note.refresh_from_db()
    assert note.status == Status.ACTIVE


def test_deleting_takes_uses_and_history_along(browser, note, use):
    press(browser, "delete", note.pk)
    assert not Experience.objects.exists() and not Use.objects.exists()


def test_a_reply_says_what_it_used_and_opens_it(browser, reply, note, use):
    thread = browser.get(reverse("chat:conversation", args=[reply.conversation_id])).text
    assert "Used 1 note" in thread and "Heron has 8080." not in thread
    opened = page(browser, "reply-notes", reply.pk).text
    assert "Heron has 8080." in opened and "This is wrong" in opened
    fragment = browser.get(
        reverse("experience:reply-notes", args=[reply.pk]), headers={"HX-Request": "true"}
    ).text
    assert "<html" not in fragment and "Heron has 8080." in fragment


def test_a_deleted_note_is_said_to_be_gone(browser, reply, note, use):
    note.delete()
    assert "1 note has been deleted since." in page(browser, "reply-notes", reply.pk).text


def test_ones_own_disputed_note_is_set_aside(browser, reply, note, use):
    answer = press(browser, "dispute", reply.pk, note.pk)
    note.refresh_from_db(), use.refresh_from_db()
    assert "You said that it is wrong" in answer.text
    assert (note.status, note.harmful) == (Status.QUARANTINED, 1)
    assert use.outcome == Outcome.DISPUTED
    press(browser, "dispute", reply.pk, note.pk)
    note.refresh_from_db()
    assert note.harmful == 1, "said twice, counted once"


def test_a_shared_disputed_note_goes_on_for_others_and_is_flagged(
    browser, reply, shared, alice, bob
):
    from chat.experience.selectors import candidates_for
    from tests.scripted import ScriptedClient

    Use.objects.create(message=reply, experience=shared, rank=1, similarity=0.7)
    press(browser, "dispute", reply.pk, shared.pk)
    shared.refresh_from_db()
    assert shared.status == Status.ACTIVE and shared.flags == [DISPUTED] and shared.harmful == 1
    vector = ScriptedClient().embed([shared.trigger])[0]
    assert candidates_for(alice, vector) == []
    assert len(candidates_for(bob, vector)) == 1


@pytest.mark.parametrize("name", ["note", "pin", "switch", "delete"])
def test_a_strangers_note_is_not_there(browser, bob, name):
    theirs = ExperienceFactory(owner=bob)
    assert press(browser, name, theirs.pk, **TEXT).status_code == 404


@pytest.mark.parametrize("name", ["pin", "switch", "delete"])
def test_a_shared_note_can_be_read_and_not_changed(browser, shared, name):
    assert page(browser, "note", shared.pk).status_code == 200
    assert press(browser, name, shared.pk).status_code == 404
    assert press(browser, "note", shared.pk, **TEXT).status_code == 404


def test_a_strangers_reply_shows_no_notes(client_for, bob, reply, note, use):
    stranger = client_for(bob)
    assert page(stranger, "reply-notes", reply.pk).status_code == 404
    assert press(stranger, "dispute", reply.pk, note.pk).status_code == 404


def test_the_switches(browser, alice, conversation):
    press(browser, "switches", is_api_on="on", is_learning_on="on")
    switch = user_switch(alice.pk)
    assert (switch.is_on, switch.is_api_on, switch.is_learning_on) == (False, True, True)
    press(browser, "switches", is_on="on")
    press(browser, "conversation-switch", conversation.pk, is_on="no")
    assert not is_on_for(conversation)
    manage = browser.get(reverse("chat:manage", args=[conversation.pk])).text
    assert "Replies here use no notes." in manage
    press(browser, "conversation-switch", conversation.pk, is_on="yes")
    assert is_on_for(conversation)


def test_a_strangers_conversation_is_not_switched(client_for, bob, conversation):
    answer = press(client_for(bob), "conversation-switch", conversation.pk, is_on="no")
    assert answer.status_code == 404


def test_a_note_may_be_for_questions_with_words_or_for_every_question(
    browser, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        press(
            browser, "new", trigger="e-mail", content="Sign as Al.", kind="rule", matching="words"
        )
        answer = press(browser, "new", content="Answer in German.", kind="rule", matching="always")
    assert "Every question" in answer.text
    assert all(note.vector is not None for note in Experience.objects.all())
    asked = {question: shown_for(alice, question) for question in (MAIL, "Who are you?")}
    assert asked == {
        MAIL: {"Sign as Al.", "Answer in German."},
        "Who are you?": {"Answer in German."},
    }


MAIL = "Please write an email to my landlord."


def shown_for(user, question):
    found = notes_for(user, question, ScriptedClient().embed([question])[0])
    return {item.candidate.content for item in found}


def test_words_that_everything_is_asked_with_tell_no_questions_apart(browser):
    answer = press(browser, "new", **{**TEXT, "trigger": "please write", "matching": "words"})
    assert answer.status_code == 400 and "“please write” has no word" in answer.text
