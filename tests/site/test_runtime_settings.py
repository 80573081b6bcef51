"""Settings that an admin changes at run time: checked, kept, audited, and in force at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from uno_site.accounts.services import is_sign_up_open
from uno_site.audit.models import AuditEvent
from uno_site.errors import InvalidInput
from uno_site.runtime.models import RuntimeSetting
from uno_site.runtime.options import OPTIONS
from uno_site.runtime.services import runtime_setting, runtime_settings_change, runtime_values

ClientFor = Callable[[Any], Client]
pytestmark = pytest.mark.django_db


def test_the_default_comes_from_the_environment(settings: Any) -> None:
    assert runtime_setting("api_requests_per_minute") == 60
    settings.UNO = replace(settings.UNO, api_requests_per_minute=7)
    assert runtime_setting("api_requests_per_minute") == 7


def test_a_change_holds_at_once_and_is_on_record(admin: Any) -> None:
    assert not is_sign_up_open()
    changed = runtime_settings_change(
        values={"open_signup": True, "sends_per_minute": 20}, by=admin
    )
    assert changed == ["open_signup"]
    assert is_sign_up_open()
    event = AuditEvent.objects.get(action="setting.change")
    assert event.actor == admin
    assert event.data == {"name": "open_signup", "from": False, "to": True}


def test_what_gets_its_default_again_is_no_longer_kept() -> None:
    runtime_settings_change(values={"sends_per_minute": 5}, by=None)
    assert runtime_setting("sends_per_minute") == 5
    runtime_settings_change(values={"sends_per_minute": 20}, by=None)
    assert not RuntimeSetting.objects.exists()
    assert AuditEvent.objects.filter(action="setting.change").count() == 2


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sends_per_minute", 0, "from 1 to 1000"),
        ("sends_per_minute", True, "whole number"),
        ("open_signup", "yes", "cannot be yes"),
        ("chat_settings_role", "king", "user, curator, admin"),
        ("secret_key", "x", "no setting"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        runtime_settings_change(values={"open_signup": True, name: value}, by=None)
    assert words in str(refused.value)
    assert not RuntimeSetting.objects.exists()


def test_all_settings_are_read_with_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert list(runtime_values()) == list(OPTIONS)
        runtime_values()


def test_the_page_shows_the_environment_without_secrets(
    admin: Any, curator: Any, client_for: ClientFor, settings: Any
) -> None:
    url = reverse("runtime:settings")
    assert client_for(curator).get(url).status_code == 404
    settings.UNO = replace(
        settings.UNO,
        secret_key="open-sesame",
        engine_token="token-of-the-engine",
        database_url="postgres://uno:hunter2@db:5432/uno?password=hunter3",
    )
    page = client_for(admin).get(url).content.decode()
    for secret in ("open-sesame", "token-of-the-engine", "hunter2", "hunter3"):
        assert secret not in page
    assert "postgres://db:5432/uno" in page
    assert "UNO_ENGINE_TOKEN" in page
    assert "Default: 20." in page


def test_saving_by_form(admin: Any, client_for: ClientFor) -> None:
    url, browser = reverse("runtime:settings"), client_for(admin)
    values = {name: value for name, value in runtime_values().items() if value is not False}
    answer = browser.post(url, {**values, "sends_per_minute": 0})
    assert answer.status_code == 400
    page = browser.post(url, {**values, "sends_per_minute": 7}, follow=True).content.decode()
    assert "it holds at once" in page
    assert runtime_setting("sends_per_minute") == 7
    assert (
        "Nothing was changed."
        in browser.post(url, {**values, "sends_per_minute": 7}, follow=True).content.decode()
    )


def test_saving_an_older_page_leaves_what_another_admin_changed(
    admin: Any, client_for: ClientFor
) -> None:
    url, browser = reverse("runtime:settings"), client_for(admin)
    runtime_settings_change(values={"open_signup": True}, by=admin)
    page = browser.get(url).context["form"]
    fields = {name: value for name, value in runtime_values().items() if value is not False}
    seen = {page[name].html_initial_name: value for name, value in runtime_values().items()}
    assert all(name in browser.get(url).content.decode() for name in seen)
    runtime_settings_change(values={"open_signup": False}, by=None)
    browser.post(url, {**fields, **seen, "sends_per_minute": 7})
    assert runtime_setting("sends_per_minute") == 7
    assert not runtime_setting("open_signup")


def test_a_switch_is_switched_off_by_the_page(admin: Any, client_for: ClientFor) -> None:
    seen = {f"initial-{name}": value for name, value in runtime_values().items()}
    fields = {name: value for name, value in runtime_values().items() if value is not False}
    del fields["personal_adapters"]
    client_for(admin).post(reverse("runtime:settings"), {**fields, **seen})
    assert not runtime_setting("personal_adapters")


def test_what_another_process_has_just_set_can_be_taken_back(admin: Any) -> None:
    assert not runtime_setting("open_signup")
    RuntimeSetting.objects.create(name="open_signup", value=True)  # this process knows it not yet
    assert runtime_settings_change(values={"open_signup": False}, by=admin) == ["open_signup"]
    assert not RuntimeSetting.objects.exists()
