"""How the comparison says its numbers: the same words in a terminal, in a picture and on a page."""

from __future__ import annotations

from collections.abc import Mapping

from neuro_rtrrl.ledger.side_by_side.entry import Entry
from neuro_rtrrl.units import format_si

__all__ = [
    "band",
    "band_text",
    "energy_text",
    "fits_text",
    "joules",
    "keeps_up_text",
    "memory_text",
    "time_text",
]

UNKNOWN = "-"
_FITS = {"fits": "yes", "does not fit": "NO", "not known": "?"}
_KEEPS_UP = {"keeps up": "yes", "does not keep up": "NO", "not known": "?"}


def joules(value: float | None) -> str:
    """Return an energy, a dash where there is none."""
    return UNKNOWN if value is None else format_si(value, "J")


def energy_text(entry: Entry) -> str:
    """Return the nominal energy of a decision; a lower bound says so, and what has no price has no number."""
    nominal = entry.joules["nominal"]
    if nominal is None:
        return "no price"
    return f"{'≥ ' if entry.lower_bound else ''}{joules(nominal)}"


def band(entry: Entry) -> str:
    """Return low and high of what has a price; empty where there is no band."""
    return band_text(entry.joules)


def band_text(found: Mapping[str, float | None]) -> str:
    """Return ``low`` and ``high`` of an energy; empty where there is no band, ``?`` for an end that is not known."""
    low, nominal, high = (found[end] for end in ("low", "nominal", "high"))
    if nominal is None or low == nominal == high:
        return ""
    if low is None or high is None:
        return f"? – {joules(high)}" if low is None else f"{joules(low)} – ?"
    return _range(joules(low), joules(high))


def _range(low: str, high: str) -> str:
    """Return two quantities; a unit that they share is said once."""
    number, _, unit = low.partition(" ")
    return f"{number} – {high}" if high.endswith(f" {unit}") else f"{low} – {high}"


def memory_text(bits: int) -> str:
    """Return bytes, in powers of 1024."""
    size = bits / 8
    for limit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB")):
        if size >= limit:
            return f"{size / limit:.3g} {name}"
    return f"{size:.3g} B"


def time_text(entry: Entry) -> str:
    """Return the shortest and the longest time of a decision, as far as times are published."""
    latency = entry.latency
    if latency is None or (latency.low is None and latency.high is None):
        return UNKNOWN
    low, high = ("" if x is None else format_si(x, "s") for x in (latency.low, latency.high))
    if low == high:
        return low
    return f"≤ {high}" if not low else f"≥ {low}" if not high else _range(low, high)


def keeps_up_text(entry: Entry) -> str:
    """Return whether the device keeps up with the circuit's decisions."""
    return _KEEPS_UP[entry.latency.verdict] if entry.latency else UNKNOWN


def fits_text(entry: Entry) -> str:
    """Return whether the device takes it."""
    return _FITS[entry.fit.answer] if entry.fit else UNKNOWN
