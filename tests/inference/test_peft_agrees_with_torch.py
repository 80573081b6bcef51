"""The converted adapter computes what PEFT computes, on the same weights."""

import json

import numpy as np
import pytest

from tests.inference.conftest import BASE, run_engine
from tests.inference.lora import make_adapter
from uno_site.inference.engine.models import reference_source
from uno_site.inference.protocol import ChatMessage

pytestmark = [pytest.mark.model, pytest.mark.slow]

QUESTION = "Tell me about the sea."
ANSWER = "The sea is wide and blue. It holds many fish, and ships cross it every day."


@pytest.fixture(scope="module")
def torch_model():
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = reference_source()
    where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = AutoModelForCausalLM.from_pretrained(
        **where, quantization_config=GgufConfig(dequantize=True)
    )
    tokenizer = AutoTokenizer.from_pretrained(**where)
    messages = [{"role": "user", "content": QUESTION}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    return model.float(), list(prompt)


def logprobs(model, prompt, completion):
    import torch

    with torch.no_grad():
        rows = model(torch.tensor([[*prompt, *completion]])).logits[0].log_softmax(-1)
    first = len(prompt) - 1
    return np.array([rows[first + i, token].item() for i, token in enumerate(completion)])


@pytest.mark.parametrize("config", [{}, {"use_rslora": True, "lora_alpha": 4}])
def test_scores_with_an_adapter_agree(torch_model, tmp_path, data_dir, config):
    from peft import PeftModel

    model, prompt = torch_model
    folder = make_adapter(tmp_path / "a", rank=8, layers=30, scale=0.04, **config)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task_type": "CAUSAL_LM"}))
    options = ("--model", str(reference_source()), "--context", "512", "--slots", "2")
    with run_engine(data_dir, *options) as engine:
        engine.load_adapter("a", str(folder))
        messages = (ChatMessage("user", QUESTION),)
        base = engine.score(BASE, messages, ANSWER)
        found = engine.score("a", messages, ANSWER).logprobs
    adapted = PeftModel.from_pretrained(model, str(folder))
    expected = logprobs(adapted, prompt, base.token_ids)
    adapted.unload()
    effect = np.abs(found - base.logprobs).mean()
    assert np.abs(found - expected).mean() < min(0.12, effect / 2)
