"""The base model that the torch engine serves, as a folder that transformers loads."""

from __future__ import annotations

from functools import partial

from uno_site.env import Settings
from uno_site.inference.engine.models import ServedModel, cached_sha256, checked_reference
from uno_site.inference.torch_base import local_source, prepare_base, weights_sha256


def prepare_torch_model(settings: Settings) -> ServedModel:
    """The model that ``UNO_MODEL_PATH`` names, or the reference model.

    A GGUF file is dequantised once, into the folder that training uses as well. A Hugging Face
    folder is served as it is; a hub id is downloaded first.

    Raises
    ------
    ModelMissing
        The reference model is not installed, or is not the file it should be.
    BaseInvalid
        The named model cannot be had or loaded.
    """
    cache = settings.data_dir / "models"
    named = settings.model_path
    source = local_source(named) if named else checked_reference(cache)
    digest_of = partial(cached_sha256, cache=cache)
    if source.is_dir():
        digest = weights_sha256(source, digest_of)
        return ServedModel(settings.base_model, source, source, digest)
    folder = cache / f"torch-{digest_of(source)[:12]}"
    base = prepare_base(source, folder)
    return ServedModel(settings.base_model, base.dir, source, base.sha256)
