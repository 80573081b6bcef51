"""The design system's page shows every component, and every class that the style sheet has."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from uno_site.accounts.models import User
from uno_site.design_system.examples import FOLDER, sections

COMPONENTS = settings.BASE_DIR / "templates/components"
STYLES = settings.BASE_DIR / "static/css/uno.css"
ADDRESS = "/design-system/"
#: Set by a script or by Django while something happens, or there before one has signed in.
ELSEWHERE = {"htmx-request", "errorlist", "field-error", "page--narrow"}


def examples() -> set[str]:
    return {example.name for section in sections() for example in section.examples}


@pytest.fixture
def admin_client(admin: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(admin)


def test_every_component_is_shown(admin_client: Client) -> None:
    shown = {template.name for template in admin_client.get(ADDRESS).templates}
    there = {f"components/{path.name}" for path in COMPONENTS.glob("*.html")}
    assert there - shown == set()


def test_every_class_is_shown(admin_client: Client) -> None:
    page = admin_client.get(ADDRESS).text
    shown = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', page))))
    rules = re.sub(r"/\*.*?\*/", "", STYLES.read_text(), flags=re.DOTALL)
    there = set(re.findall(r"\.([a-z][\w-]*)", rules))
    assert there - shown - ELSEWHERE == set()


def test_no_id_stands_twice(admin_client: Client) -> None:
    ids = re.findall(r'\sid="([^"]*)"', admin_client.get(ADDRESS).text)
    assert sorted(ids) == sorted(set(ids))


def test_every_example_is_shown_once() -> None:
    there = {path.stem for path in (settings.BASE_DIR / "templates" / FOLDER).glob("*.html")}
    assert examples() == there
    assert len(examples()) == sum(len(section.examples) for section in sections())


def test_an_example_shows_its_source_as_text(admin_client: Client) -> None:
    page = admin_client.get(ADDRESS).text
    assert "{% include &quot;components/pagination.html&quot; %}" in page


def test_the_form_answers_as_forms_do(admin_client: Client) -> None:
    wrong = admin_client.post(ADDRESS, {"name": "", "share": "1.4", "role": "cook"})
    assert wrong.status_code == 200
    assert set(wrong.context["form"].errors) == {"name", "share", "role"}
    assert wrong.text.count('class="field-error"') == 3
    right = admin_client.post(ADDRESS, {"name": "A", "share": "0.4", "role": "user"}, follow=True)
    assert right.redirect_chain == [(ADDRESS, 302)]
    assert "This is an example: nothing was changed." in right.text


def test_the_dialog_does_nothing(admin_client: Client) -> None:
    answer = admin_client.post(ADDRESS, {"is_dialog": "1"}, follow=True)
    assert "This is an example: nothing was changed." in answer.text


@pytest.mark.parametrize("role", ["alice", "curator"])
def test_it_is_there_for_admins_alone(
    role: str, request: pytest.FixtureRequest, client_for: Callable[[User], Client]
) -> None:
    client = client_for(request.getfixturevalue(role))
    assert client.get(ADDRESS).status_code == 404
    assert ADDRESS not in client.get(reverse("chat:home")).text


def test_the_menu_leads_to_it(admin_client: Client) -> None:
    assert f'href="{ADDRESS}"' in admin_client.get(reverse("chat:home")).text
