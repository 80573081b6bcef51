"""The first accounts of a fresh instance."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from tests.factories import UserFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def data_dir(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def bootstrap() -> str:
    out = StringIO()
    call_command("bootstrap_accounts", stdout=out)
    return out.getvalue()


def test_a_fresh_instance_gets_one_account_a_role_and_says_how_to_sign_in(data_dir) -> None:
    printed = bootstrap()
    path = data_dir / "first-accounts.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    for line in path.read_text().splitlines()[2:]:
        name, password = line.split()
        user = authenticate(username=name, password=password)
        assert user.role == name
        assert password in printed
        assert password.isalnum(), "A double click selects the whole password."
    assert User.objects.count() == 3


def test_a_second_start_changes_nothing_and_names_the_file(data_dir) -> None:
    bootstrap()
    before = (data_dir / "first-accounts.txt").read_text()
    printed = bootstrap()
    assert "first-accounts.txt" in printed
    assert (data_dir / "first-accounts.txt").read_text() == before
    assert User.objects.count() == 3


def test_an_instance_with_people_is_left_alone(data_dir) -> None:
    UserFactory()
    assert bootstrap() == ""
    assert User.objects.count() == 1
    assert not (data_dir / "first-accounts.txt").exists()
