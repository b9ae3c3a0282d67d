"""A circuit as C files: its tick, learning included, with its initial weights, and a small program around it."""

from __future__ import annotations

from neuro_rtrrl.deploy.composer import Composer
from neuro_rtrrl.deploy.files import Sources
from neuro_rtrrl.deploy.portable import PortableWriter
from neuro_rtrrl.deploy.values import start_values
from neuro_rtrrl.deploy.words import WordWriter
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering import FixedPoint, fixed_form, hoist, lower
from neuro_rtrrl.lowering.credit import refuse_nonlocal
from neuro_rtrrl.lowering.gates import refuse_events

__all__ = ["check_exportable", "write_sources"]


def check_exportable(circuit: Circuit, in_words: bool) -> None:
    """Refuse, before anything is run, what has no form in C.

    Raises
    ------
    CircuitError
        For a circuit that learns by exact RTRL or has no environment; in words, also for one that spikes.
    """
    refuse_events(circuit, "on a chip in C: its tick has no clock", "export the circuit without it")
    refuse_nonlocal(
        lower(circuit),
        "a chip in C",
        "use rflo_td in place of it, or a diagonal cell with its own exact rule",
    )
    if circuit.environment is None:
        hint = "the section 'environment' says what the tick observes and how it acts"
        raise CircuitError(Problem("a circuit without an environment has no tick to export", hint=hint))
    if in_words and circuit.spiking:
        hint = "leave --profile and --bits out: in float32 it can be exported"
        raise CircuitError(
            Problem("circuits that spike have no form in whole numbers yet", found=circuit.name, hint=hint)
        )


def write_sources(circuit: Circuit, seed: int = 0, point: FixedPoint | None = None) -> Sources:
    """Write a circuit as C99.

    Parameters
    ----------
    circuit : Circuit
        With weights of its own (:meth:`Circuit.with_weights`) or as ``seed`` draws them.
    seed : int
    point : FixedPoint, optional
        Words of fixed length; else the tick computes in float32.

    Raises
    ------
    CircuitError
        For a circuit that learns by exact RTRL, has no environment, or has no form in fixed point.
    """
    check_exportable(circuit, point is not None)
    assert circuit.environment is not None
    observation = len(circuit.environment.observation)
    lowered = hoist(lower(circuit))
    if point is None:
        writer: PortableWriter = PortableWriter(lowered, observation)
        values = start_values(lowered, seed, "float32")
        return Composer(circuit, writer, values).sources()
    form = fixed_form(lowered, point)
    writer = WordWriter(form, observation)
    values = start_values(form.emulated(), seed, "float64", form)
    return Composer(circuit, writer, values).sources()
