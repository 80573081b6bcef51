"""The engine counts what it does."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from uno_site.inference.errors import EngineRefused

pytestmark = pytest.mark.model


def read(engine) -> dict[tuple[str, str], float]:
    text = httpx.get(f"{engine.base_url}/metrics").raise_for_status().text
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_request_counts_its_tokens_and_times(engine, ask):
    before = read(engine)
    usage = engine.chat(ask("Count to three.", 5)).usage
    after = read(engine)

    def added(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0.0)

    assert added("uno_engine_tokens_total", "completion") == usage.completion_tokens
    read_tokens = added("uno_engine_tokens_total", "prompt")
    assert read_tokens == usage.prompt_tokens - usage.cached_tokens
    assert added("uno_engine_first_token_seconds_count") == 1
    assert added("uno_engine_request_seconds_sum") > 0
    assert after["uno_engine_active", ""] == 0


def test_a_refused_adapter_is_counted(engine, tmp_path):
    before = read(engine).get(("uno_engine_adapter_loads_total", "refused"), 0.0)
    with pytest.raises(EngineRefused):
        engine.load_adapter("none", str(tmp_path / "nowhere"))
    assert read(engine)["uno_engine_adapter_loads_total", "refused"] == before + 1
