"""Relevance by a causal reranker: the probability of its "yes" against its "no".

The prompt is that of Qwen3-Reranker (its model card); any chat model can be asked the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from uno_site.inference.engine.engine import Ask, Engine
from uno_site.inference.engine.job_stream import JobStream
from uno_site.inference.protocol import ChatMessage, Sampling

SYSTEM = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".'
)
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
#: "no" is nearly always among so many likeliest tokens; where it is not, it is asked for.
N_ALTERNATIVES = 20


@dataclass(frozen=True, slots=True)
class RerankQuery:
    """What the documents are measured against, by which model and for whom."""

    model: str
    query: str
    instruction: str = INSTRUCTION
    user: str = ""


async def relevances(engine: Engine, query: RerankQuery, documents: Sequence[str]) -> list[float]:
    """P("yes") of each document, in [0, 1]; as many at once as the engine has slots.

    Raises
    ------
    UnoError
        The first document that could not be answered; the others are given up.
    """
    places = asyncio.Semaphore(engine.config.n_slots)

    async def one(document: str) -> float:
        async with places:
            return await _relevance(engine, query, document)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(document)) for document in documents]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


async def _relevance(engine: Engine, query: RerankQuery, document: str) -> float:
    question = f"<Instruct>: {query.instruction}\n<Query>: {query.query}\n<Document>: {document}"
    messages = [ChatMessage("system", SYSTEM), ChatMessage("user", question)]
    prompt = engine.prompt_tokens(messages)
    yes, no = (engine.model.tokenize(word, parse_special=False)[0] for word in ("yes", "no"))
    known = await _next_logprobs(engine, query, prompt, yes)
    if no not in known:
        known |= await _next_logprobs(engine, query, prompt, no)
    return 1.0 / (1.0 + exp(min(700.0, known[no] - known[yes])))


async def _next_logprobs(
    engine: Engine, query: RerankQuery, prompt: list[int], token: int
) -> dict[int, float]:
    """Log-probabilities after the prompt, in nats: of ``token``, and of the likeliest ones."""
    ask = Ask(
        model=query.model,
        prompt=[*prompt, token],
        sampling=Sampling(max_tokens=0),
        score_from=len(prompt),
        n_prompt_logprobs=N_ALTERNATIVES,
        user=query.user,
    )
    stream = JobStream(engine, ask)
    try:
        _, done = await stream.result()
    finally:
        stream.close()
    (score,) = done.prompt_logprobs
    return dict(score.top) | {score.token: score.logprob}
