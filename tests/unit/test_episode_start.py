"""What a rule does at the start of an episode happens then, after the resets, and at no other time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.agreement import parity
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

RULE = """\
models:
  rules:
    primed:
      parameters: {trace_decay: "1", entropy_rate: "1"}
      states: {w: "1", j: {unit: "1", role: local_trace}, e: {unit: "1", role: eligibility_trace}}
      transmits: w*r_pre
      dynamics: dj/dt = (slope_post*r_pre - j)/tau_post
      on_decision: |
        w += optimise(dopamine*e + entropy_rate*entropy_feedback_post*j)
        e = discount*trace_decay*e + feedback_post*j
      on_episode_start: |
        j = 0.5*w
        e = 2*j
plasticity:
"""


@pytest.fixture(scope="module")
def circuit(tmp_path_factory):
    text = Path("circuits/bg.yaml").read_text(encoding="utf-8").replace("neurons: 0-7, ", "")
    text = text.replace("plasticity:\n", RULE, 1).replace("rule: rflo_td", "rule: primed")
    text = text.replace("    plasticity: cortical\n    learns: [bias, tau]\n", "").replace(
        "size: 32", "size: 5"
    )
    text = text.replace("tau: {uniform: [20 ms, 100 ms]}", "tau: 40 ms")
    path = tmp_path_factory.mktemp("circuit") / "primed.yaml"
    path.write_text(text)
    return load_circuit(str(path))


def test_traces_start_from_what_the_rule_says(circuit):
    record = ("cortex_recurrent.w", "cortex_recurrent.j", "cortex_recurrent.e", "cortex.feedback")
    program = JaxProgram(circuit, make_environment(circuit), (0,), "float64", record)
    chunk = program.advance(40)
    first = chunk.first[0]
    assert 1 < first.sum() < 40
    w, j, e, feedback = (chunk.records[key][0][first] for key in record)
    # the recurrent input is 0 after the reset, so one Euler step of 20 ms leaves half of 0.5*w at tau = 40 ms
    np.testing.assert_allclose(j, 0.25 * w, atol=1e-12)
    decay = 0.99 * circuit.plasticity["cortical"].parameters["trace_decay"]
    np.testing.assert_allclose(e, decay * w + feedback[:, :, None] * j, atol=1e-12)


def test_both_machines_do_it(circuit):
    report = parity(circuit, decisions=25)
    assert report.agrees, report
    assert report.max_difference["cortex_recurrent.e"] < 1e-12
