"""``python -m uno_site.inference.engine``: run the local engine."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import uvicorn

from uno_site.env import ENGINE_BACKENDS, Settings, read_env
from uno_site.errors import UnoError
from uno_site.inference.engine.embedder import Embedder
from uno_site.inference.engine.engine import Engine, EngineConfig
from uno_site.inference.engine.llama import start_backend
from uno_site.inference.engine.models import embedder_path, prepare_model
from uno_site.inference.engine.server import create_app
from uno_site.inference.engine.threads import count_cores
from uno_site.inference.protocol import DEFAULT_EMBEDDING_MODEL
from uno_site.inference.replicas import split_urls
from uno_site.responsiveness import stay_responsive

GRACE_S = 3


def parse_options(settings: Settings, arguments: list[str]) -> argparse.Namespace:
    """Command-line options; whatever is not given comes from the environment."""
    url = urlsplit(next(iter(split_urls(settings.engine_url)), ""))
    parser = argparse.ArgumentParser("python -m uno_site.inference.engine", description=__doc__)
    parser.add_argument("--backend", choices=ENGINE_BACKENDS, default=settings.engine_backend)
    parser.add_argument("--model", default=settings.model_path, help="see UNO_MODEL_PATH")
    parser.add_argument("--embedder", default=settings.embedder_path, help="embedder folder")
    parser.add_argument("--host", default=url.hostname or "127.0.0.1")
    parser.add_argument("--port", type=int, default=url.port or 8081)
    parser.add_argument("--context", type=int, default=settings.engine_context)
    parser.add_argument("--slots", type=int, default=settings.engine_slots)
    parser.add_argument("--threads", type=int, default=settings.threads, help="0: all cores")
    parser.add_argument("--cache", type=int, default=settings.engine_cache_mib, help="MiB")
    parser.add_argument("--queue", type=int, default=EngineConfig().n_queue)
    return parser.parse_args(arguments)


def make_engine(settings: Settings, options: argparse.Namespace) -> Engine:
    """The engine as the options want it; loads the model."""
    settings = replace(settings, model_path=options.model, embedder_path=options.embedder)
    n_threads = options.threads or count_cores()
    config = EngineConfig(options.context, options.slots, n_threads, options.queue, options.cache)
    embedder = partial(Embedder, embedder_path(settings), DEFAULT_EMBEDDING_MODEL, n_threads)
    if options.backend == "llama":
        start_backend()
        return Engine(prepare_model(settings), embedder(), config)
    # Imported late: transformers takes seconds, which llama.cpp can do without.
    from uno_site.inference.engine.pytorch.backend import TorchBackend
    from uno_site.inference.engine.pytorch.loading import prepare_torch_model
    from uno_site.inference.engine.pytorch.model import best_device

    device = best_device()
    make_backend = partial(TorchBackend, device=device)
    return Engine(prepare_torch_model(settings), embedder(device.type), config, make_backend)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = read_env()
    options = parse_options(settings, sys.argv[1:] if arguments is None else arguments)
    layout = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=settings.log_level.upper(), format=layout)
    logging.getLogger("gguf").setLevel(logging.WARNING)
    try:
        engine = make_engine(settings, options)
    except UnoError as error:
        sys.stderr.write(f"The engine cannot start. {error}\n")
        return 1
    logging.getLogger(__name__).info(
        "serving model=%s sha256=%s url=http://%s:%d slots=%d context=%d threads=%d",
        engine.served.name,
        engine.served.sha256[:12],
        options.host,
        options.port,
        options.slots,
        engine.n_context,
        options.threads or count_cores(),
    )
    app = create_app(engine, settings.engine_token)
    # Between two steps the owner thread needs the interpreter for moments, and no pause.
    stay_responsive()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in order and then raises the signal anew; the exit shall be clean.
        signal.signal(number, _ignore)
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return 0


def _ignore(_number: int, _frame: object) -> None:
    """The signal was dealt with already."""


if __name__ == "__main__":
    raise SystemExit(main())
