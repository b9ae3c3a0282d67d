"""A published number with everything that must travel with it: range, unit, grade, operating point, source.

A price that nobody has published is an explicit null with a reason. It is never 0, and nothing downstream may
treat it as 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from neuro_rtrrl.units import Dimension, UnitError, parse_quantity, unit_dimension

__all__ = ["GRADES", "EnergyFigure", "Figure", "Grade", "Range", "Strict", "weakest_grade"]

Grade = Literal["P", "Q", "D", "S"]
GRADES: dict[str, str] = {
    "P": "read in the primary source",
    "Q": "the primary source quoted with page or table",
    "D": "derived by arithmetic that is shown",
    "S": "secondary citation only",
}
"""Grades from strongest to weakest. ``U`` (from memory) is not among them: such a figure stays null."""

# Units that count or store; everything else is read by neuro_rtrrl.units.
_PLAIN_UNITS = {"1": 1.0, "bit": 1.0, "byte": 8.0} | {
    unit: 8.0 * 1024.0**power for power, unit in enumerate(("KB", "MB", "GB"), start=1)
}

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


class Strict(BaseModel):
    """A frozen part of a profile that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(NamedTuple):
    """Low, nominal and high in SI units (memory: bits); None where not published."""

    low: float | None
    nominal: float | None
    high: float | None


class Figure(Strict):
    """A number from a source, or a null with a reason.

    Attributes
    ----------
    low, nominal, high : float, optional
        Positive. Where ``nominal`` is null, ``reason`` says why; a bound may still be known.
    unit : str
        ``pJ``, ``mW``, ``ns``, ``bit``, ``KB`` (1024 bytes), ``MB``, ``GB``, ``1`` for a count, and the like.
    grade : {"P", "Q", "D", "S"}
        See :data:`GRADES`.
    operating_point : str
        Process, voltage, frequency, and whether silicon was measured.
    source : str
        A key of the profile's ``sources``.
    derivation : str
        The arithmetic of a figure of grade D.
    per : str
        What one event is, where the name does not say it all: ``64 bit word of an 8 KB SRAM``.
    note : str
        What a reader must know before using it.
    """

    low: Positive | None = None
    nominal: Positive | None
    high: Positive | None = None
    unit: str | None = None
    grade: Grade | None = None
    operating_point: str | None = None
    source: str | None = None
    derivation: str | None = None
    per: str | None = None
    note: str | None = None
    reason: str | None = None

    @property
    def priced(self) -> bool:
        """Whether there is a nominal value."""
        return self.nominal is not None

    @property
    def bounds_only(self) -> bool:
        """Whether a bound is published, but no nominal value."""
        return not self.priced and (self.low is not None or self.high is not None)

    @property
    def dimension(self) -> Dimension | None:
        """Dimension of the unit; of counts, bits and bytes: dimensionless."""
        if self.unit is None:
            return None
        return unit_dimension("1" if self.unit in _PLAIN_UNITS else self.unit)

    def in_si(self) -> Range:
        """Return the range in joules, watts, seconds, bits or counts."""
        if self.unit is None:
            return Range(None, None, None)
        factor = _PLAIN_UNITS.get(self.unit) or parse_quantity(f"1 {self.unit}").value
        return Range(*(None if x is None else x * factor for x in (self.low, self.nominal, self.high)))

    def required(self) -> tuple[str, ...]:
        """Return the fields that must stand beside a number."""
        return ("unit", "grade", "operating_point", "source")

    @model_validator(mode="after")
    def _complete(self) -> Figure:
        if self.priced or self.bounds_only:
            missing = [name for name in self.required() if not getattr(self, name)]
            if missing:
                raise ValueError(f"a figure needs {', '.join(missing)}")
        if self.grade == "D" and not self.derivation:
            raise ValueError("a figure of grade D shows its arithmetic under 'derivation'")
        if not self.priced and not self.reason:
            raise ValueError("a null needs a 'reason'; null means not published or not found, never 0")
        if self.priced and self.reason:
            raise ValueError("'reason' says why a figure is null, and this one is not; use 'note'")
        known = [x for x in (self.low, self.nominal, self.high) if x is not None]
        if known != sorted(known):
            raise ValueError("low, nominal and high are not in ascending order")
        try:
            _ = self.dimension
        except UnitError as error:
            raise ValueError(str(error)) from None
        return self

    def __str__(self) -> str:
        if not self.priced:
            return f"null: {self.reason}"
        ends = {"low": self.low, "high": self.high}
        bounds = [f"{end} {x:g}" for end, x in ends.items() if x is not None]
        extent = f" ({', '.join(bounds)})" if bounds else ""
        return f"{self.nominal:g} {self.unit}{extent} [{self.grade}, {self.source}]"


class EnergyFigure(Figure):
    """A price.

    Attributes
    ----------
    scope : {"marginal", "all_in"}
        ``marginal``: what one more event adds. ``all_in``: the chip's power over its event rate at one
        operating point, idle and static power included; used as a constant at another rate it is wrong.
    """

    scope: Literal["marginal", "all_in"] | None = None

    def required(self) -> tuple[str, ...]:
        """Return the fields that must stand beside a number."""
        return (*super().required(), "scope")


def weakest_grade(figures: Iterable[Figure]) -> str | None:
    """Return the weakest grade among these figures, or None if none of them carries a number."""
    order = list(GRADES)
    grades = [figure.grade for figure in figures if figure.grade and (figure.priced or figure.bounds_only)]
    return max(grades, key=order.index, default=None)
