"""An adapter that PEFT wrote means the same to llama.cpp, on every architecture."""

import pytest

from tests.inference.tiny_models import measure_distances
from uno_site.inference.peft_gguf import ARCHITECTURES

MOST_KL = 1e-4


@pytest.mark.parametrize("config", [{}, {"use_rslora": True}], ids=["plain", "rslora"])
@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_a_converted_adapter_computes_what_peft_computes(architecture, config, tmp_path):
    found = measure_distances(architecture, tmp_path, **config)
    assert found.base <= MOST_KL
    assert found.effect > 100 * MOST_KL, "The adapter does something."
    assert found.adapted <= MOST_KL
