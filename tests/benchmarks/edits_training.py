"""Training one adapter on edits with the product's trainer, as the benchmarks of edits do it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.ml.config import SMALL, AnyConfig
from uno_site.inference.torch_base import BaseModel

TRAINER = (sys.executable, "-m", "training.ml.train")
N_VALIDATION = 4


def train_adapter(
    run: Path,
    base: BaseModel,
    kind: str,
    rows: Sequence[dict[str, Any]],
    *,
    seed: int,
    **changes: Any,
) -> Path:
    """Train an adapter in the folder ``run``; its last checkpoint.

    ``rows`` have ``messages``, ``chosen`` (the edit), ``rejected`` (the reply) and ``cost``;
    ``changes`` are fields of the kind's config. What was trained is not trained again.

    Raises
    ------
    SystemExit
        The trainer failed; with its words.
    """
    config: AnyConfig = replace(SMALL[kind], **changes)
    adapter = run / f"checkpoints/epoch-{config.n_epochs}"
    if (run / "result.json").exists():
        return adapter
    run.mkdir(parents=True, exist_ok=True)
    edited = [row for row in rows if row["chosen"] != row["rejected"]]
    for split, part in (("train", edited), ("validation", edited[:N_VALIDATION])):
        (run / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    about = {"kind": kind, "base_dir": str(base.dir), "base_sha256": base.sha256}
    about |= {"seed": seed, "data_hash": ""}
    (run / "config.json").write_text(json.dumps({**config.to_json(), **about}))
    done = subprocess.run([*TRAINER, str(run), "--threads", "2"], check=False)
    if done.returncode:
        raise SystemExit((run / "error.json").read_text())
    return adapter
