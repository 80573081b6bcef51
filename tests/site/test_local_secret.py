"""The kept secret key: made once, private, the same for everybody."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from uno_site.local_secret import local_secret


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    assert local_secret(path) == local_secret(path)
    assert len(local_secret(path)) >= 50


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    local_secret(tmp_path / "secret_key")
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_starters_at_the_same_time_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: local_secret(tmp_path / "secret_key"), range(8)))
    assert len(secrets) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["secret_key"]
