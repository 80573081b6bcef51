"""A chat answer becomes a program: fenced or bare, a whole function or its body."""

import pytest

from training.evaluation.sets.code_answers import code_of, function_name, programs_of

PROMPT = '"""\nDouble a number.\n"""\n\nK = 2\ndef double(x):\n'


def result(answer):
    for program in programs_of(PROMPT, answer):
        names = {}
        try:
            exec(compile(program, "answer", "exec"), names)
        except SyntaxError:
            continue
        return names["double"](21)
    return None


@pytest.mark.parametrize(
    "answer",
    [
        "    return K * x\n",
        "\n    \n\treturn K * x",
        "return K * x",
        "y = K * x\nreturn y",
        "    y = K * x\r\n    return y",
        "def double(x):\n    return K * x",
        "Sure!\n```python\ndef double(x):\n    return K * x\n```\nIt doubles.",
        "```\n    return K * x\n```",
        "~~~py\nreturn K * x\n~~~",
        "First:\n```py\nimport math\n```\nthen\n```py\ndef double(x):\n    return K * x\n```",
        "```python\ndef double(x):\n    return K * x",
    ],
)
def test_answers_of_every_shape_run(answer):
    assert result(answer) == 42


def test_a_helper_before_the_function_is_kept():
    answer = (
        "```python\ndef helper(x):\n    return K * x\n\ndef double(x):\n    return helper(x)\n```"
    )
    assert result(answer) == 42


def test_prose_is_no_program():
    assert result("I would multiply by two.") is None


def test_the_block_with_the_function_is_chosen():
    text = "```python\ndouble(1)\n```\n```python\ndef double(x):\n    return 1\n```"
    assert code_of(text, "double") == "def double(x):\n    return 1\n"


def test_the_last_header_names_the_function():
    assert function_name("def helper():\n    pass\ndef main(x):\n") == "main"
    with pytest.raises(ValueError, match="No function header"):
        function_name("Write a poem.")
