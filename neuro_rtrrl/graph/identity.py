"""A circuit's hash: the same for circuits that compute the same, however the file is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from neuro_rtrrl.models.declarations import IF_SET

__all__ = ["IF_SET", "circuit_hash"]

#: What does not change what a circuit computes, or is kept beside it (learned weights are files of their
# own).
_BESIDE = {
    "applied",
    "description",
    "document",
    "everything",
    "file",
    "folder",
    "initial",
    "interventions",
    "lesions",
    "name",
    "place",
    "record",
    "source",
    "summary",
}


def circuit_hash(circuit: Any) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of the resolved circuit.

    Numbers are in SI, models are in full with their equations, lesions and the frozen state count; names of
    parts count (random numbers follow from them), the circuit's own name, its recordings and its learned
    weights do not.
    """
    content = {
        field.name: getattr(circuit, field.name)
        for field in fields(circuit)
        if field.name not in _BESIDE
        and not (field.metadata.get("counts") and getattr(circuit, field.name) in (None, ()))
    }
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    if is_dataclass(value):
        skipped = _BESIDE - {"name", "source"} if not hasattr(value, "summary") else _BESIDE - {"name"}
        return {
            field.name: _canonical(getattr(value, field.name))
            for field in fields(value)
            if field.name not in skipped
            and not (field.metadata.get("counts") and getattr(value, field.name) in (None, "", ()))
        }
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, str):
        return (
            " ".join(value.split())
            if "\n" not in value
            else [" ".join(line.split()) for line in value.splitlines()]
        )
    return value
