"""From a path to a checked :class:`CircuitSpec`, or to every problem in the file at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from neuro_rtrrl.errors import CircuitError, Problem, Problems, nearest
from neuro_rtrrl.spec.document import Document, compose_document, read_text
from neuro_rtrrl.spec.faults import FAULT, Fault, shown
from neuro_rtrrl.spec.overrides import apply_overrides
from neuro_rtrrl.spec.salvage import Salvaged, salvage
from neuro_rtrrl.spec.schema import CircuitSpec

__all__ = ["SpecError", "load_spec", "schema_problems", "spec_from_document"]

Path_ = tuple[str | int, ...]


def load_spec(path: str | Path, overrides: Iterable[str] = ()) -> tuple[CircuitSpec, Document]:
    """Read, override and check a circuit file.

    Parameters
    ----------
    path : str or Path
    overrides : iterable of str
        ``path.to.key=value`` each; see :func:`~neuro_rtrrl.spec.overrides.apply_overrides`.

    Returns
    -------
    CircuitSpec, Document
        The Document holds the overrides and locates later problems.

    Raises
    ------
    CircuitError
        With every problem found, in the order of the file.
    """
    document, problems = compose_document(read_text(path), str(path))
    document = apply_overrides(document, overrides)
    return _check(document, problems), document


def spec_from_document(document: Document) -> CircuitSpec:
    """Check a document against the schema.

    Raises
    ------
    CircuitError
        With every problem found, in the order of the file.
    """
    return _check(document, Problems())


def _check(document: Document, problems: Problems) -> CircuitSpec:
    """Check the schema; ``problems`` are those that reading the text has already found."""
    known = {problem.location for problem in problems.found}
    spec = None
    try:
        spec = CircuitSpec.model_validate(document.data)
    except ValidationError as error:
        # NaN, say, is told once: by the reader, which knows how it was written.
        problems.found += [
            each for each in schema_problems(error, document, CircuitSpec) if each.location not in known
        ]
    if problems.found or spec is None:
        found = sorted(problems.found, key=lambda problem: _order(problem, document))
        raise SpecError(found, document)
    return spec


class SpecError(CircuitError):
    """The schema's problems, with what can still be read of the file for the checks behind it."""

    def __init__(self, problems: Iterable[Problem], document: Document) -> None:
        super().__init__(problems)
        self.document = document

    def salvaged(self) -> Salvaged | None:
        """Return what is left without the faults, or None where too little is."""
        return salvage(self.document.data, _known_keys)


def _order(problem: Problem, document: Document) -> tuple:
    place = problem.location
    return (place.file != document.name, place.line, place.column) if place else (True, 0, 0)


def schema_problems(error: ValidationError, document: Document, schema: type[BaseModel]) -> list[Problem]:
    """Return what pydantic finds wrong in a document that should obey a schema, each problem in its place."""
    return [
        problem
        for details in error.errors(include_url=False)
        for problem in _problems(details, document, schema)
    ]


def _problems(details: Any, document: Document, schema: type[BaseModel]) -> list[Problem]:
    """Return what one pydantic error means."""
    path: Path_ = tuple(details["loc"])
    key = bool(path) and path[-1] == "[key]"
    if key:
        path = path[:-1]
    faults = details["ctx"]["faults"] if details["type"] == FAULT else (_fault(details, path, schema),)
    found = []
    for fault in faults:
        whole = (*path, *fault.at)
        found.append(
            Problem(
                fault.message,
                where=_dotted(whole),
                location=document.locate(whole, key=key or fault.key),
                found=fault.found,
                available=fault.available,
                hint=fault.hint,
            )
        )
    return found


def _dotted(path: Path_) -> str:
    parts = [shown(part) if isinstance(part, str) else str(part) for part in path]
    return ".".join(parts)


def _fault(details: Any, path: Path_, schema: type[BaseModel]) -> Fault:
    """Put one of pydantic's own errors into plain words."""
    name = f"'{shown(path[-1])}'" if path and isinstance(path[-1], str) else "this item"
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "missing":
        return Fault(f"the key {name} is missing", hint=_missing_hint(path), key=True)
    if kind == "extra_forbidden":
        available = _known_keys(path[:-1], schema)
        return Fault(
            f"the key {name} is not known here",
            available=available,
            hint=nearest(str(path[-1]), available),
            key=True,
        )
    if kind == "literal_error":
        available = _choices(path, schema)
        hint = nearest(value, available) if isinstance(value, str) else ""
        return Fault(f"{name} must be one of the values below", (), shown(value), available, hint)
    if kind in ("too_short", "string_too_short"):
        return Fault(f"{name} must not be empty", found=shown(value) or "''")
    hint = "it is empty: give it a value, or leave the key out" if value is None else ""
    if path[:1] == ("record",) and len(path) == 2 and isinstance(value, str):
        hint = f"write '{{variable: {shown(value)}}}'"
    return Fault(
        f"{name} {_RULES.get(kind, 'cannot be used').format(**context)}", found=shown(value), hint=hint
    )


_RULES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be a section of 'key: value' pairs",
    "model_type": "must be a section of 'key: value' pairs",
    "model_attributes_type": "must be a section of 'key: value' pairs",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "finite_number": "must be finite",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}

_EXAMPLES = {
    ("circuit",): "circuit: my_circuit",
    ("format",): "format: 1",
    ("timing",): "timing: {dt: 20 ms}",
    ("timing", "dt"): "dt: 20 ms",
    ("populations",): "populations: {cortex: {size: 32, neuron: ctrnn}}",
}


def _missing_hint(path: Path_) -> str:
    return f"add '{_EXAMPLES[path]}'" if path in _EXAMPLES else ""


def _field(path: Path_, schema: type[BaseModel]) -> Any:
    """Return the annotation at ``path``, following the schema's models, dicts and tuples."""
    annotation: Any = schema
    for part in path:
        annotation = _without_none(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = {info.alias or name: info for name, info in annotation.model_fields.items()}
            if part not in fields:
                return None
            annotation = fields[str(part)].annotation
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        else:
            return None
    return _without_none(annotation)


def _without_none(annotation: Any) -> Any:
    """Strip ``Annotated[...]`` and ``... | None``."""
    if hasattr(annotation, "__metadata__"):
        return _without_none(annotation.__origin__)
    arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
    if len(arguments) == 1 and type(None) in get_args(annotation):
        return _without_none(arguments[0])
    return annotation


def _known_keys(path: Path_, schema: type[BaseModel] = CircuitSpec) -> tuple[str, ...]:
    model = _field(path, schema)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ()
    return tuple(info.alias or name for name, info in model.model_fields.items())


def _choices(path: Path_, schema: type[BaseModel]) -> tuple[str, ...]:
    return tuple(str(choice) for choice in get_args(_field(path, schema)))
