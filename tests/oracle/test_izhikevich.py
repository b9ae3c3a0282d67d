"""Izhikevich's neurons against Brian2 written by hand, and against the published program written out in NumPy.

At these steps the map is sensitive: how far v overshoots at a spike goes into u, so that a difference in the last digit
grows by a factor at every spike, and after some thirty spikes rounding decides
(:func:`test_rounding_decides_in_the_end`). So those of fast spiking are compared over the time in which it does not.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle.test_spiking_neurons import run

SOUND = 1200  # steps of 0.25 ms
KINDS = {"regular": (0.02, 0.2, -65, 8), "fast": (0.1, 0.2, -65, 2), "chattering": (0.02, 0.2, -50, 2)}


def cells(neuron, drive):
    return "".join(
        f"  {name}: {{size: 2, neuron: {neuron}, a: {a}, b: {b}, c: {c} mV, d: {d} mV, drive: {drive} mV, "
        f"v_initial: -70 mV, u_initial: {b * -70} mV}}\n"
        for name, (a, b, c, d) in KINDS.items()
    )


@pytest.mark.parametrize("drive", [6, 14])
def test_spikes_are_those_of_brian2_written_by_hand(tmp_path, drive):
    brian2 = pytest.importorskip("brian2")
    brian2.start_scope()
    found = run(
        tmp_path,
        cells("izhikevich", drive),
        10,
        tuple(f"{k}.spike" for k in KINDS),
        dt="0.25 ms",
        method="euler",
    )
    for name, (a, b, c, d) in KINDS.items():
        group = brian2.NeuronGroup(
            1,
            """dv/dt = (0.04*v**2 + 5*v + 140 - u + drive)/ms : 1
            du/dt = a*(b*v - u)/ms : 1""",
            threshold="v >= 30",
            reset="v = c; u += d",
            method="euler",
            dt=0.25 * brian2.ms,
            namespace={"a": a, "b": b, "c": c, "d": d, "drive": drive, "ms": brian2.ms},
        )
        group.v, group.u = -70, -70 * b
        monitor = brian2.SpikeMonitor(group, record=True)
        network = brian2.Network(group, monitor)
        brian2.prefs.codegen.target = "numpy"
        network.run(1 * brian2.second)
        expected = np.round(np.asarray(monitor.t / (0.25 * brian2.ms))).astype(int)
        steps = np.flatnonzero(found[f"{name}.spike"][0, :, 1])
        if name == "fast":
            steps, expected = steps[steps < SOUND], expected[expected < SOUND]
        assert len(expected) > 3
        np.testing.assert_array_equal(steps, expected, err_msg=name)


def test_the_published_program_is_reproduced_spike_for_spike(tmp_path):
    """``v`` twice by half a millisecond, then ``u`` once, from the paper's last page; a millisecond's input is held."""
    body = (
        cells("izhikevich_2003", 5)
        + """  source: {size: 1, neuron: poisson, rate: 300 Hz}
projections:
  kicks: {source: source, target: regular.current, weights: 4 mV}
"""
    )
    keys = (*(f"{name}.spike" for name in KINDS), "source.spike", "regular.v")
    found = run(tmp_path, body, 1000, keys, dt="1 ms", interval="1 ms", method="euler")
    kicks = found["source.spike"][0, :, 0]
    for name, (a, b, c, d) in KINDS.items():
        v, u, arrived, spikes, potentials = -70.0, b * -70.0, 0.0, [], []
        for kick in kicks:
            given = 5 + arrived
            v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + given)
            v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + given)
            u = u + a * (b * v - u)
            arrived = 4.0 * kick if name == "regular" else 0.0
            spikes.append(v >= 30)
            if v >= 30:
                v, u = c, u + d
            potentials.append(v)
        assert sum(spikes) > 5
        sound = 300 if name == "fast" else 1000
        np.testing.assert_array_equal(found[f"{name}.spike"][0, :sound, 0], spikes[:sound], err_msg=name)
        if name == "regular":
            np.testing.assert_allclose(found["regular.v"][0, :100, 0] * 1e3, potentials[:100], rtol=1e-9)


def test_rounding_decides_in_the_end():
    """Two fast spiking neurons that differ by 1e-12 mV at the start part within a second, in Euler steps of 0.25 ms."""

    def fired(v):
        a, b, c, d = KINDS["fast"]
        u, spikes = b * -70.0, []
        for _ in range(4000):
            slope = 0.04 * v * v + 5 * v + 140 - u + 6
            v, u = v + 0.25 * slope, u + 0.25 * a * (b * v - u)
            spikes.append(v >= 30)
            if v >= 30:
                v, u = c, u + d
        return np.flatnonzero(spikes)

    one, other = fired(-70.0), fired(-70.0 + 1e-12)
    same = np.argmin(one[:40] == other[:40])
    assert 10 < same < 40
