"""Where the files of the evaluation sets are."""

from __future__ import annotations

from pathlib import Path

from training.evaluation.sets.errors import SetUnreadable
from uno_site.env import read_env


def find_file(path: Path | None, folder: str, name: str) -> Path:
    """The file ``name``, in ``path`` or, without one, in ``UNO_EVALUATION_DATA``.

    Parameters
    ----------
    path
        The file itself, whatever its name, or a folder that holds it or its ``folder``.
    folder
        The subfolder in which it is usually kept ("seed", "ifeval").

    Raises
    ------
    SetUnreadable
        It is not there.
    """
    root = path or read_env().evaluation_data
    places = [root] if root.is_file() else [root / name, root / folder / name]
    for place in places:
        if place.is_file():
            return place
    raise SetUnreadable(
        f"{name} is not in {root} nor in its folder {folder}.",
        remedy="Put it there, name its place with NAME:PATH, or set UNO_EVALUATION_DATA.",
    )
