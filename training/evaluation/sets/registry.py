"""The sets by name. Each module here that defines one has a ``make_set(path)``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from training.evaluation.sets.protocol import EvaluationSet
from uno_site.errors import InvalidInput

_PACKAGE = "training.evaluation.sets"
MODULES: Mapping[str, str] = {
    "simulated": "simulated",
    "simulated-quick": "simulated_quick",
    "ilf": "ilf",
    "defacto": "defacto",
    "ifeval": "ifeval",
    "gsm8k": "gsm8k",
    "memorybench": "memorybench",
}
"""Set name to module of this package."""


def known_sets() -> list[str]:
    """The names of the sets that are there."""
    return [name for name, module in MODULES.items() if find_spec(f"{_PACKAGE}.{module}")]


def load_set(spec: str) -> EvaluationSet:
    """The set that ``NAME`` or ``NAME:PATH`` asks for.

    Raises
    ------
    InvalidInput
        There is no such set, or its file is not there.
    """
    name, _, path = spec.partition(":")
    if name not in known_sets():
        raise InvalidInput(
            f"There is no evaluation set {name!r}.",
            remedy=f"Choose from {', '.join(known_sets())}, or NAME:PATH for one with a file.",
        )
    if path and not Path(path).exists():
        raise InvalidInput(f"{path} is not there.", remedy="Give the path of the set's data.")
    module = import_module(f"{_PACKAGE}.{MODULES[name]}")
    made: EvaluationSet = module.make_set(Path(path) if path else None)
    return made
