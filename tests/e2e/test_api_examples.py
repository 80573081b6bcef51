"""The examples of docs/api.md, as they stand there, against the running product."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.e2e.product import Product
from tests.engines import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.model]

ADDRESS, KEY = "http://127.0.0.1:8000", "uno_…"
MAKE_KEY = """
from uno_site.accounts.api_keys import api_key_create
from uno_site.accounts.models import Scope, User
from uno_site.accounts.services import consent_set
user = User.objects.get(username="user")
consent_set(user=user, has_consented=True)
print(api_key_create(user=user, name="examples", scopes=Scope.values)[1])
"""


@pytest.fixture(scope="module")
def key(product: Product) -> str:
    return product.manage("shell", "-c", MAKE_KEY).split()[-1]


def examples(language: str) -> list[str]:
    """The page's code blocks of a language."""
    page = (ROOT / "docs/api.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def run(command: list[str], key: str) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, "UNO_KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_asks_and_gives_feedback(product: Product, key: str) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    ask, teach = (
        text.replace(ADDRESS, product.url).replace(f"export UNO_KEY={KEY}\n", "")
        for text in examples("sh")
    )
    completion = json.loads(run(["bash", "-c", ask], key))
    assert completion["choices"][0]["message"]["content"]
    assert completion["uno"]["is_stored"] is True
    feedback = json.loads(run(["bash", "-c", teach.replace("chatcmpl-…", completion["id"])], key))
    assert feedback["thumb"] == -1
    assert "error" not in feedback


def test_the_python_client_streams(product: Product, key: str) -> None:
    (code,) = examples("python")
    code = code.replace(ADDRESS, product.url).replace(KEY, key)
    assert run([sys.executable, "-c", code], key).strip()
