"""Locality, by Jacobian: what a synapse or a neuron becomes depends on nothing that it cannot touch.

The state of a small circuit is filled with generic numbers, one part of a tick is run on it, and the whole
Jacobian of what that part writes is taken. A derivative must be *exactly* zero where it is of

- a synapse's variables by anything but its own variables, those of its two neurons and the broadcast signals;
- a neuron's inputs and states by anything but its own variables, the synapses that end on it, the neurons
  that these come from and the broadcast signals.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.lowering import hoist, lower
from tests.conformance.dopamine_circuits import RELEASED
from tests.oracle.from_circuit import SYMMETRIC, load_small

SIZE = ("populations.cortex.size=3",)
SPARSE = ("projections.cortex_recurrent.connectivity={probability: 0.5}",)
READOUT_BIASES = tuple(
    f"populations.{name}.{line}"
    for name in ("dorsal_striatum", "ventral_striatum")
    for line in ("plasticity=corticostriatal", "learns=[bias]")
)
NEURONS = ("derive", "feedback")
SYNAPSES = ("advance", "learn", "renew")
BROADCAST = {"dopamine", "reward", "terminated"}  # and what a group of plasticity shares, and constants


def tick_so_far(lowered, network, section, seed=0):
    """Return generic values of everything that exists when ``section`` begins."""
    draw = np.random.default_rng(seed)
    carry, fixed = network.initial(initial_values(lowered.circuit, seed))
    values = {**network.setup(fixed), **carry}
    for key in carry:
        if not key.endswith((".w", ".tau")):
            values[key] = draw.uniform(0.1, 0.6, np.shape(values[key]))
    values |= {"reward": 0.7, "terminated": 0.0, "uniform": np.full(lowered.draws, 0.4)}
    values |= {
        key: draw.normal(size=variable.space.shape)
        for key, variable in lowered.variables.items()
        if variable.role == "clamped"
    }
    values = {key: jnp.asarray(value, jnp.float64) for key, value in values.items()}
    for name in lowered.sections:
        if name == section:
            real = {key: value for key, value in values.items() if jnp.issubdtype(value.dtype, jnp.floating)}
            return {key: value for key, value in real.items() if key in lowered.variables}
        network.section(name, values)
    raise KeyError(section)


def jacobian_of(function, inputs):
    """Return output -> input -> array of shape (output, input), in numpy.

    The unit vectors are arguments, not constants: XLA would spend minutes folding those into the function.
    """
    inputs = dict(sorted(inputs.items()))  # the order in which a dictionary is flattened
    flat, restore = ravel_pytree(inputs)

    def columns(directions):
        return jax.vmap(lambda one: jax.jvp(function, (inputs,), (restore(one),))[1], out_axes=-1)(directions)

    found = jax.jit(columns)(np.eye(flat.size))
    ends = np.cumsum([value.size for value in inputs.values()])
    blocks = {}
    for output, whole in found.items():
        parts = np.split(np.asarray(whole), ends[:-1], axis=-1)
        shapes = (np.shape(whole)[:-1] + np.shape(value) for value in inputs.values())
        blocks[output] = {k: p.reshape(s) for k, p, s in zip(inputs, parts, shapes, strict=True)}
    return blocks


def violations(lowered, section):
    """Return the pairs (output, input) with a derivative where none may be."""
    with jax.enable_x64(True):
        network = Network(lowered, "float64")
        before = tick_so_far(lowered, network, section)

        def part(inputs):
            values = dict(inputs)
            network.section(section, values)
            return {key: value for key, value in values.items() if value is not inputs.get(key)}

        sizes = {key: value.shape for key, value in jax.eval_shape(part, before).items()}
        jacobian = jacobian_of(part, before)
    found = set()
    for output, row in jacobian.items():
        if lowered.variables[output].space.kind == "broadcast":
            continue
        for source, block in row.items():
            block = np.asarray(block)
            for element in np.ndindex(sizes[output]):
                forbidden = ~allowed(lowered, output, element, source, np.shape(before[source]))
                if np.any(block[element][forbidden] != 0):
                    found.add((output, source))
    return found, jacobian


def allowed(lowered, output, element, source, shape):
    """Return which elements of variable ``source`` the ``element`` of variable ``output`` may depend on."""
    out, into = lowered.variables[output].space, lowered.variables[source].space
    everything, nothing = np.ones(shape, bool), np.zeros(shape, bool)
    if into.kind == "broadcast":
        owner = source.rpartition(".")[0]
        shared = source in BROADCAST or owner in lowered.circuit.plasticity or source.startswith("(")
        return everything if shared or owner == out.name else nothing

    def only(*index):
        one = nothing.copy()
        one[index] = True
        return one

    if out.kind == "projection":
        post, pre = element
        if into.kind == "projection":
            return only(post, pre) if into.name == out.name else nothing
        ends = nothing.copy()
        if into.name == out.post:
            ends |= only(post)
        if into.name == out.pre:
            ends |= only(pre)
        return ends
    if into.kind == "projection":
        return only(element[0], slice(None)) if into.post == out.name else nothing
    if into.name == out.name:
        own = only(*element)
        sends_to_itself = any(space.pre == space.post == out.name for space in lowered.spaces.values())
        return everything if sends_to_itself and source.endswith(".r") else own
    reaches = any(space.pre == into.name and space.post == out.name for space in lowered.spaces.values())
    return everything if reaches else nothing


@pytest.fixture(
    scope="module", params=[lower, lambda circuit: hoist(lower(circuit))], ids=["written", "regrouped"]
)
def lowered(request):
    """The shipped circuit, sparse and with learned biases everywhere, in both forms."""
    return request.param(load_small(*SIZE, *SPARSE, *READOUT_BIASES))


@pytest.mark.parametrize("section", SYNAPSES)
def test_a_plastic_synapse_changes_by_what_it_can_touch_alone(lowered, section):
    found, jacobian = violations(lowered, section)
    assert not found
    plastic = [key for key in jacobian if lowered.variables[key].space.kind == "projection"]
    assert len(plastic) >= 2  # there was something to look at
    for key in plastic:
        assert any(
            np.any(np.asarray(block) != 0) for source, block in jacobian[key].items() if source != key
        ), key


@pytest.mark.parametrize("section", NEURONS)
def test_a_neuron_receives_only_over_synapses_of_its_own(lowered, section):
    found, jacobian = violations(lowered, section)
    assert not found
    assert any(np.any(np.asarray(block) != 0) for block in next(iter(jacobian.values())).values())


def test_symmetric_feedback_is_found_to_read_the_weights_of_other_synapses():
    """The control: weight transport is exactly what must be caught, and nothing else is."""
    lowered = lower(load_small(*SIZE, *SYMMETRIC))
    found, _ = violations(lowered, "feedback")
    assert found == {
        ("cortex.feedback", "cortex_to_dorsal.w"),
        ("cortex.feedback", "cortex_to_ventral.w"),
        ("cortex.entropy_feedback", "cortex_to_dorsal.w"),
    }
    for section in SYNAPSES:  # the rule itself stays local
        assert not violations(lowered, section)[0]


@pytest.mark.parametrize(
    ("feedback", "transports"), [((), False), (SYMMETRIC, True)], ids=["random", "symmetric"]
)
def test_cortical_synapses_change_without_knowing_the_readout_weights(feedback, transports):
    """All of a tick after the choice as one function, the neurons' activity held."""
    lowered = lower(load_small(*SIZE, *feedback))
    with jax.enable_x64(True):
        network = Network(lowered, "float64")
        before = tick_so_far(lowered, network, "feedback")
        readout = {key: before.pop(key) for key in ("cortex_to_dorsal.w", "cortex_to_ventral.w")}

        def change(readout):
            values = {**before, **readout}
            for section in ("feedback", "modulate", "learn", "renew"):
                network.section(section, values)
            cortical = ("sensory_to_cortex", "cortex_recurrent", "cortex.bias", "cortex.tau")
            return {key: values[key] for key in before if key.startswith(cortical)}

        jacobian = jacobian_of(change, readout)
    blocks = [np.asarray(block) for row in jacobian.values() for block in row.values()]
    assert len(blocks) > 20
    assert any(np.any(block != 0) for block in blocks) == transports


@pytest.mark.parametrize("form", [lower, lambda circuit: hoist(lower(circuit))], ids=["written", "regrouped"])
@pytest.mark.parametrize("section", ["derive", "advance"])
def test_what_follows_continuous_dopamine_sees_its_signal_and_not_where_it_came_from(
    form, section, tmp_path, monkeypatch
):
    path = tmp_path / "circuit.yaml"
    path.write_text(RELEASED, encoding="utf-8")
    lowered = form(load_circuit(path))
    monkeypatch.setitem(globals(), "BROADCAST", BROADCAST | set(lowered.circuit.neuromodulators))
    found, jacobian = violations(lowered, section)
    assert not found
    reached = {
        (output.split(".")[0], source)
        for output, row in jacobian.items()
        for source, block in row.items()
        if source in ("dopamine", "tonic") and np.any(np.asarray(block) != 0)
    }
    if section == "advance" and form is lower:
        direct, indirect = ("to_direct", "dopamine"), ("to_indirect", "tonic")
        assert reached == {direct, indirect, ("to_escaping", "tonic"), ("selector", "tonic")}
