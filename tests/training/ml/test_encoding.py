"""Rows become token ids: template, end of turn, cutting, padding, order."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.ml.conftest import expert_rows, tiny_tokenizer
from training.ml.data import Example, chunks, collate, encode_answer, encode_rows, epoch_batches
from training.ml.model import load_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return tiny_tokenizer()


def encode(tokenizer: object, rows: list[dict], **changes: object) -> list[Example]:
    options = {
        "keys": ("chosen", "rejected"),
        "limits": (100, 100),
        "max_prompt_tokens": 500,
        **changes,
    }
    return encode_rows(rows, tokenizer, **options)


def test_prompt_is_the_chat_template_up_to_the_assistant(tokenizer) -> None:
    row = {**expert_rows(1)[0], "messages": [{"role": "user", "content": "Hey"}]}
    example = encode(tokenizer, [row])[0]
    assert tokenizer.decode(example.prompt) == (
        "<|im_start|>user\nHey<|im_end|>\n<|im_start|>assistant\n"
    )


def test_answers_end_with_the_end_of_turn(tokenizer) -> None:
    example = encode(tokenizer, expert_rows(1))[0]
    assert [answer[-1] for answer in example.answers] == [tokenizer.eos_token_id] * 2
    assert tokenizer.decode(example.answers[0]) == "YES 0 <|im_end|>"


def test_special_tokens_are_not_added_twice(tokenizer) -> None:
    assert tokenizer.bos_token_id not in encode_answer("Hi", tokenizer)


def test_contexts_are_cut_on_the_left_and_answers_on_the_right(tokenizer) -> None:
    whole = encode(tokenizer, expert_rows(1))[0]
    cut = encode(tokenizer, expert_rows(1), limits=(4, 3), max_prompt_tokens=10)[0]
    assert cut.prompt == whole.prompt[-10:]
    assert cut.answers == (whole.answers[0][:4], whole.answers[1][:3])
    assert tokenizer.eos_token_id not in cut.answers[0]


def test_masks_come_from_lengths_even_if_padding_is_the_end_of_turn(tokenizer) -> None:
    eos = tokenizer.eos_token_id
    batch = collate([[7, 8, 9], [7]], [[5, eos], [5, 6, 6, eos]], pad=eos)
    assert batch.mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert batch.labels.tolist() == [[5, eos, eos, eos], [5, 6, 6, eos]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1, 1]]
    assert batch.input_ids.tolist()[1] == [eos, eos, 7, 5, 6, 6, eos]
    assert batch.position_ids.tolist()[1] == [0, 0, 0, 1, 2, 3, 4]


def test_order_depends_on_seed_and_epoch_alone(tokenizer) -> None:
    examples = encode(tokenizer, expert_rows(20))
    batches = epoch_batches(examples, 6, seed=3, epoch=2)
    assert batches == epoch_batches(examples, 6, seed=3, epoch=2)
    assert batches != epoch_batches(examples, 6, seed=3, epoch=1)
    assert batches != epoch_batches(examples, 6, seed=4, epoch=2)
    assert sorted(index for batch in batches for index in batch) == list(range(20))
    assert [len(batch) for batch in batches] == [6, 6, 6, 2]


def test_batches_are_sorted_by_length(tokenizer) -> None:
    examples = encode(tokenizer, expert_rows(12))
    for batch in epoch_batches(examples, 5, seed=0, epoch=1):
        lengths = [examples[index].n_tokens for index in batch]
        assert lengths == sorted(lengths)


def test_chunks_lose_nothing() -> None:
    assert [list(chunk) for chunk in chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]


def test_loaded_tokenizer_pads_with_something_else_than_the_end_of_turn(tiny_base: Path) -> None:
    assert load_tokenizer(tiny_base).pad_token == "<|endoftext|>"


def test_padding_does_not_change_a_sequence(tiny_base: Path) -> None:
    from transformers import AutoModelForCausalLM

    from training.ml.model import answer_logprobs

    model = AutoModelForCausalLM.from_pretrained(tiny_base).eval()
    prompts = [[40, 41, 42, 43, 44], [50, 51]]
    answers = [[60, 2], [70, 71, 72, 2]]
    cpu = torch.device("cpu")
    with torch.no_grad():
        together = answer_logprobs(model, collate(prompts, answers, 0), cpu)
        apart = [
            answer_logprobs(model, collate([prompt], [answer], 0), cpu).item()
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
    assert together.tolist() == pytest.approx(apart, abs=1e-4)


def test_logprobs_agree_with_a_plain_forward_pass(tiny_base: Path) -> None:
    from transformers import AutoModelForCausalLM

    from training.ml.model import answer_logprobs

    model = AutoModelForCausalLM.from_pretrained(tiny_base).eval()
    prompt, answer = [40, 41, 42], [60, 61, 2]
    with torch.no_grad():
        logprobs = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        expected = sum(logprobs[2 + i, token].item() for i, token in enumerate(answer))
        got = answer_logprobs(model, collate([prompt], [answer], 0), torch.device("cpu"))
    assert got.item() == pytest.approx(expected, abs=1e-4)
