"""Load a prompt file, check it, and fill its placeholders."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from uno_site.errors import PromptInvalid
from uno_site.inference.protocol import ChatMessage

PROMPTS_DIR = Path(__file__).resolve().parent
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
FILE_NAME = re.compile(r"^(?P<name>[a-z][a-z0-9_]*)\.v(?P<version>[1-9][0-9]*)\.toml$")
PROMPT_ID = re.compile(r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")


class Prompt(BaseModel):
    """A validated prompt.

    ``{{ name }}`` in ``system`` and ``user`` is replaced by the variable of that name; the
    placeholders used and the ``variables`` declared must be the same set. Values are inserted
    as they are and never expanded again, so a user's text cannot reach another variable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(pattern=PROMPT_ID)
    version: int = Field(ge=1)
    description: str = Field(min_length=1)
    language: str = Field(pattern=r"^[a-z]{2}$")
    system: str = ""
    user: str = Field(min_length=1)
    variables: list[str]
    json_schema: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _placeholders_are_declared(self) -> Prompt:
        used = set(PLACEHOLDER.findall(self.system + self.user))
        declared = set(self.variables)
        if undeclared := sorted(used - declared):
            raise ValueError(f"variables: {undeclared} used in the text but not declared")
        if unused := sorted(declared - used):
            raise ValueError(f"variables: {unused} declared but not used in the text")
        return self

    @property
    def ref(self) -> str:
        """Name that artefacts record, e.g. ``distiller/feedback_rules@1``."""
        return f"{self.id}@{self.version}"

    def render(self, **values: str) -> tuple[ChatMessage, ...]:
        """The messages to send: the system message (where there is one), then the user's.

        Raises
        ------
        PromptInvalid
            A declared variable is missing, or a value was given that nobody declared.
        """
        if set(values) != set(self.variables):
            raise PromptInvalid(
                f"Prompt {self.ref} was rendered with {sorted(values)}.",
                remedy=f"Give exactly {sorted(self.variables)}.",
            )
        user = ChatMessage("user", _fill(self.user, values))
        if not self.system:
            return (user,)
        return (ChatMessage("system", _fill(self.system, values)), user)


def _fill(template: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], template).strip()


def parse_prompt(text: str, path: Path) -> Prompt:
    """Validate the text of a prompt file; ``path`` names it and must agree with its content.

    Raises
    ------
    PromptInvalid
        Names the file and the key at fault.
    """
    try:
        prompt = Prompt.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _invalid(path, f"is not TOML: {error}.") from error
    except ValidationError as error:
        raise _invalid(path, "; ".join(_explain(item) for item in error.errors())) from error
    match = FILE_NAME.match(path.name)
    if match is None:
        raise _invalid(path, "must be named <name>.v<version>.toml.")
    if prompt.id != f"{path.parent.name}/{match['name']}":
        raise _invalid(path, f"id: {prompt.id!r} does not agree with the path.")
    if prompt.version != int(match["version"]):
        raise _invalid(path, f"version: {prompt.version} does not agree with the file name.")
    return prompt


def _explain(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    return f"{key}: {item['msg']}" if key else str(item["msg"])


def _invalid(path: Path, what: str) -> PromptInvalid:
    return PromptInvalid(
        f"Prompt file {path.parent.name}/{path.name}: {what}", remedy="Correct the file."
    )


def _versions(prompt_id: str, directory: Path) -> dict[int, Path]:
    role, name = prompt_id.split("/")
    matches = ((FILE_NAME.match(path.name), path) for path in (directory / role).glob("*.toml"))
    return {
        int(match["version"]): path for match, path in matches if match and match["name"] == name
    }


@lru_cache(maxsize=256)
def load_prompt(
    prompt_id: str, version: int | None = None, directory: Path = PROMPTS_DIR
) -> Prompt:
    """The prompt ``<role>/<name>``; its newest version unless one is asked for.

    Raises
    ------
    PromptInvalid
        No such prompt or version, or its file does not validate.
    """
    versions = _versions(prompt_id, directory) if PROMPT_ID.match(prompt_id) else {}
    chosen = max(versions, default=None) if version is None else version
    if chosen not in versions:
        known = ", ".join(f"v{number}" for number in sorted(versions)) or "none"
        wanted = prompt_id if version is None else f"{prompt_id}@{version}"
        raise PromptInvalid(
            f"There is no prompt {wanted} (versions on disk: {known}).",
            remedy="Ask for a prompt that uno_site/prompts holds.",
        )
    path = versions[chosen]
    return parse_prompt(path.read_text(encoding="utf-8"), path)


def list_prompts(directory: Path = PROMPTS_DIR) -> list[Prompt]:
    """Every prompt and version on disk, ordered by id and version, validated.

    Raises
    ------
    PromptInvalid
        The first file that does not validate.
    """
    prompts = [
        parse_prompt(path.read_text(encoding="utf-8"), path) for path in directory.glob("*/*.toml")
    ]
    return sorted(prompts, key=lambda prompt: (prompt.id, prompt.version))
