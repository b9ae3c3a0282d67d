"""simulate(): seeds, duration, continuing, freezing, interruptions, reproducibility."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.divergence import find_divergence
from neuro_rtrrl.results.episodes import Episodes
from neuro_rtrrl.simulation import RunFailed

ROOT = Path(__file__).parents[2]
BUDGET = {"decisions": 200, "seeds": 3}


@pytest.fixture(scope="module")
def circuit():
    return nr.load(ROOT / "circuits" / "bg.yaml", ["populations.cortex.size=8"])


@pytest.fixture(scope="module")
def learned(circuit):
    return nr.simulate(circuit, **BUDGET)


@pytest.fixture(scope="module")
def continued(circuit, learned):
    return nr.simulate(circuit, decisions=200, start_from=learned)


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_the_same_seed_gives_the_same_run(circuit, learned):
    again = nr.simulate(circuit, **BUDGET)
    assert same(learned.state, again.state)
    assert learned["dopamine"].equals(again["dopamine"])
    assert learned.episodes.of(1) == again.episodes.of(1)


def test_seeds_may_be_a_number_a_first_one_or_a_list(circuit):
    assert nr.simulate(circuit, decisions=2, seeds=2, seed=5).seeds == (5, 6)
    assert nr.simulate(circuit, decisions=2, seeds=[7, 3]).seeds == (7, 3)
    assert nr.simulate(circuit, decisions=2, seeds=1).seeds == (0,), "seed 0 is a seed"


@pytest.mark.parametrize(
    "wrong", [{"seeds": 0}, {"seeds": []}, {"seeds": [1, 1]}, {"seed": -1}, {"seed": 2**63}]
)
def test_seeds_that_cannot_be_are_refused(circuit, wrong):
    with pytest.raises(nr.CircuitError, match="different whole numbers"):
        nr.simulate(circuit, decisions=2, **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"decisions": 0}, "at least one decision"),
        ({"decisions": 2**32}, "at most 4,294,967,295 decisions"),
        ({"duration": "1 ms"}, "at least one decision"),
        ({"duration": "1 mV"}, "a duration is a time"),
        ({"duration": "soon"}, "soon"),
        ({"duration": "1 s", "decisions": 2}, "not both"),
        ({"backend": "brain2"}, "did you mean 'brian2'?"),
        ({"precision": "half"}, "float64"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(circuit, wrong, message):
    with pytest.raises(nr.CircuitError) as refused:
        nr.simulate(circuit, **wrong)
    assert message in str(refused.value)


def test_a_duration_is_model_time(circuit):
    assert nr.simulate(circuit, duration="1 s", seeds=1).decisions == 50  # of 20 ms


def test_freezing_changes_no_weight_and_no_learned_parameter(circuit, learned):
    frozen = nr.simulate(circuit, decisions=100, start_from=learned, freeze=True)
    assert same(dict(learned.weights), dict(frozen.weights))
    assert np.any(frozen.weights["cortex.bias"] != 0), "a constant in the file, learned in the run"
    assert not same(
        dict(learned.weights), dict(nr.simulate(circuit, decisions=2, start_from=learned).weights)
    )


def test_each_seed_continues_its_own_weights_and_sees_new_noise(circuit, learned, continued):
    assert continued.seeds == learned.seeds
    assert continued.next_decision == 400
    assert int(continued["dopamine"]["decision"][0]) == 200
    one = nr.simulate(circuit, decisions=200, seeds=[2], start_from=learned)
    np.testing.assert_allclose(
        one.weights["cortex_recurrent.w"][0], continued.weights["cortex_recurrent.w"][2], rtol=1e-4
    )
    assert not np.array_equal(learned["dopamine"], continued["dopamine"])


def test_a_new_seed_starts_from_the_best_one(circuit, learned):
    new = nr.simulate(circuit, decisions=2, seeds=[9], start_from=learned, freeze=True)
    assert same({key: value[0] for key, value in new.weights.items()}, dict(learned.best()))


def test_weights_that_are_not_finite_are_not_continued(circuit, learned):
    state = {key: value.copy() for key, value in learned.state.items()}
    state["cortex_recurrent.w"][2, 0, 0] = np.nan
    with pytest.raises(nr.CircuitError, match="not finite"):
        nr.simulate(circuit, decisions=2, start_from=replace(learned, state=state))
    with pytest.raises(nr.CircuitError, match="no weights to continue from"):
        nr.simulate(circuit, decisions=2, start_from=replace(learned, state={}))


def test_the_rate_is_told_from_the_second_stretch_on(circuit):
    told = []
    nr.simulate(circuit, **BUDGET, progress=told.append)
    first, second = told
    assert (first.rate, first.seconds_left) == (0, None)
    assert second.rate > 0
    assert second.seconds_left == 0


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_run_keeps_its_stretches(circuit, times, tmp_path):
    def interrupt(now) -> None:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    notices = []
    options = {"progress": interrupt, "notice": notices.append, "out": tmp_path / "r"}
    result = nr.simulate(circuit, decisions=400, seeds=3, **options)
    assert signal.getsignal(signal.SIGINT) is before
    stored = nr.load_results(tmp_path / "r", circuit)
    assert stored.interrupted
    assert stored.decisions == stored.next_decision == result.decisions == 200
    assert same(dict(stored.weights), dict(result.weights))
    assert any("what was recorded is kept" in line for line in notices)


def test_what_a_library_makes_of_an_interruption_is_one_all_the_same(circuit, monkeypatch):
    run = JaxProgram.run

    def interrupted(self, decisions, deliver):
        def delivered(chunk) -> bool:
            deliver(chunk)
            signal.raise_signal(signal.SIGINT)
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt as error:
                raise RuntimeError("a library could not do its work") from error
            raise AssertionError("the second interruption was not heard")

        return run(self, decisions, delivered)

    monkeypatch.setattr(JaxProgram, "run", interrupted)
    result = nr.simulate(circuit, decisions=400, seeds=3)
    assert result.interrupted
    assert result.decisions == 200


def test_two_interruptions_while_a_stretch_is_kept_leave_it_whole(circuit, monkeypatch, tmp_path):
    add = Episodes.add

    def interrupted(self, chunk) -> None:  # the recordings have the stretch already, the episodes not yet
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        add(self, chunk)

    monkeypatch.setattr(Episodes, "add", interrupted)
    result = nr.simulate(circuit, decisions=400, seeds=3, out=tmp_path / "run")
    assert result.interrupted
    stored = nr.load_results(tmp_path / "run")
    assert stored.decisions == result.decisions == result["dopamine"].sizes["decision"]
    assert len(stored.episodes) == len(result.episodes) > 0


def test_an_interruption_before_anything_is_recorded_ends_the_run_at_once(circuit, monkeypatch):
    def interrupted(self, decisions, deliver):
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("still running")

    monkeypatch.setattr(JaxProgram, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nr.simulate(circuit, **BUDGET)


GROWING = """
models:
  optimisers:
    growing:
      parameters: {learning_rate: {default: 0}}
      states: {m: "1"}
      on_decision: |
        m = 1.5*m + 1
        step = 1e-40*m
"""


@pytest.fixture(scope="module")
def growing(tmp_path_factory):
    """A circuit with a number that grows by half at every decision that learns, until it overflows."""
    file = tmp_path_factory.mktemp("growing") / "growing.yaml"
    file.write_text((ROOT / "circuits" / "bg.yaml").read_text() + GROWING)
    small = ["populations.cortex.size=8", "record=[]", "plasticity.corticostriatal.optimiser=growing"]
    return nr.load(file, small)


@pytest.fixture(scope="module")
def overflow():
    """The decision in which it does: single precision counted by hand, first ticks (one in ten) left out."""
    number, decision = np.float32(0), -1
    with np.errstate(over="ignore"):
        while np.isfinite(number):
            decision += 1
            number = number if decision % 10 == 0 else np.float32(1.5) * number + np.float32(1)
    assert 200 < decision < 400
    return decision


def fail(circuit, **options) -> RunFailed:
    with pytest.raises(RunFailed) as failed:
        nr.simulate(circuit, **{"decisions": 400, "seeds": 2, "precision": "float32", **options})
    return failed.value


@pytest.mark.parametrize(
    "options",
    [
        {"kernel": "native"},
        {"kernel": "xla"},
        pytest.param({"backend": "brian2"}, marks=[pytest.mark.brian, pytest.mark.slow]),
    ],
    ids=["native", "xla", "brian2"],
)
def test_a_diverging_run_names_the_decision_and_keeps_the_checkpoint(growing, overflow, options, tmp_path):
    error = fail(growing, out=tmp_path / "r", **options)
    (problem,) = error.problems
    assert problem.message == (
        "the run diverged: cortex_to_dorsal.growing.m of seed 0 is not finite, "
        f"first seen in decision {overflow}"
    )
    assert problem.where == "projections.cortex_to_dorsal"
    assert "a smaller learning_rate" in problem.hint
    assert error.causes[0].hint == "a smaller learning_rate or dt may help"
    stored = nr.load_results(tmp_path / "r", growing)
    assert stored.seeds == (0, 1)
    assert all(np.isfinite(values).all() for values in stored.state.values())
    if options.get("backend") == "brian2":
        return  # its stretches are as long as they take
    assert (stored.decisions, stored.next_decision) == (400, 200)
    assert f"{tmp_path / 'r' / 'weights.nc'}, after 200" in problem.hint


def test_the_first_value_that_is_not_finite_is_named():
    none = np.zeros((2, 4), bool)
    late, early = np.zeros((2, 4)), np.zeros((2, 4, 3))
    late[0, 3], early[1, 2, 0] = np.nan, np.inf
    chunk = Chunk(100, 4, np.zeros((2, 4)), none, none, none, {"late": late, "early": early})
    assert str(find_divergence(chunk, {}, (5, 6))).endswith(
        "early of seed 6 is not finite, first seen in decision 102"
    )
    quiet = Chunk(100, 4, np.zeros((2, 4)), none, none, none)
    weights = {"p.w": np.array([[1.0], [np.inf]])}
    assert str(find_divergence(quiet, weights, (5, 6))).endswith(
        "seed 6 is not finite, first seen in decisions 100 to 103"
    )
    assert find_divergence(quiet, {"p.w": np.ones((2, 1))}, (5, 6)) is None


def test_recordings_that_outgrow_the_memory_are_refused(circuit):
    with pytest.raises(nr.CircuitError, match="the recordings would take"):
        nr.simulate(circuit, decisions=4_000_000_000, seeds=100)


def test_a_full_memory_is_told(circuit, monkeypatch):
    def full(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("neuro_rtrrl.simulation.Run.take", full)
    with pytest.raises(nr.RunError, match="not enough memory"):
        nr.simulate(circuit, **BUDGET)


def test_the_script_of_the_architecture_page_works(circuit):
    print(circuit.projections["cortex_recurrent"].rule)
    control = nr.simulate(circuit, decisions=200, seeds=2)
    lesioned = nr.simulate(circuit.lesion("dopamine", fraction=0.8), decisions=200, seeds=2)
    assert not same(dict(control.weights), dict(lesioned.weights))
    nr.plot.learning_curves(control=control, lesioned=lesioned)
    start = circuit.with_weights(control.best())
    slow = nr.simulate(start, backend="jax", duration="1 s", seeds=1)
    slow["dopamine"].plot()
    cost = nr.cost(circuit, "loihi1")
    assert "cortex_recurrent" in str(cost.by("projection"))
    assert "total" in cost.explain("cortex_recurrent")


@pytest.mark.brian
@pytest.mark.slow
def test_the_script_of_the_architecture_page_works_on_brian2(circuit, learned):
    slow = nr.simulate(circuit.with_weights(learned.best()), backend="brian2", duration="1 s")
    assert slow["dopamine"].sizes["decision"] == 50
    frozen = nr.simulate(circuit, backend="brian2", decisions=20, start_from=learned, freeze=True)
    for key, value in learned.best().items():
        np.testing.assert_array_equal(frozen.weights[key][0], value)
