"""What a profile says that a device has: a number with its grade and source, or that nobody has published it."""

from __future__ import annotations

from dataclasses import dataclass

from neuro_rtrrl.ledger.figure import GRADES
from neuro_rtrrl.ledger.memory import DEFAULT_BITS
from neuro_rtrrl.ledger.profile import HardwareProfile

__all__ = ["NOT_STATED", "Limit", "limit", "product", "word_bits"]


@dataclass(frozen=True)
class Limit:
    """A limit of a device.

    Attributes
    ----------
    name : str
        Where it stands in the profile: ``capacity.cores``.
    value : float or None
        Counts, or bits; None: not published, and ``reason`` says why.
    grade : str
    sources : tuple of str
        Keys of the profile's sources.
    reason : str
    """

    name: str
    value: float | None
    grade: str = ""
    sources: tuple[str, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


NOT_STATED = Limit("", None, reason="the profile does not state it")


def limit(profile: HardwareProfile, section: str, *names: str) -> Limit:
    """Return the first of these figures that has a value, else why there is none.

    A figure of which only the upper end is published is a limit all the same.
    """
    reasons = []
    for name in names:
        figure = getattr(profile, section).get(name)
        if figure is None:
            continue
        value = figure.in_si()
        known = value.nominal if value.nominal is not None else value.high
        if known is not None:
            sources = (figure.source,) if figure.source else ()
            return Limit(f"{section}.{name}", known, figure.grade or "", sources)
        reasons.append(f"{name.replace('_', ' ')}: {figure.reason}")
    if reasons:
        return Limit("", None, reason="; ".join(reasons))
    stated = " or ".join(name.replace("_", " ") for name in names)
    return Limit("", None, reason=f"the profile does not state {stated}")


def product(first: Limit, second: Limit) -> Limit:
    """Return what so many of something hold together; not known unless both are."""
    if first.value is None or second.value is None:
        return first if first.value is None else second
    grades = [grade for grade in (first.grade, second.grade) if grade]
    return Limit(
        f"{first.name} * {second.name}",
        first.value * second.value,
        max(grades, key=list(GRADES).index) if grades else "",
        tuple(dict.fromkeys((*first.sources, *second.sources))),
    )


def word_bits(profile: HardwareProfile, name: str, bits: int | None) -> int:
    """Return how wide a word is.

    Parameters
    ----------
    profile : HardwareProfile
    name : str
        A key of ``word_widths``: what a device fixes is not to be chosen. ``word`` is every other.
    bits : int, optional
        Of every word whose width the device leaves open; without it the profile's usual ``word``, else 32.
    """
    fixed = _bits(profile, name) if name != "word" else None
    return fixed or bits or _bits(profile, "word") or DEFAULT_BITS


def _bits(profile: HardwareProfile, name: str) -> int | None:
    figure = profile.word_widths.get(name)
    nominal = figure.in_si().nominal if figure is not None else None
    return None if nominal is None else int(nominal)
