"""Going on from an adapter that was trained before, instead of from nothing.

The reference of the preference loss stays the base model without an adapter. Measured against the
adapter that a run goes on from, every run would be free to drift as far again from the base as the
one before; against the base they share one leash, and the kept reference log-probabilities
mean the same in all of them. The first step's DPO loss is therefore not log 2.

Knows no torch: the services ask :func:`misfit` before they make a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from uno_site.files import file_sha256, read_json

from .config import AnyConfig
from .errors import AdapterUnfit

WEIGHTS = "adapter_model.safetensors"


def initial_weights(config: AnyConfig, run: Mapping[str, Any]) -> Path | None:
    """The weights to begin with, or None to begin from nothing.

    Raises
    ------
    AdapterUnfit
        It is missing, not the one that was meant, or differs in kind, base, rank, alpha or targets.
    """
    if not config.init_from:
        return None
    folder = Path(config.init_from)
    fault = misfit(folder, config.to_json(), run["kind"], run["base_sha256"])
    if not fault and file_sha256(folder / WEIGHTS) != config.init_sha256:
        fault = f"its weights are not those of {config.init_sha256[:12]}"
    if fault:
        raise AdapterUnfit(
            f"The run cannot go on from {folder}: {fault}.", remedy="Make a run from nothing."
        )
    return folder / WEIGHTS


def misfit(folder: Path, config: Mapping[str, Any], kind: str, base_sha256: str) -> str:
    """Why a run with ``config`` cannot go on from the adapter in ``folder``; empty if it can."""
    shape, record = read_json(folder / "adapter_config.json"), read_json(folder / "uno.json")
    if not (isinstance(shape, dict) and isinstance(record, dict) and (folder / WEIGHTS).is_file()):
        return "there is no adapter of ours"
    wanted = {
        "kind": (record.get("kind"), kind),
        "base": (record.get("base_sha256"), base_sha256),
        "r": (shape.get("r"), config["r"]),
        "alpha": (shape.get("lora_alpha"), config["alpha"]),
        "targets": (sorted(shape.get("target_modules") or ()), sorted(config["targets"])),
    }
    faults = [
        f"its {name} is {_short(found)}, the run's {_short(needed)}"
        for name, (found, needed) in wanted.items()
        if found != needed
    ]
    return "; ".join(faults)


def _short(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)[:12]
