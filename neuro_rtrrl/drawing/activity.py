"""Activity on the drawing of a circuit: populations by colour, projections by width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Activity"]

_LOW, _HIGH = (1.0, 1.0, 0.90), (0.99, 0.55, 0.24)  # pale yellow to orange, from ColorBrewer's YlOrRd
THINNEST, THICKEST = 0.6, 4.5


@dataclass(frozen=True)
class Activity:
    """How active each population was, and how strong each projection is.

    Attributes
    ----------
    populations : mapping of str to (float, str)
        How active, and how that is written below its name. What is missing is drawn white.
    weights : mapping of str to float
        Mean |w| of each projection; widths are relative to the largest.
    title : str
    """

    populations: Mapping[str, tuple[float, str]]
    weights: Mapping[str, float]
    title: str = ""

    def colour(self, population: str) -> tuple[float, float, float] | str:
        """Return the fill of a population; colours are relative to the most active one written in the same unit."""
        if population not in self.populations:
            return "#ffffff"
        value, text = self.populations[population]
        alike = [v for v, t in self.populations.values() if t.endswith("Hz") == text.endswith("Hz")]
        share = value / max(alike) if max(alike) > 0 else 0.0
        red, green, blue = (low + share * (high - low) for low, high in zip(_LOW, _HIGH, strict=True))
        return red, green, blue

    def width(self, projection: str, otherwise: float) -> float:
        """Return the width of a projection's line, in points."""
        if projection not in self.weights:
            return otherwise
        most = max(self.weights.values())
        return THINNEST + (THICKEST - THINNEST) * (self.weights[projection] / most if most > 0 else 0.0)
