"""Spiking neurons against closed forms: f-I curves, postsynaptic potentials, rates, and STDP's window."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.graph.circuit import Recording

HEAD = """
circuit: neurons
format: 1
timing: {{dt: {dt}, decision_interval: {interval}, method: {method}}}
populations:
"""


def run(tmp_path, body, decisions, keys, dt="0.1 ms", interval="100 ms", method="exact", seeds=(0,)):
    """Return key → (seed, step, neuron), of every dt; rates of readouts once a decision."""
    path = tmp_path / "circuit.yaml"
    path.write_text(HEAD.format(dt=dt, interval=interval, method=method) + body, encoding="utf-8")
    circuit = load_circuit(path)
    record = tuple(Recording(*key.split("."), every=0 if key.endswith("spike") else 1) for key in keys)
    chunks = []
    JaxProgram(circuit, None, seeds, "float64", record).run(decisions, chunks.append)
    found = {}
    for key in keys:
        values = np.concatenate([chunk.records[key] for chunk in chunks], axis=1)
        found[key] = values.reshape(len(seeds), -1, values.shape[-1]) if key.endswith("spike") else values
    return found


def trains(tmp_path, neuron, drives, decisions, **options):
    """Return for each drive the spikes (step,) of a neuron; ``neuron`` is what YAML says of it, {} its drive."""
    lines = [f"  at_{i}: {{size: 1, {neuron.format(drive)}}}\n" for i, drive in enumerate(drives)]
    keys = [f"at_{i}.spike" for i in range(len(drives))]
    found = run(tmp_path, "".join(lines), decisions, keys, **options)
    return [found[key][0, :, 0] for key in keys]


# --- f-I curves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neuron", ["lif_current", "lif_alpha", "lif_conductance"])
def test_the_f_i_curve_is_the_closed_form(tmp_path, neuron):
    """T = refractory + tau*log((drive - reset)/(drive - threshold)), potentials from rest; to a step of dt."""
    drives, refractory, tau, dt = (16.5, 18, 22, 30, 50), 3e-3, 20e-3, 1e-4
    method = "exponential_euler" if neuron == "lif_conductance" else "exact"
    text = f"neuron: {neuron}, drive: {{}} mV, refractory: 3 ms"
    for drive, spikes in zip(drives, trains(tmp_path, text, drives, 20, method=method), strict=True):
        intervals = np.diff(np.flatnonzero(spikes) * dt)
        expected = refractory + tau * math.log((drive - 10) / (drive - 16))
        # the crossing is seen at the end of the step in which it falls, and every interval is the same
        steps = math.ceil((expected - refractory) / dt - 1e-9) + round(refractory / dt)
        np.testing.assert_allclose(intervals, steps * dt, rtol=1e-9)
        assert 0 <= intervals[0] - expected <= dt
    assert not trains(tmp_path, "neuron: lif_current, drive: {} mV", (15.9,), 5)[0].any()


@pytest.mark.parametrize("method", ["exact", "euler"])
def test_the_f_i_curve_of_plain_lif_is_the_closed_form(tmp_path, method):
    """T = tau*log((drive - reset)/(drive - threshold)); an Euler step decays by 1 - dt/tau, where it should by exp."""
    drives, tau, dt = (16.5, 18, 22, 30, 50), 20e-3, 1e-4
    *found, quiet = trains(tmp_path, "neuron: lif, drive: {} mV", (*drives, 15.9), 20, method=method)
    decay = tau if method == "exact" else -dt / math.log1p(-dt / tau)
    for drive, spikes in zip(drives, found, strict=True):
        intervals = np.diff(np.flatnonzero(spikes) * dt)
        steps = math.ceil(decay * math.log((drive - 10) / (drive - 16)) / dt - 1e-9)
        np.testing.assert_allclose(intervals, steps * dt, rtol=1e-9)
        assert abs(intervals[0] - tau * math.log((drive - 10) / (drive - 16))) <= dt + 0.003 * intervals[0]
    assert not quiet.any()


@pytest.mark.parametrize("dt", ["0.1 ms", "0.2 ms"])
def test_the_f_i_curve_of_alif_without_adaptation_is_the_closed_form(tmp_path, dt):
    """Reset takes 1 away from v above 1, one step later: from v - 1, the crossing of (1 - a**n)*drive + a**n*v."""
    step = float(dt.split()[0]) * 1e-3
    drives, tau = (1.05, 1.2, 2.0, 3.5), 20e-3
    text = "neuron: alif, beta: 0, bias: {}, refractory: 0 ms"
    *found, quiet = trains(tmp_path, text, (*drives, 0.99), 300, dt=dt)
    for drive, spikes in zip(drives, found, strict=True):
        times = np.flatnonzero(spikes) * step
        # above the threshold for less than a step: the rate lies between those of a reset to 0 and to drive/tau*dt
        period = tau * math.log(drive / (drive - 1))
        assert len(times) > 3
        rate = (len(times) - 1) / (times[-1] - times[0])
        assert abs(1 / rate - period) <= 2 * step, (drive, 1 / rate, period)
        assert 0 <= times[0] + step - period <= 1.01 * step + 0.01 * period
    assert not quiet.any()


def test_the_membrane_is_held_while_refractory(tmp_path):
    body = "  cell: {size: 1, neuron: lif_current, drive: 40 mV, refractory: 2 ms}\n"
    found = run(tmp_path, body, 300, ("cell.v", "cell.spike"), interval="0.1 ms")
    fired = np.flatnonzero(found["cell.spike"][0, :, 0])
    potential = found["cell.v"][0, :, 0]
    for step in fired[:-1]:
        np.testing.assert_array_equal(potential[step : step + 21], -60e-3)
        assert potential[step + 21] > -60e-3


# --- postsynaptic potentials -----------------------------------------------------------------------------------------

PAIR = """
  clock: {{size: 1, neuron: lif, drive: 10 V, v_reset: -10 V, tau: 1 s}}
  cell: {{size: 1, neuron: {neuron}{more}}}
projections:
  synapse: {{source: clock, target: cell, weights: 3 mV}}
"""


@pytest.mark.parametrize("dt", ["0.1 ms", "1 ms"])
@pytest.mark.parametrize("neuron", ["lif_current", "lif_alpha", "srm0", "filtered_rate"])
def test_a_postsynaptic_potential_is_its_closed_form_whatever_dt(tmp_path, neuron, dt):
    """To 1e-12 of its peak: the propagator has no error of discretisation."""
    variable = {"filtered_rate": "rate"}.get(neuron, "v")
    more = ", v_threshold: 1 V" if neuron == "srm0" else ""
    body = PAIR.format(neuron=neuron, more=more)
    if neuron == "filtered_rate":
        body = body.replace("3 mV", "3e-3")
    found = run(tmp_path, body, 150, (f"cell.{variable}", "clock.spike"), dt=dt, interval=dt)
    (start,) = np.flatnonzero(found["clock.spike"][0, :, 0])  # the clock fires once: it is reset to -10 V
    seconds = {"0.1 ms": 1e-4, "1 ms": 1e-3}[dt]
    t = seconds * np.arange(150 - start)
    w, tau = 3e-3, 20e-3
    if neuron == "lif_current":
        s = 5e-3
        expected = -70e-3 + w * s / (tau - s) * (np.exp(-t / tau) - np.exp(-t / s))
    elif neuron == "lif_alpha":
        s = 2e-3
        k = (tau - s) / (tau * s)
        shape = np.exp(-t / tau) / k**2 - np.exp(-t / s) * (t / k + 1 / k**2)
        expected = -70e-3 + w * math.e / (s * tau) * shape
    elif neuron == "srm0":
        s = 5e-3
        expected = w * tau / (tau - s) * (np.exp(-t / tau) - np.exp(-t / s))
    else:
        tau, s = 200e-3, 50e-3
        expected = w / (tau - s) * (np.exp(-t / tau) - np.exp(-t / s))
    peak = np.abs(expected - expected[0]).max()
    assert peak > 0
    np.testing.assert_allclose(
        found[f"cell.{variable}"][0, start:, 0], expected, rtol=0, atol=1e-12 * peak + 1e-16
    )


def test_exponential_euler_is_exact_for_an_input_that_is_constant_in_pieces(tmp_path):
    """A conductance that is held: v follows exp(-(1 + g)*t/tau) towards the weighted mean of the potentials."""
    body = "  cell: {size: 1, neuron: lif_conductance, drive: 7 mV, v_threshold: 1 V, refractory: 0 ms}\n"
    for dt, seconds in (("0.5 ms", 5e-4), ("25 ms", 25e-3)):
        found = run(tmp_path, body, 30, ("cell.v",), dt=dt, interval=dt, method="exponential_euler")
        t = seconds * np.arange(1, 31)
        np.testing.assert_allclose(found["cell.v"][0, :, 0], -63e-3 - 7e-3 * np.exp(-t / 20e-3), rtol=1e-13)


# --- chance ----------------------------------------------------------------------------------------------------------


def test_srm0_fires_at_the_rate_of_its_potential(tmp_path):
    """rho0*exp((v - theta)/delta_u) with v held, in steps of dt: 1 - exp(-rho*dt); five standard errors."""
    drives = (10, 14, 16, 18)
    body = "".join(f"  at_{d}: {{size: 100, neuron: srm0, drive: {d} mV, after: 0 mV}}\n" for d in drives)
    found = run(tmp_path, body, 20, tuple(f"at_{d}.spike" for d in drives), dt="0.5 ms")
    for drive in drives:
        spikes = found[f"at_{drive}.spike"]
        chance = -math.expm1(-60 * math.exp((drive - 16) / 2) * 5e-4)
        error = math.sqrt(chance * (1 - chance) / spikes.size)
        assert spikes.mean() == pytest.approx(chance, abs=5 * error)
        assert error < 0.15 * chance


def test_place_cells_fire_at_the_rate_of_the_distance(tmp_path):
    """400 Hz * exp(-d**2/(2*width**2)), the distance as two rates of 0.3 and 0.4 tell it; five standard errors."""
    body = """
  here: {size: 2, neuron: still}
  places: {size: 3, neuron: place_cells, width: 0.5}
plasticity: {fields: {rule: place_field}}
models:
  neurons:
    still:
      states: {h: "1"}
      equations: dh/dt = 0*h/dt
      readout: r = h
projections:
  fields_of: {source: here, target: places, weights: WEIGHTS, plasticity: fields}
"""
    body = body.replace("WEIGHTS", "{grid: {low: [0, 0.4], high: [1, 0.4], shape: [3, 1]}}")
    found = run(tmp_path, body, 300, ("places.spike",), dt="0.5 ms")["places.spike"][0]
    for cell, x in enumerate((0.0, 0.5, 1.0)):
        chance = 400 * math.exp(-(x**2 + 0.4**2) / 0.5) * 5e-4
        error = math.sqrt(chance / len(found))
        assert found[:, cell].mean() == pytest.approx(chance, abs=5 * error)


def siegert(mean, deviation, tau, threshold, reset, refractory):
    """Rate of a leaky neuron under Gaussian white noise (Siegert 1951; Ricciardi 1977), potentials from rest."""
    from scipy.integrate import quad
    from scipy.special import erfcx

    low, high = (reset - mean) / deviation, (threshold - mean) / deviation
    area, _ = quad(lambda x: erfcx(-x), low, high)
    return 1 / (refractory + tau * math.sqrt(math.pi) * area)


def test_a_poisson_driven_neuron_has_the_mean_the_deviation_and_the_rate_of_the_diffusion(tmp_path):
    """16,000 per second of 0.2 mV, most of them up (Campbell's theorem; Siegert): mean, deviation, rate in 2, 5, 6%.

    A threshold that is looked at every dt lies higher by 0.5826*sigma*sqrt(dt) (Broadie, Glasserman & Kou 1997).
    """
    body = """
  more: {size: 20, neuron: poisson, rate: 480 Hz}
  less: {size: 20, neuron: poisson, rate: 320 Hz}
  free: {size: 1, neuron: lif, v_threshold: 1 V}
  cells: {size: 1, neuron: lif, v_threshold: -54 mV, v_reset: -60 mV, drive: 1 mV}
projections:
"""
    for target in ("free", "cells"):
        for source, weight in (("more", "0.2 mV"), ("less", "-0.2 mV")):
            body += f"  {source}_to_{target}: {{source: {source}, target: {target}, weights: {weight}}}\n"
    options = {"dt": "0.05 ms", "interval": "5 ms", "seeds": tuple(range(16))}
    found = run(tmp_path, body, 800, ("free.v", "cells.spike"), **options)
    tau, w, difference, dt = 20e-3, 0.2, 20 * 160, 5e-5
    events = 20 * (480 * (1 - 480 * dt) + 320 * (1 - 320 * dt))  # a source fires once a step at most
    mean, deviation = difference * w * tau, math.sqrt(events * w * w * tau / 2)
    settled = found["free.v"][:, 40:] * 1e3 + 70
    assert settled.mean() == pytest.approx(mean, rel=0.02)
    assert settled.std() == pytest.approx(deviation, rel=0.05)
    rate = found["cells.spike"][:, 4000:].mean() / 5e-5
    seen = 16 + 0.5826 * w * math.sqrt(events * dt)
    expected = siegert(mean + 1, math.sqrt(2) * deviation, tau, seen, 10, 0)
    assert rate == pytest.approx(expected, rel=0.06)


# --- the window of STDP ----------------------------------------------------------------------------------------------


def test_the_window_of_stdp_is_two_exponentials(tmp_path):
    """Pairs at many lags: +A*exp(-lag/tau) before, -B*exp(lag/tau) after (Song et al. 2000), to rounding."""
    lags = (-60, -25, -8, -1, 1, 6, 30, 55)  # steps of 1 ms, post after pre
    body = ""
    for i, lag in enumerate(lags):
        pre, post = (100, 100 + lag) if lag > 0 else (100 - lag, 100)
        # a counter that fires in one step only; what the synapse adds to the second never matters
        body += f"  pre_{i}: {{size: 1, neuron: once, at: {pre}}}\n  post_{i}: {{size: 1, neuron: once, at: {post}}}\n"
    body += "plasticity:\n  pairs: {rule: stdp, tau_plus: 17 ms, tau_minus: 34 ms, potentiation: 0.01 mV, "
    body += "depression: 0.006 mV, w_maximum: 1 mV, method: exact}\nprojections:\n"
    for i in range(len(lags)):
        body += f"  s_{i}: {{source: pre_{i}, target: post_{i}, weights: 0.5 mV, plasticity: pairs}}\n"
    body += """
models:
  neurons:
    once:
      parameters: {at: {}}
      states: {passed: "1", v: volt}
      equations: |
        dpassed/dt = 1/dt
        dv/dt = -v/dt
      threshold: int(passed > at - 0.5)*int(passed < at + 0.5) > 0.5
"""
    keys = tuple(f"s_{i}.w" for i in range(len(lags)))
    found = run(tmp_path, body, 3, keys, dt="1 ms", method="euler")
    for key, lag in zip(keys, lags, strict=True):
        change = found[key].reshape(-1)[-1] - 0.5e-3
        expected = 1e-5 * math.exp(-lag / 17) if lag > 0 else -6e-6 * math.exp(lag / 34)
        assert change == pytest.approx(expected, rel=1e-9), lag
