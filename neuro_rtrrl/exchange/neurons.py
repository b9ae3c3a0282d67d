"""What NIR can say of each neuron model; a model that is not listed is cut out as a whole.

Conventions, as docs/exchange.md states them: a spike is a pulse of height 1 that lasts one ``dt``;
one step is Euler's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.exchange.paths import Path
from neuro_rtrrl.graph import Circuit
from neuro_rtrrl.graph.circuit import Population
from neuro_rtrrl.models import models

__all__ = ["Said", "say"]

Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Said:
    """A population in NIR's words.

    Attributes
    ----------
    kind, arrays, holds : str, mappings
        The node that it is, as in :class:`~neuro_rtrrl.exchange.network.Node`; no kind where NIR has none.
    takes, sends : tuple of str
        Variables that the node takes and sends.
    ends, starts : tuple of str
        Variables at which the graph ends before, and goes on behind, what is missing.
    biases : mapping of str to str
        Input variable → key of the constant that is added to it.
    """

    size: int
    kind: str = ""
    arrays: Values = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    biases: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


def say(circuit: Circuit, population: Population, paths: tuple[Path, ...], values: Values) -> Said:
    """Return what NIR can say of a population.

    Parameters
    ----------
    paths : tuple of Path
        The forward part: only variables that it uses are named.
    values : mapping of str to array
        The circuit's weights and neuron parameters, SI.
    """
    name, model = population.name, population.model
    heard = tuple(dict.fromkeys(path.target[1] for path in paths if path.target[0] == name))
    sent = tuple(dict.fromkeys(path.source[1] for path in paths if path.source[0] == name))
    if model.clamped or not model.receivers:
        return _source(population, sent)
    built_in = models("neurons").get(model.name) == model
    words = _MODELS.get(model.name) if built_in else None
    if words is not None:
        return words(circuit, population, values, heard, sent)
    return Said(population.size, ends=heard, starts=sent, missing=f"NIR has no neuron like '{model.name}'")


def _source(population: Population, sent: tuple[str, ...]) -> Said:
    """Whatever the world or chance makes of it, for NIR it is an input."""
    model = population.model
    missing = ""
    if model.on_observation:
        missing = f"what '{model.name}' makes of the observation: feed what it sends"
    elif not model.clamped:
        missing = f"the chance by which '{model.name}' fires: feed its spikes"
    if len(sent) > 1:  # one node for each signal
        return Said(population.size, starts=sent, missing=missing)
    if not sent:
        return Said(population.size, missing=missing)
    return Said(population.size, "Input", {"shape": np.array([population.size])}, sends=sent, missing=missing)


def _lif(circuit: Circuit, population: Population, values: Values, heard, sent) -> Said:
    """NIR: tau dv/dt = v_leak - v + R I; z = v > v_threshold; then v = v_reset.

    Here a spike moves v by w at the end of its step; the next step lets that decay by (1 - dt/tau) before it
    compares. A pulse of height w in the *next* step does the same where R dt/tau is that factor.
    """
    name, dt = population.name, circuit.timing.dt
    tau = values[f"{name}.tau"]
    arrays = {
        "tau": tau,
        "r": tau / dt - 1.0,
        "v_leak": values[f"{name}.v_rest"] + values[f"{name}.drive"],
        "v_threshold": values[f"{name}.v_threshold"],
        "v_reset": values[f"{name}.v_reset"],
    }
    holds = {each: f"{name}.{each}" for each in ("tau", "v_threshold", "v_reset")}
    return Said(population.size, "LIF", arrays, holds, takes=("v",), sends=("spike",))


def _ctrnn(circuit: Circuit, population: Population, values: Values, heard, sent) -> Said:
    """tau dh/dt = -h + tanh(u + bias): NIR's leaky integrator behind a function that NIR has not."""
    name = population.name
    tau = values[f"{name}.tau"]
    return Said(
        population.size,
        "LI",
        {"tau": tau, "r": np.ones_like(tau), "v_leak": np.zeros_like(tau)},
        {"tau": f"{name}.tau"},
        sends=("r",),
        ends=heard,
        starts=("phi",),
        biases={"u": f"{name}.bias"},
        missing="NIR has no tanh",
    )


def _linear(circuit: Circuit, population: Population, values: Values, heard, sent) -> Said:
    """A sum and a bias; where others listen to it, the identity stands for it."""
    size, biases = population.size, {"u": f"{population.name}.bias"}
    if not heard:
        return Said(
            size, starts=sent, biases=biases, missing="nothing reaches it but its bias" if sent else ""
        )
    if sent:
        return Said(size, "Scale", {"scale": np.ones(size)}, takes=("u",), sends=("r",), biases=biases)
    return Said(size, "Output", {"shape": np.array([size])}, takes=("u",), biases=biases)


def _readout(missing: str) -> Callable[..., Said]:
    def words(circuit: Circuit, population: Population, values: Values, heard, sent) -> Said:
        biases = {"u": f"{population.name}.bias"}
        return Said(population.size, ends=heard, starts=sent, biases=biases, missing=missing)

    return words


_MODELS: Mapping[str, Callable[..., Said]] = {
    "lif": _lif,
    "ctrnn": _ctrnn,
    "linear": _linear,
    "softmax": _readout("NIR has no softmax and no choice of an action"),
    "softmax_smoothed": _readout("NIR has no softmax and no choice of an action"),
    "gaussian": _readout("NIR has no normal distribution to draw an action from"),
}
