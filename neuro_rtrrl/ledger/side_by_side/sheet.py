"""Circuits times rules times devices: everything that was compared, in one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem, Problems
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile, profile_names
from neuro_rtrrl.ledger.side_by_side.counted import count
from neuro_rtrrl.ledger.side_by_side.entry import Entry, entry_of, missing
from neuro_rtrrl.ledger.side_by_side.rules import Choice, NotApplicableError, with_rule

__all__ = ["Sheet", "compare_all", "parse_profiles"]


@dataclass(frozen=True, eq=False, repr=False)
class Sheet:
    """What was compared.

    Attributes
    ----------
    entries : tuple of Entry
        Circuit by circuit, device by device, rule by rule.
    profiles : mapping of str to HardwareProfile
    """

    entries: tuple[Entry, ...]
    profiles: dict[str, HardwareProfile]

    @property
    def circuits(self) -> tuple[str, ...]:
        """Names, in the order of the comparison."""
        return tuple(dict.fromkeys(entry.circuit for entry in self.entries))

    @property
    def rules(self) -> tuple[str, ...]:
        """Names, in the order of the comparison."""
        return tuple(dict.fromkeys(entry.rule for entry in self.entries))

    def of(self, circuit: str, profile: str | None = None) -> tuple[Entry, ...]:
        """Return the entries of a circuit, on one device if it is named."""
        return tuple(e for e in self.entries if e.circuit == circuit and profile in (None, e.profile))

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return ``profile: figure`` -> the published sentence that its joules come from.

        Keys of each as those of :meth:`~neuro_rtrrl.ledger.energy.Energy.sources`, and ``profile`` and ``figure``.
        """
        found: dict[str, dict[str, Any]] = {}
        for entry in self.entries:
            if entry.energy is None:
                continue
            for figure, source in entry.energy.sources().items():
                known = found.setdefault(
                    f"{entry.profile}: {figure}",
                    {"profile": entry.profile, "figure": figure, **source, "events": []},
                )
                known["events"] = list(dict.fromkeys([*known["events"], *source["events"]]))
        return found

    def unpriced(self, profile: str) -> dict[str, str]:
        """Return what has no price on a device, under any rule -> why."""
        return {
            item.event: item.reason
            for entry in self.entries
            if entry.profile == profile and entry.energy is not None
            for item in entry.energy.unpriced
        }

    def save(self, path: str | PathLike) -> None:
        """Write the comparison: a page (.html), lines (.csv), a document (.json) or a picture (.svg, .png, .pdf).

        Raises
        ------
        CircuitError
            For any other ending.
        OSError
            If the file cannot be written.
        """
        from neuro_rtrrl.ledger.side_by_side.saving import save

        save(self, Path(path))

    def __repr__(self) -> str:
        from neuro_rtrrl.ledger.side_by_side.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from neuro_rtrrl.ledger.side_by_side.page import body_of

        return body_of(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "circuits": list(self.circuits),
            "rules": list(self.rules),
            "profiles": list(self.profiles),
            "entries": [entry.as_dict() for entry in self.entries],
            "sources": self.sources(),
        }


def parse_profiles(text: str, where: str = "--profiles") -> tuple[HardwareProfile, ...]:
    """Read ``all`` or ``loihi1,spinnaker2@0.8V,my_chip.yaml``; ``none`` counts without pricing.

    ``all`` are the shipped profiles, each at all of its operating points.

    Raises
    ------
    CircuitError
        With the problems of all of them.
    """
    names = [each.strip() for each in text.split(",") if each.strip()]
    if names == ["none"]:
        return ()
    problems, found = Problems(), {}
    for name in names:
        try:
            for profile in _all_points() if name == "all" else (load_profile(name),):
                found.setdefault(profile.name, profile)
        except CircuitError as error:
            problems.found += error.problems
    if not names:
        problems.found.append(Problem("no profile to compare", where, hint="all, or loihi1,spinnaker2@0.8V"))
    problems.raise_if_any()
    return tuple(found.values())


def _all_points() -> Iterator[HardwareProfile]:
    """Yield the shipped profiles, each at its default operating point and then at its others."""
    for name in profile_names():
        profile = load_profile(name)
        yield profile
        for point in profile.operating_points:
            if point != profile.point:
                yield load_profile(f"{name}@{point}")


def compare_all(
    circuits: Sequence[tuple[str, Circuit]],
    rules: Iterable[Choice],
    profiles: Sequence[HardwareProfile],
    progress: Callable[[str], None] = lambda _: None,
) -> Sheet:
    """Compare every circuit under every rule on every device.

    Parameters
    ----------
    circuits : sequence of (name, Circuit)
    rules : iterable of Choice
    profiles : sequence of HardwareProfile
        Empty: only counts.
    progress : callable
        Is told what is counted next.
    """
    rules = tuple(rules)
    entries = [
        entry for name, circuit in circuits for entry in _compared(name, circuit, rules, profiles, progress)
    ]
    return Sheet(tuple(entries), {profile.name: profile for profile in profiles})


def _compared(
    name: str,
    circuit: Circuit,
    rules: tuple[Choice, ...],
    profiles: Sequence[HardwareProfile],
    progress: Callable[[str], None],
) -> Iterator[Entry]:
    found: dict[tuple[str, str], Entry] = {}
    devices: tuple[HardwareProfile | None, ...] = tuple(profiles) or (None,)
    first: Choice | None = None  # whose circuit is the one of the file
    for rule in rules:
        progress(f"{name}: {rule}")
        try:
            own = rule.window is None and with_rule(circuit, rule)[0] is circuit
            if own and first is not None:
                for where in (device.name if device else "" for device in devices):
                    told = with_rule(circuit, rule)[1]
                    found[where, str(rule)] = replace(found[where, str(first)], rule=str(rule), note=told)
                continue
            counted = count(circuit, rule)
        except NotApplicableError as reason:
            for device in devices:
                where = device.name if device else ""
                found[where, str(rule)] = missing(name, str(rule), where, str(reason))
            continue
        first = rule if own else first
        for device in devices:
            found[device.name if device else "", str(rule)] = entry_of(counted, device, name)
    for device in devices:
        for rule in rules:
            yield found[device.name if device else "", str(rule)]
