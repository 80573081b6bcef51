"""Rows with different adapters in one batch compute what each adapter alone computes."""

import gc
import json
import weakref

import numpy as np
import pytest

from tests.inference.pytorch.conftest import decode, rows_of
from uno_site.inference.errors import AdapterInvalid

TEXT = [5 + i % 90 for i in range(24)]


def load(backend, folder):
    return backend.read_adapter(folder)()


def with_task(folder):
    """PEFT's own loader wants to be told the task."""
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task_type": "CAUSAL_LM"}))
    return folder


def test_two_adapters_and_the_base_in_one_batch(backend, context, adapter, plain, tolerance):
    one = with_task(adapter("one", seed=1))
    other = with_task(adapter("other", seed=2, rank=2, use_rslora=True, lora_alpha=3))
    context.use_adapters({0: load(backend, one), 1: None, 2: load(backend, other)})
    found = decode(context, *(rows_of(slot, TEXT) for slot in range(3)))
    expected = [plain(TEXT, one), plain(TEXT), plain(TEXT, other)]
    for values, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, wanted, atol=10 * tolerance)
    assert np.abs(expected[0] - expected[1]).max() > 20 * tolerance


def test_one_token_rows_are_mixed_as_well(backend, context, adapter, plain, tolerance):
    one = with_task(adapter("one", seed=1))
    context.use_adapters({0: load(backend, one), 1: None})
    decode(context, rows_of(0, TEXT[:-1]), rows_of(1, TEXT[:-1]))
    found = decode(context, rows_of(0, TEXT[-1:], 23), rows_of(1, TEXT[-1:], 23))
    np.testing.assert_allclose(found[0][0], plain(TEXT, one)[-1], atol=10 * tolerance)
    np.testing.assert_allclose(found[1][0], plain(TEXT)[-1], atol=10 * tolerance)


def test_an_adapter_of_some_layers_only(backend, context, adapter, plain, tolerance):
    one = with_task(adapter("one", layers=1))
    context.use_adapters({0: load(backend, one)})
    (found,) = decode(context, rows_of(0, TEXT))
    assert np.abs(found - plain(TEXT)).max() > 10 * tolerance


def test_unloading_frees_the_weights_and_leaves_the_base(
    backend, context, adapter, plain, tolerance
):
    loaded = load(backend, adapter("one"))
    layer = backend.model.network.get_submodule("model.layers.0.self_attn.q_proj")
    weights = weakref.ref(layer.lora_A[loaded.name].weight)
    context.free_adapter(loaded)
    gc.collect()
    assert weights() is None
    context.use_adapters({0: None})
    np.testing.assert_allclose(decode(context, rows_of(0, TEXT))[0], plain(TEXT), atol=tolerance)


def test_another_one_is_loaded_after_the_last_was_unloaded(
    backend, context, adapter, plain, tolerance
):
    context.free_adapter(load(backend, adapter("one", seed=1)))
    second = with_task(adapter("second", seed=2))
    context.use_adapters({0: load(backend, second)})
    (found,) = decode(context, rows_of(0, TEXT))
    np.testing.assert_allclose(found, plain(TEXT, second), atol=10 * tolerance)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"r": 8}, "does not fit the base"),
    ],
)
def test_other_kinds_are_refused_by_name(backend, adapter, change, message):
    folder = adapter("odd")
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AdapterInvalid, match=message):
        backend.read_adapter(folder)


def test_pickled_weights_are_never_read(backend, adapter):
    folder = adapter("pickled")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(AdapterInvalid, match=r"adapter_model\.safetensors"):
        backend.read_adapter(folder)


def test_an_adapter_of_a_larger_model_is_refused(backend, adapter):
    with pytest.raises(AdapterInvalid, match=r"model\.layers\.2\."):
        backend.read_adapter(adapter("deep", layers=3))


def test_an_adapter_that_was_trained_on_another_base_is_refused(backend, adapter):
    folder = adapter("foreign")
    (folder / "uno.json").write_text('{"base_sha256": "ffff0000"}')
    with pytest.raises(AdapterInvalid, match="trained on base ffff0000"):
        backend.read_adapter(folder)
