"""A real vLLM on the CPU, in the environment that ``vllm_environment.py`` makes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from uno_site.ports import free_port

START_SECONDS = 900
TOKEN = "vllm-test"


@contextmanager
def running_vllm(base_dir: Path, name: str, log: Path, *flags: str) -> Iterator[str]:
    """The address of a vLLM that serves ``base_dir`` as ``name``, with adapters at run time.

    Raises
    ------
    AssertionError
        It ended, or was not ready within fifteen minutes.
    """
    python = os.environ.get("VLLM_PYTHON")
    assert python, "VLLM_PYTHON is not set; `make test-vllm` and `make bench-engine-vllm` set it."
    port = free_port()
    options = {
        "model": base_dir,
        "served-model-name": name,
        "port": port,
        "api-key": TOKEN,
        "max-model-len": 1024,
        "max-num-seqs": 16,
        "max-lora-rank": 8,
        "dtype": "bfloat16",
    }
    command = [python, "-m", "vllm.entrypoints.openai.api_server", *flags]
    command += [part for key, value in options.items() for part in (f"--{key}", str(value))]
    extra = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_TARGET_DEVICE": "cpu",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **extra}, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"vLLM ended: {log.read_text(errors='replace')[-3000:]}"
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(1)
    raise AssertionError(f"vLLM did not become ready: {log.read_text(errors='replace')[-3000:]}")
