import shutil

import numpy as np
import pytest

from tests.inference.conftest import BASE
from tests.inference.lora import make_adapter
from uno_site.inference.errors import AdapterInvalid, EngineRefused
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.model

MESSAGES = (ChatMessage("user", "Say something kind."),)
TEXT = "You are doing very well."


@pytest.fixture
def adapter(engine, tmp_path):
    engine.load_adapter("kind", str(make_adapter(tmp_path / "kind")))
    yield "kind"
    if any(card.id == "kind" for card in engine.models()):
        engine.unload_adapter("kind")


def scores(engine, model):
    return engine.score(model, MESSAGES, TEXT).logprobs


def test_an_adapter_changes_the_model_and_leaves_the_base_as_it_was(engine, adapter):
    before = scores(engine, BASE)
    assert np.abs(scores(engine, adapter) - before).max() > 0.1
    np.testing.assert_allclose(scores(engine, BASE), before, atol=1e-3)


def test_a_zero_adapter_changes_nothing(engine, tmp_path):
    engine.load_adapter("zero", str(make_adapter(tmp_path / "zero", scale=0.0)))
    np.testing.assert_allclose(scores(engine, "zero"), scores(engine, BASE), atol=1e-3)
    engine.unload_adapter("zero")


def test_base_and_adapter_streams_interleave_without_touching_each_other(engine, tmp_path, ask):
    adapter = "louder"  # than rounding, in every file format
    engine.load_adapter(adapter, str(make_adapter(tmp_path / adapter, scale=0.15)))

    def first_logprob(result):
        return result.logprobs[0].logprob

    def asked(model):
        return ask("Tell me a tale.", 20, model=model, n_logprobs=1)

    alone = {model: engine.chat(asked(model)) for model in (BASE, adapter)}
    models = [BASE, adapter] * 2
    together = engine.chat_many([asked(model) for model in models])
    # Batches of another size round differently, so only the beginnings must agree, and each
    # stream must be far nearer to its own than to the other; how far depends on the file format.
    gap = abs(first_logprob(alone[BASE]) - first_logprob(alone[adapter]))
    for model, result in zip(models, together, strict=True):
        assert result.text[:20] == alone[model].text[:20]
        assert abs(first_logprob(result) - first_logprob(alone[model])) < gap / 2
    engine.unload_adapter(adapter)


def test_models_lists_the_adapter_under_its_base(engine, adapter):
    (card,) = [card for card in engine.models() if card.id == adapter]
    assert card.parent == BASE


def test_loading_twice_from_the_same_path_is_fine_and_from_another_is_refused(engine, tmp_path):
    path = str(make_adapter(tmp_path / "one"))
    engine.load_adapter("twice", path)
    engine.load_adapter("twice", path)
    with pytest.raises(EngineRefused, match="loaded from"):
        engine.load_adapter("twice", str(make_adapter(tmp_path / "two", seed=1)))
    engine.unload_adapter("twice")


def test_an_unloaded_adapter_is_unknown(engine, adapter):
    engine.unload_adapter(adapter)
    with pytest.raises(EngineRefused, match="No model 'kind'"):
        scores(engine, adapter)
    with pytest.raises(EngineRefused, match="kind"):
        engine.unload_adapter(adapter)


def test_unloading_while_the_adapter_writes_lets_the_reply_finish(engine, adapter, ask):
    stream = engine.chat_stream(ask("Go on and on.", 12, model=adapter))
    next(stream)
    engine.unload_adapter(adapter)
    assert list(stream)[-1].finish_reason in ("stop", "length")
    assert engine.health().status == "ok"


def test_a_corrupt_adapter_is_refused_and_the_engine_survives(engine, ask, tmp_path):
    folder = make_adapter(tmp_path / "corrupt")
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(AdapterInvalid, match="damaged"):
        engine.load_adapter("corrupt", str(folder))
    assert engine.chat(ask("Still there?", 2)).usage.completion_tokens == 2


def test_an_adapter_of_another_base_is_refused(engine, tmp_path):
    folder = make_adapter(tmp_path / "foreign")
    (folder / "uno.json").write_text('{"base_sha256": "ffff0000"}')
    with pytest.raises(AdapterInvalid, match="trained on base ffff0000"):
        engine.load_adapter("foreign", str(folder))


def test_a_missing_folder_is_refused_by_its_path(engine, tmp_path):
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    with pytest.raises(AdapterInvalid, match="gone"):
        engine.load_adapter("gone", str(tmp_path / "gone"))
