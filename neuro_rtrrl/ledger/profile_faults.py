"""What pydantic finds wrong with a profile, said with its place in the file."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from neuro_rtrrl.errors import Problem, nearest
from neuro_rtrrl.ledger.consistency import InconsistentError
from neuro_rtrrl.ledger.points import SECTIONS, place_at
from neuro_rtrrl.ledger.vocabulary import ARITHMETIC, EVENTS
from neuro_rtrrl.spec.document import Document

__all__ = ["problems_of_error", "without_faults"]


def problems_of_error(
    error: ValidationError, document: Document, point: str | None, model: type[BaseModel]
) -> list[Problem]:
    """Translate pydantic's errors about a profile at one operating point."""
    translator = _Translator(document, point, model)
    return [problem for each in error.errors() for problem in translator.problems(each)]


def without_faults(data: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return the content of a profile with nulls for the figures that cannot be read, and without unknown parts.

    The parts of a profile are held against each other only where every one can be read; so this shows the
    contradictions that a faulty figure would hide.
    """
    found = {name: dict(part) if isinstance(part, dict) else part for name, part in data.items()}
    for each in error.errors():
        section, *rest = each["loc"] or ("",)
        part = found.get(str(section))
        if section in SECTIONS and rest and isinstance(part, dict):
            known = "[key]" not in each["loc"]
            part.pop(rest[0], None)
            if known:
                part[rest[0]] = {"nominal": None, "reason": "faulty"}
        elif section not in ("profile", "format", "title", "kind", "sources", "energy"):
            found.pop(str(section), None)
    return found


class _Translator:
    def __init__(self, document: Document, point: str | None, model: type[BaseModel]) -> None:
        self.document, self.point, self.model = document, point, model

    def problems(self, error: Any) -> list[Problem]:
        """Translate one error; the profile's own contradictions are several."""
        cause = error.get("ctx", {}).get("error")
        if isinstance(cause, InconsistentError):
            return [self._problem(*details) for details in cause.problems]
        path = tuple(part for part in error["loc"] if part != "[key]")
        found = "" if isinstance(error["input"], dict) else str(error["input"])
        if error["type"] == "extra_forbidden":
            names = self._fields(path)
            return [self._problem(path, f"unknown key '{path[-1]}'", names, nearest(str(path[-1]), names))]
        if path[-1:] == ("grade",):
            hint = "a figure from memory (U) is written 'nominal: null' until someone reads its source"
            return [self._problem(path, "not a grade", ("P", "Q", "D", "S"), hint, found)]
        if error["type"] == "greater_than":
            hint = "write 'nominal: null' with a reason where nothing is published"
            return [self._problem(path, "a figure is greater than 0", (), hint, found)]
        if "[key]" in error["loc"] and path[0] == "energy":
            names = (*EVENTS, *sorted(ARITHMETIC))
            return [self._problem(path, str(cause), names, nearest(str(path[-1]), names))]
        message = str(cause) if cause else error["msg"][:1].lower() + error["msg"][1:]
        return [self._problem(path, message, (), "", found)]

    def _problem(self, path, message: str, available=(), hint: str = "", found: str = "") -> Problem:
        place = place_at(self.document.data, tuple(path), self.point)
        where = ".".join(str(part) for part in place)
        return Problem(message, where, self.document.locate(place), found, tuple(available), hint)

    def _fields(self, path: tuple) -> tuple[str, ...]:
        """Return the keys that are valid beside the last part of ``path``."""
        model = self.model
        if len(path) > 1:
            annotation = model.model_fields[str(path[0])].annotation
            model = _model_in(annotation) or model
        return tuple(field.alias or name for name, field in model.model_fields.items() if name != "point")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in ``dict[str, Figure]`` or ``LearningEngine | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
