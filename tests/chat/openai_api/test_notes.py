"""Notes by the public API: only where the person switched them on, and never for the base model."""

import pytest

from chat.experience.models import Use
from chat.experience.services.switches import user_switch_set
from tests.factories import ExperienceFactory
from uno_site.engine_clients import base_model_name

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "Which port has Kestrel?"


@pytest.fixture
def note(alice):
    return ExperienceFactory(owner=alice, trigger=QUESTION, content="Kestrel has port 7443.")


def shown(scripted) -> str:
    return scripted.requests[-1].messages[-1].content


def test_without_the_switch_a_program_gets_none(ask, scripted, note) -> None:
    assert ask(QUESTION).json()["uno"]["notes"] == []
    assert shown(scripted) == QUESTION


def test_with_it_the_note_is_shown_named_and_counted(ask, scripted, note, alice) -> None:
    user_switch_set(user=alice, is_api_on=True)
    assert ask(QUESTION).json()["uno"]["notes"] == [str(note.pk)]
    assert note.content in shown(scripted)
    assert Use.objects.get().experience == note


def test_the_base_model_by_name_is_the_base_model_alone(ask, scripted, note, alice) -> None:
    user_switch_set(user=alice, is_api_on=True)
    ask(QUESTION, model=base_model_name())
    assert shown(scripted) == QUESTION


def test_anothers_key_gets_none_of_alices(ask, scripted, note, bob, new_key) -> None:
    user_switch_set(user=bob, is_api_on=True)
    ask(QUESTION, key=new_key(bob)[1])
    assert shown(scripted) == QUESTION
