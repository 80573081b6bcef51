"""OpenMP is told to spin briefly before any library that uses it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

READ = "import os, {module}; print(os.environ['GOMP_SPINCOUNT'])"


@pytest.mark.parametrize("module", ["uno_site.inference.engine", "training.ml.train"])
@pytest.mark.parametrize(("set_by_admin", "expected"), [(None, "1000"), ("7", "7")])
def test_the_programs_that_compute_spin_briefly(module, set_by_admin, expected) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    if set_by_admin:
        environment["GOMP_SPINCOUNT"] = set_by_admin
    done = subprocess.run(
        [sys.executable, "-c", READ.format(module=module)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == expected
