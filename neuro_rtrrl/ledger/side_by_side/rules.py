"""The same circuit under another learning rule: circuit in, circuit out, or a sentence on why there is none.

Of a rule that a population of rate neurons learns its recurrent synapses by, there are circuits: RFLO, exact RTRL, the
gradient of one step, the delta rule on each neuron's own error. ``diagonal`` is another cortex, of which exact RTRL is
local; BPTT is no rule of a synapse at all, and known by its formulae (:mod:`neuro_rtrrl.ledger.comparison`).
"""

from __future__ import annotations

from dataclasses import dataclass

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.ledger.comparison import recurrent_population
from neuro_rtrrl.ledger.other_rule import taught_by, with_other_rule
from neuro_rtrrl.ledger.side_by_side.diagonal import DIAGONAL, NotApplicableError, diagonal_circuit

__all__ = [
    "LONGEST_WINDOW",
    "NAMES",
    "Choice",
    "NotApplicableError",
    "parse_rules",
    "with_rule",
]

LONGEST_WINDOW = 10**9

_MODELS = {"rflo": "rflo_td", "rtrl": "rtrl_td", "one_step": "one_step_td", "local_mse": "local_mse"}
_FAMILY = {*_MODELS.values(), "rflo_td_replacing", "rflo_td_dutch"}
_SPELLINGS = {model: name for name, model in _MODELS.items()} | {"localmse": "local_mse"}

NAMES: dict[str, str] = {
    "own": "the circuit as its file has it",
    "rflo": "RFLO: local traces of each synapse (Murray 2019)",
    "rtrl": "exact RTRL, which is not local (Williams & Zipser 1989)",
    "one_step": "the gradient of one integration step, truncated BPTT(1)",
    "local_mse": "the delta rule on each neuron's own error",
    "diagonal": "a cortex of as many recurrent trace units, of which RTRL is exact and local (Elelimy et al. 2024)",
    "bptt:T": "BPTT over T decisions, with transported weights and all of them stored (Werbos 1990)",
}
"""Name of a rule -> what it is."""


@dataclass(frozen=True)
class Choice:
    """One rule to compare: its name, and the window of BPTT in decisions."""

    name: str
    window: int | None = None

    def __str__(self) -> str:
        return self.name if self.window is None else f"{self.name}:{self.window}"


def parse_rules(text: str, where: str = "--rules") -> tuple[Choice, ...]:
    """Read ``own,rflo,bptt:64``.

    Raises
    ------
    CircuitError
        With every rule that is unknown, and every window that is no number of decisions.
    """
    problems, found = [], {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, colon, window = part.partition(":")
        name = _SPELLINGS.get(name.lower(), name.lower())
        if name == "bptt":
            whole = window.strip().isdecimal() and 1 <= int(window) <= LONGEST_WINDOW
            if not whole:
                message = "BPTT needs the number of decisions that it looks back"
                problems.append(Problem(message, where, found=part, hint="bptt:64"))
                continue
            choice = Choice("bptt", int(window))
        elif name in NAMES and not colon:
            choice = Choice(name)
        else:
            known = (*(each for each in NAMES if each != "bptt:T"), "bptt:64")
            hint = nearest(name, known) if not colon else "only bptt has a number behind it"
            problems.append(Problem(f"unknown rule '{part}'", where, available=known, hint=hint))
            continue
        found[choice] = None
    if not found and not problems:
        problems.append(Problem("no rule to compare", where, hint="own,rflo,rtrl,bptt:64,diagonal"))
    if problems:
        raise CircuitError(problems)
    return tuple(found)


def with_rule(circuit: Circuit, choice: Choice) -> tuple[Circuit, str]:
    """Return the circuit that learns by another rule, and what has to be known about it.

    Parameters
    ----------
    circuit : Circuit
    choice : Choice
        Any but BPTT, which is no circuit.

    Raises
    ------
    NotApplicableError
        With the reason.
    """
    if choice.name == "own":
        return circuit, ""
    if circuit.frozen:
        raise NotApplicableError("nothing learns in it")
    if own := sorted({group.rule.name for group in circuit.plasticity.values()} & DIAGONAL):
        if choice.name in ("diagonal", "rtrl"):
            return (
                circuit,
                f"its own rule, {', '.join(own)}: exact RTRL, and local, since its cortex is diagonal",
            )
        raise NotApplicableError(
            "its cortex is diagonal: RTRL is exact and local there, and nothing need be approximated"
        )
    if recurrent_population(circuit) is None:
        raise NotApplicableError("no population of rate neurons learns a projection onto itself")
    if choice.name == "diagonal":
        return diagonal_circuit(circuit), "another cortex, of as many neurons"
    groups = [name for name, group in circuit.plasticity.items() if group.rule.name in _FAMILY]
    if not groups:
        raise NotApplicableError("its recurrent synapses learn by a rule of their own")
    model = _MODELS[choice.name]
    if all(circuit.plasticity[name].rule.name == model for name in groups):
        return circuit, "its own rule"
    return with_other_rule(circuit, groups, model), _lost(circuit, groups, model)


def _lost(circuit: Circuit, groups: list[str], model: str) -> str:
    taught = taught_by(model)
    lost = [
        f"{name}.{each}"
        for name, p in circuit.populations.items()
        if p.plasticity in groups
        for each in p.learns
        if each not in taught
    ]
    return f"{', '.join(lost)} fixed" if lost else ""
