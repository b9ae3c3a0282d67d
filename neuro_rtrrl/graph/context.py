"""What the builders share: the description, the clock, and where to note a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from neuro_rtrrl.errors import Problems
from neuro_rtrrl.models import Modulator, NeuronModel, Optimiser, PlasticityRule
from neuro_rtrrl.spec.document import Document
from neuro_rtrrl.spec.schema import CircuitSpec

__all__ = ["Catalogue", "Context", "Path"]

Path = tuple[str | int, ...]


@dataclass
class Catalogue:
    """The models that names in this file may mean: the registry's and the file's own."""

    neurons: dict[str, NeuronModel]
    rules: dict[str, PlasticityRule]
    modulators: dict[str, Modulator]
    optimisers: dict[str, Optimiser]


@dataclass
class Context:
    """One build: read the description, collect problems."""

    spec: CircuitSpec
    document: Document
    problems: Problems = field(default_factory=Problems)
    broken: set[str] = field(default_factory=set)  # user-written models with problems; told already

    def problem(self, path: Path, message: str, *, key: bool = False, **details) -> None:
        """Note a problem at ``path`` of the file (at its key with ``key``); details as for ``Problem``."""
        where = ".".join(str(part) for part in path)
        self.problems.add(message, where=where, location=self.document.locate(path, key=key), **details)

    def written(self, path: Path) -> str:
        """Return what the file says at ``path``, on one line, or an empty text."""
        value: Any = self.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return ""
        text = " ".join(str(value).split())
        return text if len(text) <= 60 else text[:57] + "..."

    @property
    def clock(self) -> dict[str, float]:
        """The names that a parameter's default may have, with their values in seconds."""
        timing = self.spec.timing
        return {"dt": timing.dt.value, "decision_interval": timing.decision_interval.value}
