"""What pydantic finds wrong in a study file, as problems with their place and the valid choices."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationError

from neuro_rtrrl.errors import Problem, nearest
from neuro_rtrrl.spec.document import Document
from neuro_rtrrl.spec.faults import FAULT, Fault, shown
from neuro_rtrrl.spec.sections import Section
from neuro_rtrrl.studies.spec import Evaluation, Published, RowSpec, StudySpec, Target, WordsSpec

__all__ = ["problems_of"]

_WORDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be a section of 'key: value' pairs",
    "model_type": "must be a section of 'key: value' pairs",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_EXAMPLES = {
    "study": "study: my_study",
    "format": "format: 1",
    "decisions": "decisions: 200_000",
    "rows": "rows: {control: {circuit: ../circuits/bg.yaml}}",
    "circuit": "circuit: ../circuits/bg.yaml",
    "every": "every: 100_000",
}


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """Return every problem of a validation, in the order in which pydantic met them."""
    found = []
    for details in error.errors(include_url=False):
        path = tuple(part for part in details["loc"] if part != "[key]")
        on_key = len(path) < len(details["loc"])
        faults = details["ctx"]["faults"] if details["type"] == FAULT else (_fault(details, path),)  # type: ignore[typeddict-item]
        for fault in faults:
            whole = (*path, *fault.at)
            found.append(
                Problem(
                    fault.message,
                    ".".join(str(part) for part in whole),
                    document.locate(whole, key=on_key or fault.key),
                    fault.found,
                    fault.available,
                    fault.hint,
                )
            )
    return found


def _fault(details: Any, path: tuple) -> Fault:
    """Put one of pydantic's own errors into plain words."""
    name, kind, value = str(path[-1]) if path else "", details["type"], details["input"]
    if kind == "missing":
        hint = f"add '{_EXAMPLES[name]}'" if name in _EXAMPLES else ""
        return Fault(f"the key '{name}' is missing", hint=hint, key=True)
    if kind == "extra_forbidden":
        keys = tuple(_section(path[:-1]).model_fields)
        return Fault(
            f"the key '{name}' is not known here", available=keys, hint=nearest(name, keys), key=True
        )
    if kind == "literal_error":
        choices = _choices(path)
        hint = nearest(value, choices) if isinstance(value, str) else ""
        return Fault(f"'{name}' must be one of the values below", (), shown(value), choices, hint)
    words = _WORDS.get(kind, "cannot be used").format(**details.get("ctx", {}))
    subject = f"'{name}'" if path and isinstance(path[-1], str) else "this item"
    return Fault(f"{subject} {words}", found=shown(value))


def _section(path: tuple) -> type[Section]:
    """Return the model that is read at ``path``."""
    if path == ("evaluation",):
        return Evaluation
    within: dict[tuple, type[Section]] = {
        ("published",): Published,
        ("target",): Target,
        ("words",): WordsSpec,
    }
    return within.get(path[2:], RowSpec) if len(path) >= 2 else StudySpec


def _choices(path: tuple) -> tuple[str, ...]:
    """Return the values that may stand at ``path``."""
    annotation = _section(path[:-1]).model_fields[str(path[-1])].annotation
    choices: list[Any] = []
    for argument in get_args(annotation):
        choices += get_args(argument) or ([argument] if argument is not type(None) else [])
    return tuple(str(choice) for choice in choices)
