"""Ending processes that were started here."""

from __future__ import annotations

import logging
import subprocess

logger = logging.getLogger(__name__)


def process_stop(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end; kill it where it has not after ``seconds``. It is gone afterwards."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        logger.warning("Process %d did not stop when asked; killing it.", process.pid)
        process.kill()
        process.wait()
