"""The sentence classifier of the extractive distiller: fitted once for an embedder, and kept."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings

from curation.ml.classifier import (
    CUES,
    ClassifierConfig,
    Embed,
    HeldOutFigures,
    SentenceClassifier,
    fit_classifier,
    held_out_third,
)
from curation.ml.data import FEEDBACK_SENTENCES, read_feedback_sentences

PROBE = "Make it shorter."
N_PROBED = 8


def sentence_classifier(embed: Embed, embedder: str) -> SentenceClassifier:
    """The classifier for an embedder: from this process, from the data folder, or fitted now.

    It is kept as JSON, not as a pickle: reading it can run no code.
    """
    return _classifier(embed, _key(embed, embedder), Path(settings.DATA_DIR))


@lru_cache(maxsize=4)
def _classifier(embed: Embed, key: str, data_dir: Path) -> SentenceClassifier:
    path = data_dir / "models" / f"sentence-classifier-{key[:16]}.json"
    if path.exists():
        return SentenceClassifier.from_dict(json.loads(path.read_text(encoding="utf-8")))
    classifier = fit_classifier(*_labelled(), embed)
    _write(path, json.dumps(classifier.to_dict()))
    return classifier


def sentence_figures(embed: Embed, embedder: str) -> HeldOutFigures:
    """How well a fit on two thirds of the labelled sentences tells the last third."""
    return _figures(embed, _key(embed, embedder))


@lru_cache(maxsize=4)
def _figures(embed: Embed, key: str) -> HeldOutFigures:
    return held_out_third(*_labelled(), embed)


def _labelled() -> tuple[list[str], list[str]]:
    rows = read_feedback_sentences()
    return [row.text for row in rows], [row.label for row in rows]


def _key(embed: Embed, embedder: str) -> str:
    """What the fit depends on: the sentences, the cues, the configuration, the embedder.

    The embedder is known by its name and by where it puts a sentence, since another one may
    answer under the same name.
    """
    largest = np.argsort(-np.abs(np.asarray(embed([PROBE])[0])))[:N_PROBED]
    parts = [embedder, repr(sorted(largest.tolist())), repr(ClassifierConfig())]
    parts += [cue.pattern for cue in CUES]
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(FEEDBACK_SENTENCES.read_bytes())
    return digest.hexdigest()


def _write(path: Path, text: str) -> None:
    """Write beside and rename, so that no other process reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
