"""From a chat answer to programs that can be run."""

from __future__ import annotations

import re
import textwrap

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
HEADER = re.compile(r"^def[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
INDENT = "    "


def function_name(prompt: str) -> str:
    """The function that a prompt ends with the header of.

    Raises
    ------
    ValueError
        There is no function header in it.
    """
    names = HEADER.findall(prompt)
    if not names:
        raise ValueError(f"No function header in the prompt {prompt[-80:]!r}.")
    return str(names[-1])


def code_of(answer: str, name: str) -> str:
    """The code in an answer: the first fenced block that defines ``name``, else all blocks
    together, else the answer as it is."""
    text = answer.replace("\r\n", "\n")
    blocks = [match[2] for match in FENCE.finditer(text)]
    for block in blocks:
        if name in HEADER.findall(block):
            return block
    return "\n".join(blocks) if blocks else text


def programs_of(prompt: str, answer: str) -> list[str]:
    """Ways to read an answer as a whole program, the likeliest first.

    Parameters
    ----------
    prompt
        Code that ends with the header of a function.
    answer
        A whole function, or the body of one, indented or not, in Markdown or bare.
    """
    name = function_name(prompt)
    code, header = code_of(answer, name), prompt.rstrip("\n") + "\n"
    if name in HEADER.findall(code):
        preamble = header[: [*HEADER.finditer(header)][-1].start()]
        return [preamble + code]
    return [header + code, header + textwrap.indent(code, INDENT)]
