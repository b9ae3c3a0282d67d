"""What is recorded is what was asked for, the same however it is made, and costs no more than that."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax import program as jax_program
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.graph.circuit import Recording
from neuro_rtrrl.programs import make_environment

WAYS = {
    "native": {"kernel": "native"},
    "xla": {"kernel": "xla"},
    "xla, mapped": {"kernel": "xla", "lanes": "map"},
}
CHOSEN = (
    Recording("cortex", "r", (5, 0)),
    Recording("cortex", "h", None, 7),
    Recording("cortex_recurrent", "w", (2,), 10),
    Recording("cortex_to_dorsal", "e", None, 3),
    Recording("cortex_recurrent", "adam.gradient", (1, 8)),
    Recording("cortical", "learning_rate"),
    Recording("dopamine", ""),
)


@pytest.fixture(scope="module")
def circuit():
    settings = ["populations.cortex.size=9", "record=[]"]
    settings.append("projections.cortex_recurrent.connectivity={probability: 0.3}")
    return load_circuit("circuits/bg.yaml", settings)


@pytest.fixture(scope="module", params=WAYS)
def program(request, circuit):
    def make(record, **options):
        environment = make_environment(circuit)
        return JaxProgram(circuit, environment, (3, 4), "float64", record, **WAYS[request.param], **options)

    return make


def test_what_was_chosen_is_part_of_the_whole(program):
    whole, chosen = program([Recording.of(each.key) for each in CHOSEN]), program(CHOSEN)
    for count in (25, 13):
        everything, some = whole.advance(count), chosen.advance(count)
        for each in CHOSEN:
            rows = np.array(each.rows(some.start, count)) - some.start
            expected = everything.records[each.key][:, rows]
            if each.neurons is not None:
                expected = expected[:, :, list(each.neurons)]
            found = some.records[each.key]
            assert found.shape == expected.shape, each
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=each.key)
    assert whole.position == 38


def test_rows_are_the_multiples_within_a_stretch():
    each = Recording("a", "b", None, 10)
    assert list(each.rows(0, 25)) == [0, 10, 20]
    assert list(each.rows(25, 13)) == [30]
    assert list(each.rows(31, 5)) == []


def test_a_stretch_is_shortened_to_what_fits_in_memory(program, monkeypatch):
    full = program([Recording.of("cortex_recurrent.w")])
    assert full.bytes_per_tick() > 9 * 9 * 8
    assert (
        full.bytes_per_tick() > 5 * program([Recording("cortex_recurrent", "w", None, 100)]).bytes_per_tick()
    )
    monkeypatch.setattr(jax_program, "MOST_BYTES", 10 * 2 * full.bytes_per_tick())
    lengths = []
    full.run(40, lambda chunk: lengths.append(chunk.count))
    assert lengths == [10] * 4
