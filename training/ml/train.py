"""``python -m training.ml.train RUN_FOLDER``: learn one adapter, as a process of its own.

Reads ``config.json``, ``train.jsonl`` and ``validation.jsonl``; writes ``metrics.jsonl``,
``checkpoints/epoch-N/``, ``state/`` and at the end ``result.json`` or ``error.json``. Started
again in the same folder it goes on where it was. Exit status: 0 done, 1 failed (see
``error.json``), 143 stopped (by SIGTERM, or because its parent died) with the state saved.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from uno_site.errors import UnoError
from uno_site.files import disk_errors, read_json, write_json

from .config import CONFIG_CLASSES, AnyConfig
from .errors import ConfigInvalid, DataInvalid, Stopped
from .files import folder_lock, read_rows

RUN_KEYS = ("kind", "base_dir", "base_sha256", "seed", "data_hash")
EXIT_STOPPED = 128 + signal.SIGTERM


def main(argv: Sequence[str] | None = None) -> int:
    """Train the run in the folder that the command line names; the exit status."""
    options = _parse(argv)
    if options.index:
        return _help(options)
    folder: Path = options.folder
    check_stop = _stop_check(options.parent_pid)
    try:
        with disk_errors(folder), folder_lock(folder):
            (folder / "error.json").unlink(missing_ok=True)
            result = train(
                folder, check_stop, threads=options.threads, n_processes=options.processes
            )
            write_json(folder / "result.json", result)
    except Stopped:
        return EXIT_STOPPED
    except Exception as error:
        _report(folder, error)
        return 1
    return 0


def _help(options: argparse.Namespace) -> int:
    """Take part in another process's training; what goes wrong is told by that one."""
    from .processes import join
    from .session import train_adapter

    run, config, splits = _read_run(options.folder)
    processes = join(options.index, options.processes, options.port, options.parent_pid)
    check_stop = _stop_check(0)
    with contextlib.suppress(Stopped):
        train_adapter(
            options.folder,
            run,
            config,
            splits,
            check_stop,
            threads=options.threads,
            processes=processes,
        )
    return 0


def read_config(folder: Path) -> tuple[dict[str, Any], AnyConfig]:
    """The run's own values and its hyper-parameters.

    Raises
    ------
    ConfigInvalid
        A key is missing, unknown, or has an impossible value.
    """
    values = read_json(folder / "config.json")
    if not isinstance(values, dict):
        raise ConfigInvalid(f"{folder} has no config.json.", remedy="Make the run folder anew.")
    missing = [key for key in RUN_KEYS if key not in values]
    if missing:
        raise ConfigInvalid(f"config.json has no {', '.join(missing)}.", remedy="Add the keys.")
    run = {key: values.pop(key) for key in RUN_KEYS}
    if run["kind"] not in CONFIG_CLASSES:
        raise ConfigInvalid(
            f"kind is {run['kind']!r}.", remedy=f"It must be one of {', '.join(CONFIG_CLASSES)}."
        )
    return run, CONFIG_CLASSES[run["kind"]].from_json(values)


def train(
    folder: Path, check_stop: Callable[[], None], *, threads: int = 0, n_processes: int = 1
) -> dict[str, Any]:
    """Train the run in ``folder``, in ``n_processes`` processes; the content of ``result.json``.

    Raises
    ------
    ConfigInvalid, DataInvalid, BaseInvalid, DiskFull, Diverged
        See there. What was finished before stays and is taken up again.
    """
    run, config, splits = _read_run(folder)
    # torch takes seconds to import: a folder that is wrong is told at once.
    from .processes import started_helpers
    from .session import train_adapter

    with started_helpers(folder, n_processes, threads) as processes:
        return train_adapter(
            folder, run, config, splits, check_stop, threads=threads, processes=processes
        )


def _read_run(
    folder: Path,
) -> tuple[dict[str, Any], AnyConfig, dict[str, list[dict[str, Any]]]]:
    run, config = read_config(folder)
    splits = {name: _rows(folder, name, run["kind"]) for name in ("train", "validation")}
    return run, config, splits


def _rows(folder: Path, split: str, kind: str) -> list[dict[str, Any]]:
    from .rows import check_rows

    rows = read_rows(folder / f"{split}.jsonl")
    if not rows:
        raise DataInvalid(f"{split}.jsonl has no rows.", remedy="Approve more pairs and retry.")
    check_rows(rows, kind, f"{split}.jsonl")
    return rows


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.ml.train", description=__doc__)
    parser.add_argument("folder", type=Path, help="the run folder")
    parser.add_argument("--parent-pid", type=int, default=0, help="stop when it is not my parent")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch chooses")
    parser.add_argument("--processes", type=int, default=1, help="that train together, a GPU each")
    parser.add_argument("--index", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _stop_check(parent_pid: int) -> Callable[[], None]:
    """A function that raises :class:`Stopped` after SIGTERM, or when the parent is gone."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))

    def check_stop() -> None:
        if asked or (parent_pid and os.getppid() != parent_pid):
            raise Stopped

    return check_stop


def _report(folder: Path, error: Exception) -> None:
    """Say what happened, in ``error.json`` where the disk still takes it."""
    if isinstance(error, UnoError):
        report = {"type": error.code, "message": str(error)}
    else:
        traceback.print_exc()
        report = {"type": type(error).__name__, "message": f"{type(error).__name__}: {error}"}
    sys.stderr.write(f"{report['type']}: {report['message']}\n")
    with contextlib.suppress(OSError, UnoError):
        write_json(folder / "error.json", report)


if __name__ == "__main__":
    sys.exit(main())
