"""Rules of the face: templates, catalogues, stylesheet, vendored files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

from kb.domain.languages import INTERFACE_LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "kb" / "static"
TEMPLATES = ROOT / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if '{% extends "base.html" %}' in path.read_text())
TRANSLATED = [tag for tag in INTERFACE_LANGUAGES if tag != "en"]  # English stands in the code


def test_templates_parse(app: Flask) -> None:
    for path in TEMPLATES.rglob("*.*"):
        app.jinja_env.get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_page_has_a_title_and_one_heading(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"{% block title %}.+{% endblock %}", text)
    assert text.count("<h1") + text.count("parts.heading(") == 1  # the three kinds of works share theirs


def test_no_style_and_no_script_within_templates() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)|href=.javascript:", text), path


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    """What the code and the templates say, as `make catalogues` finds it."""
    with (ROOT / "kb" / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(
        ROOT,
        method_map=methods,
        options_map=options,
        keywords={"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "_l": None},
        directory_filter=lambda folder: not Path(folder).name.startswith("."),
    )
    catalogue = Catalog()
    for _, _, message, _, context in found:
        catalogue.add(message, context=context)
    return catalogue


@pytest.mark.parametrize("tag", TRANSLATED)
def test_catalogues_say_everything_and_nothing_else(extracted: Catalog, tag: str) -> None:
    with (ROOT / "kb" / "translations" / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=tag)
    said = {str(message.id) for message in extracted if message.id}
    known = {str(message.id): message for message in catalogue if message.id}
    assert said - set(known) == set(), "run make catalogues, then translate"
    assert set(known) - said == set(), "run make catalogues"
    for message in known.values():
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        assert not list(message.check(catalogue)), message.id  # the same %(places)s


def test_the_stylesheet_is_small_layered_and_logical() -> None:
    text = (STATIC / "library.css").read_text()
    assert len(text.encode()) < 30_000
    assert text.index("@layer ") < text.index(":root")
    rules = re.sub(r"/\*.*?\*/|@media[^{]*|@supports[^{]*", "", text, flags=re.DOTALL)
    physical = re.findall(
        r"(?:^|[;{\s])((?:margin|padding|border)-(?:left|right|top|bottom)[\w-]*|left|right|top|bottom|float"
        r"|(?:min-|max-)?(?:width|height)|text-align:\s*(?:left|right))\s*:",
        rules,
    )
    assert physical == []
    assert "!important" not in text
    assert "http" not in re.sub(r"\[href\^=\"http\"\]", "", rules)


def test_vendored_files_are_what_the_manifest_says() -> None:
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text())
    for entry in manifest:
        assert set(entry) == {"name", "version", "licence", "file", "source", "sha256"}
        assert hashlib.sha256((STATIC / "vendor" / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    listed = {entry["file"] for entry in manifest} | {"manifest.json"}
    assert {path.name for path in STATIC.joinpath("vendor").iterdir() if "LICENSE" not in path.name} == listed
