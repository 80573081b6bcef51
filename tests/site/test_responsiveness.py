"""Processes that people wait for are not stopped by garbage collection for long."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import gc, sys
import uno_site.asgi
frozen, looked_at = gc.get_freeze_count(), len(gc.get_objects())
print(frozen, looked_at, sys.getswitchinterval())
"""


def test_what_the_web_server_has_loaded_is_not_looked_at_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    frozen, looked_at, interval = done.stdout.split()[-3:]
    assert int(frozen) > 100_000
    assert int(looked_at) < 1_000
    assert float(interval) == 0.0005
