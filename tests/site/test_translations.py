"""Every page speaks German and Chinese as well: complete catalogues, and whose choice counts."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import get_language, to_locale

from tests.factories import ClusterFactory
from uno_site.accounts.languages import SocketLanguageMiddleware
from uno_site.accounts.models import User

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)\d*[sd]|\{\w+\}|</?\w+[^>]*>")
SIGN_IN = {"en": "Sign in", "de": "Anmelden", "zh-hans": "登录"}
NEW_CHAT = {"en": "What can I do for you?", "de": "Was kann ich für Sie tun?"}


def catalogue(language: str) -> dict[object, str]:
    """Every string and its translation; plural forms have the key ``(string, form)``."""
    folder = settings.BASE_DIR / "locale" / to_locale(language) / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]


def test_every_string_is_translated_and_compiled() -> None:
    call_command("messages", check=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_tags_survive_the_translation(language: str) -> None:
    changed = {}
    for key, text in catalogue(language).items():
        source = key[0] if isinstance(key, tuple) else key
        if source and set(PLACEHOLDER.findall(source)) != set(PLACEHOLDER.findall(text)):
            changed[source] = text
    assert changed == {}


@pytest.mark.django_db
@pytest.mark.parametrize("language", SIGN_IN)
def test_a_page_comes_in_the_language_that_the_browser_asks_for(language: str) -> None:
    page = Client(headers={"accept-language": f"{language},xx;q=0.5"}).get(
        reverse("accounts:login")
    )
    assert SIGN_IN[language] in page.text
    assert f'lang="{language}"' in page.text


@pytest.mark.django_db
def test_a_language_that_uno_does_not_speak_gives_english() -> None:
    page = Client(headers={"accept-language": "fr"}).get(reverse("accounts:login"))
    assert SIGN_IN["en"] in page.text


def test_ones_own_choice_counts_more_than_the_browsers(
    alice: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(alice)
    assert client.post(reverse("accounts:language"), {"language": "de"}).status_code == 302
    page = client.get(reverse("chat:home"), headers={"accept-language": "zh-hans"})
    assert NEW_CHAT["de"] in page.text
    client.post(reverse("accounts:language"), {"language": ""})
    assert NEW_CHAT["en"] in client.get(reverse("chat:home")).text


def test_an_unknown_choice_is_refused(alice: User, client_for: Callable[[User], Client]) -> None:
    answer = client_for(alice).post(reverse("accounts:language"), {"language": "xx"})
    assert answer.status_code == 400
    alice.refresh_from_db()
    assert alice.language == ""


@pytest.mark.parametrize(
    ("chosen", "asked_for", "spoken"),
    [("de", b"zh-hans", "de"), ("", b"zh-CN,en;q=0.8", "zh-hans"), ("", b"fr", "en")],
)
async def test_a_socket_speaks_the_language_of_its_page(
    chosen: str, asked_for: bytes, spoken: str
) -> None:
    async def tell(scope: object, receive: object, send: Callable[..., object]) -> None:
        await send({"type": "websocket.accept", "subprotocol": get_language()})

    socket = WebsocketCommunicator(
        SocketLanguageMiddleware(tell), "/", headers=[(b"accept-language", asked_for)]
    )
    socket.scope["user"] = User(language=chosen)
    assert await socket.connect() == (True, spoken)
    await socket.disconnect()


def test_numbers_in_attributes_keep_their_point(
    curator: User, client_for: Callable[[User], Client]
) -> None:
    ClusterFactory()
    curator.language = "de"
    curator.save()
    page = client_for(curator).get(reverse("curation:clusters"))
    assert 'value="0.45"' in page.text
    assert 'value="0,45"' not in page.text
