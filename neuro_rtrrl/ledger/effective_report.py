"""Effective counts as JSON and as tables, beside the dense ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.effective import EffectiveCounts
from neuro_rtrrl.ledger.messages import Messages, place
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.tables import Table
from neuro_rtrrl.ledger.traffic import bytes_by_phase
from neuro_rtrrl.lowering import PHASES, LoweredCircuit

__all__ = ["effective_document", "effective_tables", "rows_of"]

Rows = dict[str, dict[str, float]]


def effective_document(
    counts: EffectiveCounts, lowered: LoweredCircuit, profile: HardwareProfile | None = None
) -> dict[str, Any]:
    """Return the JSON form; every number is a mean over the decisions of the stretch.

    Keys: ``seed``, ``first_decision``, ``decisions``, ``first_ticks``; ``operations`` (phase, kind), ``reads`` and
    ``writes`` (words by phase), ``bytes`` (read, written, by phase), ``by_projection``, ``by_population`` and
    ``by_owner`` (row, kind, with reads, writes, messages), ``messages`` (by kind), ``neuron_updates`` (population,
    active and idle), ``spikes`` (by population).
    """
    activity, circuit = counts.activity, lowered.circuit
    sent: Counter = Counter()
    for message in counts.messages:
        sent[message.kind] += message.count  # type: ignore[assignment]
    by_phase = {phase: [line for line in counts.lines if line.phase == phase] for phase in PHASES}
    return {
        "seed": activity.seed,
        "first_decision": activity.start,
        "decisions": activity.decisions,
        "first_ticks": counts.first_ticks,
        "operations": {phase: _kinds(lines) for phase, lines in by_phase.items()},
        "reads": {phase: sum(line.reads for line in lines) for phase, lines in by_phase.items()},
        "writes": {phase: sum(line.writes for line in lines) for phase, lines in by_phase.items()},
        "bytes": bytes_by_phase(counts.lines, lowered, profile),
        "by_projection": rows_of(counts.lines, counts.messages, lowered, circuit.projections),
        "by_population": rows_of(counts.lines, counts.messages, lowered, circuit.populations),
        "by_owner": rows_of(counts.lines, counts.messages, lowered, None),
        "messages": dict(sent),
        "neuron_updates": {
            name: {"active": active, "idle": idle} for name, (active, idle) in counts.neuron_updates.items()
        },
        "spikes": dict(counts.spikes),
    }


def rows_of(
    lines: Iterable[Line], messages: Iterable[Messages], lowered: LoweredCircuit, names: Iterable[str] | None
) -> Rows:
    """Return row -> kind, ``reads``, ``writes``, ``messages``, of all parts or of those that are named."""
    columns = (*KINDS, "reads", "writes", "messages")
    lines, messages = tuple(lines), tuple(messages)
    if names is None:
        names = dict.fromkeys((*(line.owner for line in lines), *(message.owner for message in messages)))
        home = {name: name for name in names}
    else:
        names = tuple(names)
        home = {each.owner: place(each.owner, lowered) for each in (*lines, *messages)}
    rows = {name: dict.fromkeys(columns, 0.0) for name in names}
    for line in lines:
        if (row := rows.get(home[line.owner])) is not None:
            for (_, kind), count in line.operations.items():
                row[kind] += count
            row["reads"] += line.reads
            row["writes"] += line.writes
    for message in messages:
        if (row := rows.get(home[message.owner])) is not None:
            row["messages"] += message.count
    return rows


def effective_tables(
    counts: EffectiveCounts, lowered: LoweredCircuit, dense: dict[str, dict[str, float]]
) -> list[Table]:
    """Return what a terminal shows: by phase beside the dense counts, messages and neurons."""
    activity = counts.activity
    rows: dict[str, dict[str, Any]] = {}
    for phase in PHASES:
        lines = [line for line in counts.lines if line.phase == phase]
        effective, all_of_them = sum(_kinds(lines).values()), sum(dense[phase].values())
        share = f"{100 * effective / all_of_them:.3g} %" if all_of_them else None
        rows[phase] = {"dense": all_of_them, "effective": _shown(effective), "share": share}
        for way in ("reads", "writes"):
            rows[phase][way] = _shown(sum(getattr(line, way) for line in lines))
    columns = ("dense", "effective", "share", "reads", "writes")
    beyond = f"; {counts.first_ticks:,} of them began an episode" if counts.first_ticks else ""
    note = (
        f"means over {activity.decisions:,} decisions of seed {activity.seed}, from decision {activity.start:,} on"
        f"{beyond}; dense without what spikes set off, effective with it"
    )
    title = "effective: what the zeros of a recorded run left to be done, per decision"
    tables = [Table(title, "phase", columns, rows, totalled=False, note=note)]
    neurons = {
        name: {"active": _shown(active), "idle": _shown(idle), "spikes": _shown(counts.spikes.get(name, 0))}
        for name, (active, idle) in counts.neuron_updates.items()
    }
    columns = ("active", "idle", *(("spikes",) if counts.spikes else ()))
    tables.append(Table("neuron updates, per decision", "population", columns, neurons))
    sent: Counter = Counter()
    for message in counts.messages:
        sent[message.kind] += message.count  # type: ignore[assignment]
    messages = {kind: {"messages": _shown(count)} for kind, count in sent.items()}
    tables.append(Table("messages, per decision", "kind", ("messages",), messages, totalled=False))
    return tables


def _shown(mean: float) -> float:
    """Round a mean for people: three digits of a small one, no fraction of a large one."""
    return float(f"{mean:.3g}") if mean < 100 else round(mean)


def _kinds(lines: Iterable[Line]) -> dict[str, float]:
    found = dict.fromkeys(KINDS, 0.0)
    for line in lines:
        for (_, kind), count in line.operations.items():
            found[kind] += count
    return found
