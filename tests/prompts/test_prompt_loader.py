"""A prompt file is a validated value; what is wrong with one is named by file and key."""

import pytest

from uno_site.errors import PromptInvalid
from uno_site.prompts import list_prompts, load_prompt

GOOD = """
id = "judge/taste"
version = 1
description = "Says which is nicer."
language = "en"
variables = ["query", "answer"]
system = "You taste {{query}}."
user = "Q: {{ query }} A: {{answer}} JSON: {\\"score\\": 1}"
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text: str = GOOD, name: str = "taste.v1.toml"):
        path = tmp_path / "judge" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return write_file


def load(directory, version=None):
    return load_prompt("judge/taste", version, directory)


def test_renders_system_and_user(write):
    system, user = load(write()).render(query="tea", answer="yes")
    assert (system.role, system.content) == ("system", "You taste tea.")
    assert (user.role, user.content) == ("user", 'Q: tea A: yes JSON: {"score": 1}')


def test_no_system_message_where_there_is_none(write):
    directory = write(GOOD.replace('system = "You taste {{query}}."\n', ""))
    assert [m.role for m in load(directory).render(query="q", answer="a")] == ["user"]


def test_values_are_not_expanded_again(write):
    _, user = load(write()).render(query="{{ answer }}", answer="secret")
    assert user.content.startswith("Q: {{ answer }} A: secret")


def test_the_newest_version_is_the_default_and_old_ones_stay(write):
    write()
    directory = write(GOOD.replace("version = 1", "version = 10"), "taste.v10.toml")
    write(GOOD.replace("version = 1", "version = 9"), "taste.v9.toml")
    assert load(directory).ref == "judge/taste@10"
    assert load(directory, 1).ref == "judge/taste@1"
    assert [prompt.version for prompt in list_prompts(directory)] == [1, 9, 10]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('language = "en"', 'language = "en"\ncolour = "red"', "colour"),
        ('language = "en"', 'language = "English"', "language"),
        ('language = "en"', "", "language"),
        ("version = 1", 'version = "1"', "version"),
        ("version = 1", "version = 2", "version"),
        ('"judge/taste"', '"judge/test"', "id"),
        ('"judge/taste"', '"judge taste"', "id"),
        ('["query", "answer"]', '["query"]', "answer"),
        ('["query", "answer"]', '["query", "answer", "rules"]', "rules"),
        ('user = "', 'user = 3 # "', "user"),
        ("id =", "id", "TOML"),
    ],
)
def test_what_is_wrong_names_file_and_key(write, old, new, key):
    assert old in GOOD
    directory = write(GOOD.replace(old, new))
    with pytest.raises(PromptInvalid) as caught:
        load(directory)
    assert "judge/taste.v1.toml" in str(caught.value)
    assert key in str(caught.value)


def test_listing_refuses_a_file_that_is_not_named_like_a_prompt(write):
    with pytest.raises(PromptInvalid, match=r"<name>.v<version>.toml"):
        list_prompts(write(name="taste.toml"))


@pytest.mark.parametrize("values", [{"query": "q"}, {"query": "q", "answer": "a", "rule": "r"}])
def test_rendering_takes_exactly_the_declared_variables(write, values):
    with pytest.raises(PromptInvalid, match="judge/taste@1"):
        load(write()).render(**values)


@pytest.mark.parametrize("prompt_id", ["judge/nothing", "nothing", "../judge/taste"])
def test_an_unknown_prompt_is_refused(write, prompt_id):
    with pytest.raises(PromptInvalid, match="no prompt"):
        load_prompt(prompt_id, None, write())


def test_an_unknown_version_names_those_on_disk(write):
    with pytest.raises(PromptInvalid, match=r"taste@7 .*v1"):
        load(write(), 7)
