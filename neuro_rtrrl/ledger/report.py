"""The cost of a circuit: everything that the ledger knows of one decision, in one object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.comparison import compare
from neuro_rtrrl.ledger.counting import Line, count_lines
from neuro_rtrrl.ledger.explain import explain
from neuro_rtrrl.ledger.influence import SCOPE
from neuro_rtrrl.ledger.latency import Latency, latency_of
from neuro_rtrrl.ledger.memory import DEFAULT_BITS, MemoryItem, count_memory, memory_bits, memory_table
from neuro_rtrrl.ledger.messages import Messages, count_messages, place
from neuro_rtrrl.ledger.neurobench import neurobench_metrics
from neuro_rtrrl.ledger.peak import Peak, peak_memory
from neuro_rtrrl.ledger.prices import price_demands
from neuro_rtrrl.ledger.pricing import Energy, Unpriced, chip_seconds, demands_of, price
from neuro_rtrrl.ledger.profile import PRECISIONS, HardwareProfile, load_profile
from neuro_rtrrl.ledger.tables import Table, format_count
from neuro_rtrrl.ledger.traffic import bytes_by_phase
from neuro_rtrrl.lowering import PHASES, LoweredCircuit, hoist, lower
from neuro_rtrrl.units import format_si

if TYPE_CHECKING:
    from neuro_rtrrl.ledger.activity import Activity
    from neuro_rtrrl.ledger.effective import EffectiveCounts
    from neuro_rtrrl.lowering import WordLengths

__all__ = ["AXES", "CostReport", "cost"]

AXES = ("phase", "kind", "scope", "projection", "population", "owner")
_SCOPES = ("broadcast", "population", "projection")

WINDOW = 64  # decisions that the BPTT of the comparison looks back


def cost(
    circuit: Circuit,
    profile: str | Path | HardwareProfile | None = None,
    precision: str = "fp32",
    activity: Activity | None = None,
    words: WordLengths | None = None,
) -> CostReport:
    """Count what a circuit does in one decision, and price it.

    Parameters
    ----------
    circuit : Circuit
    profile : str, Path or HardwareProfile, optional
        Name of a shipped profile, or a file; None counts without pricing.
    precision : {"fp32", "fp16", "int32", "int8"}
        Of the arithmetic, where the profile prices arithmetic.
    activity : Activity, optional
        What a run of this circuit recorded: then :attr:`CostReport.effective` counts what its zeros left to be done.
    words : WordLengths, optional
        What a run was in: then memory has these widths, and not the profile's.

    Raises
    ------
    CircuitError
        If the profile or the precision is unknown, or the profile has mistakes.
    """
    if precision not in PRECISIONS:
        hint = nearest(precision, PRECISIONS)
        raise CircuitError(Problem(f"unknown precision '{precision}'", available=PRECISIONS, hint=hint))
    if profile is not None and not isinstance(profile, HardwareProfile):
        profile = load_profile(profile)
    return CostReport(circuit, profile, precision, activity, words)


class CostReport:
    """What one decision of a circuit does and costs; :mod:`neuro_rtrrl.ledger.counting` says what is counted.

    Attributes
    ----------
    circuit : Circuit
    profile : HardwareProfile or None
    lowered : LoweredCircuit
        The hoisted form, which is the one that counts.
    lines, lines_as_written : tuple of Line
    messages : tuple of Messages
    memory : tuple of MemoryItem
    """

    def __init__(
        self,
        circuit: Circuit,
        profile: HardwareProfile | None = None,
        precision: str = "fp32",
        activity: Activity | None = None,
        words: WordLengths | None = None,
    ) -> None:
        self.activity = activity
        self.circuit, self.profile, self.precision = circuit, profile, precision
        written = lower(circuit.replace(record=()))  # what somebody looks at is not the circuit's work
        self.lowered = hoist(written)
        self.lines: tuple[Line, ...] = count_lines(self.lowered)
        self.lines_as_written: tuple[Line, ...] = count_lines(written)
        self.messages: tuple[Messages, ...] = count_messages(self.lowered)
        self.memory: tuple[MemoryItem, ...] = count_memory(self.lowered, profile, words)

    # --- operations -----------------------------------------------------------------------------------------

    @property
    def operations(self) -> dict[str, dict[str, float]]:
        """Phase -> kind -> operations a decision; without what spikes set off, see :attr:`per_spike`."""
        return _by_phase_and_kind(line for line in self.lines if not line.trigger)

    @property
    def as_written(self) -> dict[str, dict[str, float]]:
        """As :attr:`operations`, of the equations as written: nothing shared between lines or regrouped."""
        return _by_phase_and_kind(line for line in self.lines_as_written if not line.trigger)

    @property
    def per_spike(self) -> dict[str, dict[str, Any]]:
        """Population -> phase -> kind -> operations for each of its spikes, and ``most_spikes`` a decision.

        ``most_spikes`` is every neuron in every ``dt``: a bound, and no estimate.
        """
        found: dict[str, dict[str, Any]] = {}
        for trigger in dict.fromkeys(line.trigger for line in self.lines if line.trigger):
            lines = [line for line in self.lines if line.trigger == trigger]
            found[trigger.removesuffix(".spike")] = {
                "operations": _by_phase_and_kind(lines),
                "most_spikes": lines[0].most_spikes,
            }
        return found

    @property
    def upper_bound(self) -> dict[str, dict[str, float]]:
        """Phase -> kind -> operations a decision if every neuron fired in every ``dt``."""
        total = {phase: Counter(kinds) for phase, kinds in self.operations.items()}
        for entry in self.per_spike.values():
            for phase, kinds in entry["operations"].items():
                total[phase].update({kind: count * entry["most_spikes"] for kind, count in kinds.items()})
        return {phase: {kind: total[phase][kind] for kind in KINDS} for phase in PHASES}

    def by(self, axis: str, columns: str | None = None) -> Table:
        """Return the operations of a decision as a table.

        Parameters
        ----------
        axis : {"phase", "kind", "scope", "projection", "population", "owner"}
            What a row is. ``owner`` has everything; ``projection`` and ``population`` have theirs only.
        columns : {"kind", "phase", "scope"}, optional
            What a column is: the kind, unless that is a row, then the phase; words read and written follow,
            and messages where a row can receive any.

        Raises
        ------
        ValueError
            For another axis.
        """
        columns = columns or ("phase" if axis == "kind" else "kind")
        if axis not in AXES or columns not in ("kind", "phase", "scope"):
            raise ValueError(f"rows are one of {', '.join(AXES)}; columns one of kind, phase, scope")
        rows: dict[str, Counter] = {name: Counter() for name in self._row_names(axis)}
        for line in self.lines:
            if line.trigger:
                continue
            for (scope, kind), count in line.operations.items():
                keys = {"phase": line.phase, "kind": kind, "scope": scope}
                row = keys.get(axis) or self._place(axis, line.owner)
                if row in rows:
                    rows[row][keys[columns]] += count
            row = {"phase": line.phase, "scope": line.scope}.get(axis) or self._place(axis, line.owner)
            if axis != "kind" and row in rows:
                rows[row].update({"reads": line.reads, "writes": line.writes})  # type: ignore[dict-item]
        names = {"kind": KINDS, "phase": PHASES, "scope": self._scopes}[columns]
        extra: tuple[str, ...] = () if axis == "kind" else ("reads", "writes")
        if axis in ("projection", "population", "owner"):
            extra += ("messages",)
            for message in self.messages:
                row = self._place(axis, message.owner)
                if row in rows and message.kind != "spike":
                    rows[row]["messages"] += message.count  # type: ignore[assignment]
        used = tuple(name for name in names if any(row[name] for row in rows.values()))
        note = "what spikes set off is not in it: see per_spike" if self.per_spike else ""
        return Table(f"per decision, by {axis}", axis, used + extra, rows, note=note)

    @property
    def _scopes(self) -> tuple[str, ...]:
        nonlocal_too = any(line.scope == SCOPE for line in self.lines)
        return (*_SCOPES, SCOPE) if nonlocal_too else _SCOPES

    def _place(self, axis: str, owner: str) -> str:
        return owner if axis == "owner" else place(owner, self.lowered)

    def _row_names(self, axis: str) -> Iterable[str]:
        fixed = {"phase": PHASES, "kind": KINDS, "scope": self._scopes}
        if axis in fixed:
            return fixed[axis]
        if axis == "projection":
            return self.circuit.projections
        if axis == "population":
            return self.circuit.populations
        return dict.fromkeys((*(line.owner for line in self.lines), *(m.owner for m in self.messages)))

    def explain(self, name: str) -> str:
        """Return every lowered line of a projection, population, modulator or group, with its count.

        Raises
        ------
        CircuitError
            If the circuit has nothing of that name.
        """
        return explain(name, self.lowered, self.lines, self.lines_as_written, self.profile, self.precision)

    # --- memory, messages, energy ---------------------------------------------------------------------------

    @property
    def memory_bits(self) -> dict[str, int]:
        """Variable -> bits of everything that changes; parameters are apart."""
        return memory_bits(self.memory)

    @property
    def memory_table(self) -> Table:
        """Words and bits by role and scope, parameters included."""
        more = format_count(self.peak.intermediate // DEFAULT_BITS)
        return replace(
            memory_table(self.memory), note=f"and {more} words of intermediate results at once, at most"
        )

    @cached_property
    def peak(self) -> Peak:
        """The most memory that a decision needs at once; see :mod:`neuro_rtrrl.ledger.peak`."""
        return peak_memory(self.lowered, self.memory)

    @cached_property
    def neurobench(self) -> dict[str, Any]:
        """NeuroBench's keys for the forward part; see :mod:`neuro_rtrrl.ledger.neurobench`."""
        if self.effective is None:
            return neurobench_metrics(self.lowered)
        return neurobench_metrics(self.lowered, self.effective.forward, self.effective.activity.decisions)

    @cached_property
    def energy(self) -> Energy | None:
        """The priced part; None without a profile."""
        if self.profile is None:
            return None
        return price(self.lowered, self.lines, self.messages, self.memory, self.profile, self.precision)

    @property
    def unpriced(self) -> tuple[Unpriced, ...]:
        """What happens and is not costed, each with the reason; empty without a profile."""
        return self.energy.unpriced if self.energy else ()

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return the published figures that the joules come from; see :meth:`Energy.sources`."""
        return self.energy.sources() if self.energy else {}

    @cached_property
    def latency(self) -> Latency | None:
        """The time of a decision on the device against the decision interval; None without a profile."""
        if self.profile is None:
            return None
        counts = (self.lowered, self.lines, self.messages, self.memory, self.profile, self.precision)
        return latency_of(demands_of(*counts), self.profile, chip_seconds(self.lowered, self.profile))

    @cached_property
    def effective(self) -> EffectiveCounts | None:
        """What a recorded run's zeros left to be done; None without an activity.

        :mod:`neuro_rtrrl.ledger.effective` says what is counted.
        """
        if self.activity is None:
            return None
        from neuro_rtrrl.ledger.effective import effective_counts  # with NumPy, which dense counts do without

        return effective_counts(self._lowered_of(self.activity), self.activity)

    def _lowered_of(self, activity: Activity) -> LoweredCircuit:
        """Return the circuit as the run had it: what was learned before and then frozen differs between neurons."""
        known = self.lowered.variables
        learned = {
            key: value
            for key, value in activity.state.items()
            if key in known and known[key].value is not None
        }
        if not learned:
            return self.lowered
        return hoist(lower(self.circuit.replace(record=(), initial={**self.circuit.initial, **learned})))

    @cached_property
    def effective_energy(self) -> Energy | None:
        """The energy of what :attr:`effective` counts; None without an activity or without a profile."""
        if self.effective is None or self.profile is None:
            return None
        from neuro_rtrrl.ledger.effective_events import effective_events

        counts = (self.lowered, self.effective.lines, self.effective.messages, self.memory, self.profile)
        events = tuple(effective_events(self.effective, self.lowered))
        demands = demands_of(*counts, self.precision, events)
        seconds = chip_seconds(self.lowered, self.profile)
        return price_demands(demands, self.profile, seconds, None, self.precision)

    def effective_tables(self) -> list[Table]:
        """Return the tables of :attr:`effective`, none without an activity."""
        if self.effective is None:
            return []
        from neuro_rtrrl.ledger.effective_report import effective_tables

        return effective_tables(self.effective, self.lowered, self.operations)

    def _effective_document(self) -> dict[str, Any] | None:
        if self.effective is None:
            return None
        from neuro_rtrrl.ledger.effective_report import effective_document

        energy = self.effective_energy.as_dict() if self.effective_energy else None
        return {**effective_document(self.effective, self.lowered, self.profile), "energy": energy}

    def comparison(self, window: int = WINDOW) -> Table | None:
        """Return the table against exact RTRL and BPTT; see :mod:`neuro_rtrrl.ledger.comparison`."""
        return compare(self.circuit, window)

    # --- showing --------------------------------------------------------------------------------------------

    def as_dict(self, window: int = WINDOW) -> dict[str, Any]:
        """Return the JSON form; ``window`` is the T of the BPTT in the comparison.

        Keys: ``circuit``, ``profile``, ``decision_interval`` (seconds), ``operations`` and
        ``operations_as_written`` (phase, kind), ``by_projection``, ``by_population``, ``by_owner``,
        ``by_scope`` (row, kind, with reads, writes, messages), ``reads`` and ``writes`` (words by phase),
        ``bytes`` (read, written, by phase), ``messages`` (by kind, per decision), ``per_spike`` and ``upper_bound``
        (empty without spikes), ``memory_bits`` and ``memory_words`` (by variable), ``parameter_bits``, ``peak_bits``
        (``kept``, ``parameters``, ``intermediate``, ``total``, ``at``), ``neurobench``, ``energy`` (null without a
        profile), ``unpriced`` (event, count, reason), ``effective`` (null without an activity), ``comparison`` (null
        where the formulae do not apply).
        """
        table = self.comparison(window)
        by_phase = self.by("phase")
        sent: Counter = Counter()
        for message in self.messages:
            if message.kind != "spike":
                sent[message.kind] += message.count  # type: ignore[assignment]
        return {
            "circuit": self.circuit.name,
            "profile": self.profile.name if self.profile else None,
            "decision_interval": self.circuit.timing.decision_interval,
            "operations": self.operations,
            "operations_as_written": self.as_written,
            **{
                f"by_{axis}": self.by(axis).as_dict()
                for axis in ("projection", "population", "owner", "scope")
            },
            "reads": {phase: by_phase[phase].get("reads", 0) for phase in PHASES},
            "writes": {phase: by_phase[phase].get("writes", 0) for phase in PHASES},
            "bytes": bytes_by_phase(self.lines, self.lowered, self.profile),
            "messages": dict(sent),
            "per_spike": self.per_spike,
            "upper_bound": self.upper_bound if self.per_spike else {},
            "memory_bits": self.memory_bits,
            "memory_words": {item.key: item.words for item in self.memory if item.kind != "parameter"},
            "parameter_bits": memory_bits(self.memory, parameters=True),
            "peak_bits": self.peak.as_dict(),
            "neurobench": self.neurobench,
            "energy": self.energy.as_dict() if self.energy else None,
            "latency": self.latency.as_dict() if self.latency else None,
            "unpriced": [item.as_dict() for item in self.unpriced],
            "effective": self._effective_document(),
            "comparison": {"title": table.title, "note": table.note, "rows": table.as_dict()}
            if table
            else None,
        }

    def headline(self) -> list[str]:
        """Return the main lines: operations, memory, energy."""
        total = sum(sum(kinds.values()) for kinds in self.operations.values())
        bits = sum(self.memory_bits.values())
        lines = [f"{format_count(total)} operations a decision", f"{bits / 8192:.3g} KB of local memory"]
        if self.energy is not None:
            nominal = self.energy.total["nominal"]
            left = f"; {len(self.unpriced)} kinds of event not costed"
            joules = "not costed" if nominal is None else f"{format_si(nominal, 'J')} for what has a price"
            lines.append(f"{self.energy.profile}: {joules}{left}")
        return lines

    def tables(self) -> list[Table]:
        """Return the tables of the counts."""
        return [self.by("phase"), self.by("projection"), self.by("population"), self.memory_table]

    def __repr__(self) -> str:
        return "\n\n".join(
            [f"cost of {self.circuit.name}: {', '.join(self.headline())}", *map(str, self.tables())]
        )

    def _repr_html_(self) -> str:
        head = f"<p><b>{escape(self.circuit.name)}</b>: {escape(', '.join(self.headline()))}</p>"
        return head + "".join(table._repr_html_() for table in self.tables())


def _by_phase_and_kind(lines: Iterable[Line]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {phase: dict.fromkeys(KINDS, 0) for phase in PHASES}
    for line in lines:
        for (_, kind), count in line.operations.items():
            found[line.phase][kind] += count
    return found
