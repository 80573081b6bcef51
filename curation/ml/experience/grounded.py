"""Does a note say what its episode says? As :mod:`curation.ml.grounding`, for any script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curation.ml.grounding import Fault, GroundingConfig, check_grounding

CJK_RUN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff]{2,}")
MIN_CJK_CHARS = 4


def ungrounded(
    content: str, sources: Sequence[str], config: GroundingConfig | None = None
) -> Fault | None:
    """Why a note may not stand: ``degenerate``, ``not_grounded``; None where it may.

    Scripts without blanks are compared by neighbouring characters.
    """
    config = config or GroundingConfig()
    pairs = _pairs(content)
    if len(pairs) < MIN_CJK_CHARS - 1:
        return check_grounding(content, "\n".join(sources), config=config).fault
    found = set().union(*(_pairs(source) for source in sources))
    return None if len(pairs & found) >= config.min_share * len(pairs) else "not_grounded"


def _pairs(text: str) -> set[str]:
    runs = CJK_RUN.findall(text)
    return {run[at : at + 2] for run in runs for at in range(len(run) - 1)}
