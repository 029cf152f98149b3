"""Documentation that cannot rot: every setting, command, role, address and field is named where a user would look."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
from flask import Flask

from config import Settings
from kb.cli import kb
from kb.domain.kinds import FOLDERS, MODELS, TranslationHeader
from kb.domain.roles import Role
from kb.search.querytext import (
    FIELDS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_DISTANCE,
    MAX_LEAVES,
    MAX_WILDCARDS,
    MIN_PREFIX,
)
from kb.services.search import PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme() -> None:
    names = {f"KB_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert names == set(re.findall(r"`(KB_\w+)`", README))


def test_every_command_and_option_is_in_the_readme() -> None:
    def walk(command: click.Command, name: str) -> None:
        if isinstance(command, click.Group):
            for sub in command.commands.values():
                walk(sub, f"{name} {sub.name}")
            return
        *_, last = name.split()
        assert name in README or f"`{last}" in README, name
        for parameter in command.params:
            if isinstance(parameter, click.Option) and name != "kb search":
                assert any(option in README for option in parameter.opts), f"{name} {parameter.opts}"

    walk(kb, "kb")


def test_every_role_is_in_the_readme() -> None:
    assert all(f"`{role.value}`" in README for role in Role)


def test_every_address_is_in_the_readme(app: Flask) -> None:
    """Parameters are written `<slug>`; an optional last part stands in square brackets."""
    text = README.replace("[", "").replace("]", "")
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<(?:[^:<>]+(?:\([^)]*\))?:)?(\w+)>", r"<\1>", rule.rule)
        if rule.endpoint.endswith("static") or address == "/help" or "<folder>" in address:
            continue  # files, the way to the first help page, and entries, whose folders are told below
        assert address.replace("/help/<name>", "/help/<page>") in text, rule.rule
    assert all(f"`/{folder}/<slug>`" in README for folder in FOLDERS)


def test_every_field_of_a_header_is_in_the_readme() -> None:
    for model in (*MODELS.values(), TranslationHeader):
        missing = [name for name in model.model_fields if f"`{name}`" not in README]
        assert not missing, (model.__name__, missing)


def test_every_search_parameter_is_on_the_help_page_in_both_languages() -> None:
    for language in ("en", "ko"):
        page = (ROOT / "content" / "pages" / "how-to-search" / f"{language}.md").read_text()
        missing = [name for name in PARAMETERS if f"`{name}`" not in page]
        assert not missing, (language, missing)


def test_the_query_language_is_on_the_help_page_in_both_languages() -> None:
    bounds = (f"{MAX_CHARACTERS:,}", MAX_LEAVES, MAX_WILDCARDS, MIN_PREFIX, MAX_DISTANCE, MAX_DEPTH)
    for language in ("en", "ko"):
        page = (ROOT / "content" / "pages" / "how-to-search" / f"{language}.md").read_text()
        typed = " ".join(re.findall("`([^`\n]+)`", page))
        signs = (*(f"{name}:" for name in FIELDS), " AND ", " OR ", " NOT ", '"', "(", " -", "*", "~", "~2")
        assert not [sign for sign in signs if sign not in typed], language
        numbers = re.findall(r"\d[\d,]*", page.split("\n## ")[2])
        assert set(map(str, bounds)) <= set(numbers), language


def test_every_target_of_make_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \w", makefile, re.M), target
