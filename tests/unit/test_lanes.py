"""However seeds run side by side and however XLA cuts its kernels, a seed's numbers are its own."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

WAYS = {
    "native": {"kernel": "native"},
    "native, mapped": {"kernel": "native", "lanes": "map"},
    "native, environment in pieces": {"kernel": "native", "single_kernel": False},
    "mapped": {"kernel": "xla", "lanes": "map"},
    "threads": {"kernel": "xla", "lanes": "threads", "single_kernel": False},
    "threads, single kernel": {"kernel": "xla", "lanes": "threads", "single_kernel": True},
}


@pytest.fixture(scope="module")
def circuit():
    return load_circuit("circuits/bg.yaml", ["populations.cortex.size=9", "record=[{variable: dopamine}]"])


@pytest.fixture(scope="module")
def alone(circuit):
    program = JaxProgram(
        circuit, make_environment(circuit), (4,), "float64", ("dopamine",), kernel="xla", lanes="map"
    )
    return program.advance(60), program.state()


@pytest.mark.parametrize("way", WAYS)
def test_a_seed_among_others_does_what_it_does_alone(circuit, alone, way):
    program = JaxProgram(circuit, make_environment(circuit), (1, 4, 7), "float64", ("dopamine",), **WAYS[way])
    chunk, state = program.advance(60), program.state()
    expected, expected_state = alone
    np.testing.assert_array_equal(chunk.reward[1], expected.reward[0])
    np.testing.assert_allclose(chunk.records["dopamine"][1], expected.records["dopamine"][0], atol=1e-11)
    for key, value in expected_state.items():
        np.testing.assert_allclose(state[key][1], value[0], atol=1e-11, err_msg=key)
    assert not np.array_equal(chunk.records["dopamine"][0], chunk.records["dopamine"][1])


@pytest.mark.parametrize("name", ["Acrobot-v1", "CartPole-v1"])
def test_a_seeds_run_does_not_depend_on_the_others_to_the_last_bit(name):
    circuit = load_circuit("circuits/bg.yaml", [f"environment={{name: {name}}}", "record=[]"])
    environment = make_environment(circuit)
    runs = [JaxProgram(circuit, environment, seeds, record=("cortex.h",)) for seeds in ((4,), (2, 3, 4, 9))]
    alone, among = (program.advance(300).records["cortex.h"] for program in runs)
    np.testing.assert_array_equal(alone[0], among[2])


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_the_same_seed_twice_is_bit_identical(circuit, kernel):
    programs = [JaxProgram(circuit, make_environment(circuit), (3,), kernel=kernel) for _ in range(2)]
    np.testing.assert_array_equal(*[program.advance(200).reward for program in programs])
    first, second = (program.state() for program in programs)
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key], err_msg=key)


def test_an_environment_that_fits_no_single_kernel_runs_without_one(monkeypatch, circuit):
    import jax

    from neuro_rtrrl.backends.jax.lanes import Threaded

    compiled = Threaded.compile

    def refuse(self, count):
        if self.loop.single_kernel:
            raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: this cannot be part of a kernel")
        compiled(self, count)

    monkeypatch.setattr(Threaded, "compile", refuse)
    program = JaxProgram(circuit, make_environment(circuit), (0, 1), kernel="xla", single_kernel=True)
    assert program.advance(20).reward.shape == (2, 20)
    assert not program.single_kernel
