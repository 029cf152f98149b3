"""What pydantic finds wrong, in sentences for the people who typed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from kb.domain.errors import N_, Invalid, Problem

# pydantic's error types in the reader's words; what is not here gets the last sentence
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": N_("is missing."),
    "extra_forbidden": N_("is not a field of this kind."),
    "string_too_long": N_("is too long: at most %(max_length)s characters."),
    "too_long": N_("has too many items: at most %(max_length)s."),
    "too_short": N_("must not be empty."),
    "string_type": N_("must be text; put it in quotation marks."),
    "list_type": N_("must be a list."),
    "dict_type": N_("must be a group of fields."),
    "model_type": N_("must be a group of fields."),
    "model_attributes_type": N_("must be a group of fields."),
    "bool_type": N_("must be true or false."),
    "bool_parsing": N_("must be true or false."),
    "int_type": N_("must be a whole number."),
    "int_parsing": N_("must be a whole number."),
    "int_from_float": N_("must be a whole number."),
    "float_type": N_("must be a number."),
    "float_parsing": N_("must be a number."),
    "greater_than_equal": N_("must be at least %(ge)s."),
    "less_than_equal": N_("must be at most %(le)s."),
    "date_type": N_("must be a day like 2026-01-31."),
    "date_parsing": N_("must be a day like 2026-01-31."),
    "date_from_datetime_parsing": N_("must be a day like 2026-01-31."),
    "date_from_datetime_inexact": N_("must be a day like 2026-01-31."),
    "string_pattern_mismatch": N_("does not have the form that it needs (%(pattern)s)."),
    "enum": N_("must be one of %(expected)s."),
    "literal_error": N_("must be one of %(expected)s."),
}
_ANY_SENTENCE: Final = N_("can't be used as it is.")


def _problem(error: Any, lines: Mapping[str, int]) -> Problem:
    # a union reports each of its members: the branch names in the path are ours to leave out
    path = [str(part) for part in error["loc"] if not re.search(r"[\[(]|^(float|int|str)$", str(part))]
    line = next((lines[found] for end in range(len(path), 0, -1) if (found := ".".join(path[:end])) in lines), None)
    context = error.get("ctx", {})
    if error["type"] == "kb":
        return Problem(context["message"], context["params"], ".".join(path), line)
    return Problem(_SENTENCES.get(error["type"], _ANY_SENTENCE), context, ".".join(path), line)


def explain(error: ValidationError, lines: Mapping[str, int] | None = None) -> Invalid:
    """What pydantic found wrong, in our sentences, one problem a field."""
    # of a field that may be one of several things each is complained of: the last stands for all
    problems = {problem.field: problem for found in error.errors() for problem in [_problem(found, lines or {})]}
    return Invalid(list(problems.values()))
