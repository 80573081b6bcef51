"""Versioned prompts: TOML files, validated when they are loaded.

A prompt lives in ``<role>/<name>.v<version>.toml`` and is never changed once artefacts
name it; a better wording is a new version beside it.
"""

from uno_site.prompts.loader import Prompt, list_prompts, load_prompt

__all__ = ["Prompt", "list_prompts", "load_prompt"]
