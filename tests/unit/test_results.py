"""Episodes, recordings, the results folder and provenance."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.errors import CircuitError, RunError
from neuro_rtrrl.graph import Circuit, Distribution, Population, Port, Projection, Recording, Timing
from neuro_rtrrl.models.neurons.lif import LIF
from neuro_rtrrl.models.plasticity.fixed_spiking import FIXED_SPIKING
from neuro_rtrrl.results import (
    Episodes,
    Recorder,
    Result,
    ResultsFolder,
    Weights,
    collect_provenance,
    load_results,
)

SEEDS = (3, 0)


def random_run(count: int = 300) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    ended = generator.random((2, count)) < 0.1
    first = np.zeros_like(ended)
    first[:, 0] = True
    first[:, 1:] = ended[:, :-1]
    ended &= ~first
    first[:, 1:] = ended[:, :-1]
    truncated = ended & (generator.random((2, count)) < 0.5)
    reward = np.where(first, 0.0, generator.normal(size=(2, count)))
    return {"reward": reward, "first": first, "terminated": ended & ~truncated, "truncated": truncated}


def chunks(run: dict[str, np.ndarray], length: int):
    count = run["reward"].shape[1]
    for start in range(0, count, length):
        part = {key: value[:, start : start + length] for key, value in run.items()}
        yield Chunk(start, part["reward"].shape[1], **part)


def episodes_one_tick_at_a_time(run: dict[str, np.ndarray], row: int) -> list[tuple]:
    found, total, length = [], 0.0, 0
    for tick in range(run["reward"].shape[1]):
        total += run["reward"][row, tick]
        length += int(not run["first"][row, tick])
        if run["terminated"][row, tick] or run["truncated"][row, tick]:
            found.append((total, length, tick, bool(run["truncated"][row, tick])))
            total, length = 0.0, 0
    return found


def gathered(run: dict[str, np.ndarray], length: int = 1000) -> Episodes:
    episodes = Episodes(SEEDS)
    for chunk in chunks(run, length):
        episodes.add(chunk)
    return episodes


@pytest.mark.parametrize("length", [1, 7, 100, 1000])
def test_episodes_are_those_of_a_loop_over_ticks_however_the_run_is_cut(length):
    run = random_run()
    episodes = gathered(run, length)
    for row in range(2):
        expected, found = episodes_one_tick_at_a_time(run, row), episodes.of(row)
        assert [each[1:] for each in found] == [each[1:] for each in expected]
        np.testing.assert_allclose([each.total for each in found], [each[0] for each in expected], atol=1e-12)
    assert len(episodes) > 20


def test_final_return_is_the_mean_of_episodes_that_end_in_the_last_tenth():
    run = random_run()
    episodes = gathered(run)
    for row in range(2):
        late = [each[0] for each in episodes_one_tick_at_a_time(run, row) if each[2] >= 270]
        assert episodes.final_return(300)[row] == pytest.approx(np.mean(late))
    assert np.all(episodes.best_return(300) >= episodes.final_return(300))
    np.testing.assert_allclose(episodes.best_return(300), np.nanmax(episodes.tenths(300), axis=1))


def test_a_tenth_without_an_end_is_nan_and_null_in_json():
    run = random_run(20)
    for key in ("terminated", "truncated"):
        run[key][:] = False
    episodes = gathered(run)
    assert np.isnan(episodes.tenths(20)).all()
    assert episodes.tenths(20).shape == (2, 10)
    assert np.isnan(episodes.best_return(20)).all()
    assert small_result(episodes=episodes).as_dict()["final_return"] == [None, None]


def test_episodes_survive_the_dataset():
    episodes = gathered(random_run())
    again = Episodes.from_dataset(episodes.to_dataset())
    assert again.seeds == SEEDS
    assert again.of(1) == episodes.of(1)
    assert Episodes.from_dataset(Episodes(SEEDS).to_dataset()).seeds == SEEDS


# --- recordings ---------------------------------------------------------------------------------------------


def small_circuit() -> Circuit:
    volts = Distribution("constant", (0.0,))
    populations = {
        name: Population(name, size, LIF, {each.name: volts for each in LIF.parameters})
        for name, size in (("a", 4), ("b", 3))
    }
    ends = Port("a", "spikes"), Port("b", "v")
    projection = Projection("a_to_b", *ends, FIXED_SPIKING, Distribution("constant", (1.0,)))
    return Circuit(
        "small", Timing(1e-3, 2e-3, 2), populations, {"a_to_b": projection}, document="circuit: small\n"
    )


RECORD = (
    Recording("a", "v", neurons=(1, 3), every=2),
    Recording("b", "v"),
    Recording("a_to_b", "w", every=4),
    Recording("dopamine", ""),
    Recording("a", "spike", every=0),
)


def recorded_chunk(start: int, count: int) -> Chunk:
    """Return what a program hands over: the decisions and neurons that RECORD asks for."""
    ticks = np.arange(start, start + count)
    shared = np.zeros((2, count))
    values = {
        "a.v": np.broadcast_to(ticks[None, :, None] + np.arange(4) / 10, (2, count, 4)),
        "b.v": np.broadcast_to(ticks[None, :, None] + np.arange(3) / 10, (2, count, 3)),
        "a_to_b.w": np.ones((2, count, 3, 4)),
        "dopamine": np.broadcast_to(ticks.astype(float), (2, count)),
        "a.spike": np.zeros((2, count, 2, 4), dtype=bool),
    }
    if start == 0:
        values["a.spike"][1, 3, 1, 2] = True  # seed 0, step 7
    for each in RECORD:
        values[each.key] = values[each.key][:, np.array(each.rows(start, count), int) - start]
        if each.neurons is not None:
            values[each.key] = values[each.key][..., list(each.neurons)]
    flags = shared.astype(bool)
    return Chunk(start, count, shared, flags, flags, flags, values)


def small_dataset():
    recorder = Recorder(small_circuit(), SEEDS, RECORD, units={"a.v": "volt"})
    for start, count in ((0, 5), (5, 5)):
        recorder.add(recorded_chunk(start, count))
    return recorder.dataset()


def test_every_nth_decision_of_the_chosen_neurons_is_kept_across_chunks():
    result = small_result(recordings=small_dataset())
    values = result["a.v"]
    assert values.dims == ("seed", "decision", "neuron")
    assert values.decision.values.tolist() == [0, 2, 4, 6, 8]
    assert values.neuron.values.tolist() == [1, 3]
    np.testing.assert_allclose(values.sel(seed=0, neuron=3), [0.3, 2.3, 4.3, 6.3, 8.3])
    assert values.attrs["units"] == "volt"
    assert values.attrs["long_name"] == "membrane potential of a"
    np.testing.assert_allclose(values["time"], [0.0, 4e-3, 8e-3, 12e-3, 16e-3])


def test_variables_of_different_populations_live_in_one_dataset():
    result = small_result(recordings=small_dataset())
    assert result["b.v"].sizes == {"seed": 2, "decision": 10, "neuron": 3}
    assert result["a_to_b.w"].sizes == {"seed": 2, "decision": 3, "post": 3, "pre": 4}
    assert result["dopamine"].dims == ("seed", "decision")
    np.testing.assert_allclose(result["dopamine"].time, np.arange(10) * 2e-3)


def test_spikes_are_ragged_with_the_time_of_their_step():
    dataset = small_dataset()
    np.testing.assert_allclose(dataset["a_spike_time"], [7e-3])
    assert dataset["a_spike_neuron"].values.tolist() == [2]
    assert dataset["a_spike_seed"].values.tolist() == [0]


def test_an_unrecorded_variable_is_named_with_what_there_is():
    with pytest.raises(CircuitError, match="did you mean 'dopamine'") as caught:
        small_result(recordings=small_dataset())["dopamin"]
    assert "b.v" in caught.value.problems[0].available


def test_a_result_goes_through_the_keys_of_what_was_recorded():
    result = small_result(recordings=small_dataset())
    assert {"b.v", "dopamine", "a.spike"} <= set(result)
    assert "b.v" in result
    assert "dopamin" not in result
    for key in result:
        assert result[key].name == key


# --- result -------------------------------------------------------------------------------------------------


def small_result(**changes) -> Result:
    values = {
        "circuit": "small",
        "seeds": SEEDS,
        "decisions": 300,
        "episodes": gathered(random_run()),
        "recordings": small_dataset(),
        "state": {"a_to_b.w": np.arange(24.0).reshape(2, 3, 4), "a.v": np.zeros((2, 4))},
        "settable": ("a_to_b.w",),
        "wall_seconds": 2.0,
    }
    return Result(**{**values, **changes})


def test_best_is_the_seed_with_the_best_final_return_without_its_axis():
    result = small_result()
    best = result.best()
    row = int(np.argmax(result.final_return))
    assert isinstance(best, Weights)
    assert best.seed == SEEDS[row]
    assert list(best) == ["a_to_b.w"]
    np.testing.assert_array_equal(best["a_to_b.w"], result.state["a_to_b.w"][row])


def test_the_json_keys_are_stable():
    assert set(small_result().as_dict()) == {
        "circuit", "seeds", "decisions", "episodes", "final_return", "best_return", "next_decision", "wall_seconds",
        "decisions_per_second", "first_decision_seconds", "interrupted", "results",
    }  # fmt: skip
    json.dumps(small_result().as_dict(), allow_nan=False)


def test_a_result_can_be_read_by_people():
    assert "final return" in repr(small_result())
    assert "<table>" in small_result(circuit="a<b")._repr_html_()
    assert "a<b" not in small_result(circuit="a<b")._repr_html_()


# --- folder -------------------------------------------------------------------------------------------------


def written(folder: Path) -> Path:
    results = ResultsFolder.create(folder, "small")
    provenance = collect_provenance(SEEDS, "abc", "jax", "float32", command=["neuro-rtrrl"])
    results.begin(small_circuit(), provenance, units={"a.v": "volt"})
    results.finish(small_result(folder=folder), small_circuit(), provenance)
    return folder


def test_what_is_written_is_read_back(tmp_path):
    folder = written(tmp_path / "run")
    again, before = load_results(folder, small_circuit()), small_result()
    assert again.seeds == SEEDS
    assert again.settable == ("a_to_b.w",)
    assert again.episodes.of(0) == before.episodes.of(0)
    np.testing.assert_array_equal(again.final_return, before.final_return)
    np.testing.assert_array_equal(again.best()["a_to_b.w"], before.best()["a_to_b.w"])
    assert again["a.v"].equals(before["a.v"])
    assert (folder / "circuit.yaml").read_text() == "circuit: small\n"
    assert json.loads((folder / "provenance.json").read_text())["end"]
    assert not [each.name for each in folder.iterdir() if "part" in each.name]


def test_a_run_without_a_spike_or_an_episode_is_read_back(tmp_path):
    quiet = Recorder(small_circuit(), SEEDS, (Recording("a", "spike", every=0),))
    result = small_result(recordings=quiet.dataset(), episodes=Episodes(SEEDS))
    results = ResultsFolder.create(tmp_path / "run", "small")
    results.begin(small_circuit(), {})
    results.finish(result, small_circuit(), {})
    again = load_results(tmp_path / "run")
    assert again.recordings["a_spike_time"].size == 0
    assert len(again.episodes) == 0


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(CircuitError, match="already holds files"):
        ResultsFolder.create(tmp_path, "small")
    with pytest.raises(CircuitError, match="is a file"):
        ResultsFolder.create(tmp_path / "mine.txt", "small")
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_folder_that_cannot_be_made_is_a_run_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        ResultsFolder.create(tmp_path / "file" / "run", "small")


def test_default_folders_of_the_same_second_do_not_collide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = {ResultsFolder.create(None, "my circuit").path for _ in range(3)}
    assert len(paths) == 3
    assert all(path.parent.name == "results" and path.name.startswith("my_circuit-") for path in paths)


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path):
    results = ResultsFolder.create(tmp_path / "run", "small")
    before = (tmp_path / "run" / "summary.json").read_text()

    def write_half():
        with results.writing("summary.json") as target:
            target.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RunError, match="disk is full"):
        write_half()
    assert (tmp_path / "run" / "summary.json").read_text() == before
    assert len(list((tmp_path / "run").iterdir())) == 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "summary.json").unlink(), "no results folder"),
        (lambda folder: (folder / "summary.json").write_text("{"), "no results folder"),
        (lambda folder: (folder / "weights.nc").unlink(), "cannot be read"),
        (lambda folder: (folder / "weights.nc").write_bytes(b"\x89HDF spoilt"), "cannot be read"),
        (
            lambda folder: (folder / "summary.json").write_text('{"format": 1, "finished": false}'),
            "not finished",
        ),
        (lambda folder: (folder / "summary.json").write_text('{"format": 99}'), "another format"),
    ],
)
def test_a_spoilt_results_folder_is_refused(tmp_path, spoil, message):
    folder = written(tmp_path / "run")
    spoil(folder)
    with pytest.raises(CircuitError, match=message):
        load_results(folder)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(CircuitError, match="does not exist"):
        load_results(tmp_path / "nowhere")


def test_weights_that_do_not_fit_the_circuit_are_refused(tmp_path):
    folder = written(tmp_path / "run")
    other = small_circuit()
    bigger = Population("a", 5, LIF, other.populations["a"].parameters)
    with pytest.raises(CircuitError, match="do not fit circuit 'small'") as caught:
        load_results(folder, other.replace(populations={**other.populations, "a": bigger}))
    assert "a_to_b.w" in str(caught.value)


# --- provenance ---------------------------------------------------------------------------------------------


def test_provenance_says_what_ran_where():
    found = collect_provenance((0, 1), "abc123", "jax", "float32", command=["neuro-rtrrl", "simulate"])
    assert found["seeds"] == [0, 1]
    assert found["circuit_hash"] == "abc123"
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["versions"]["numpy"] == np.__version__
    assert found["machine"]["cpu_count"] >= 1
    json.dumps(found)


def test_results_start_without_heavy_imports():
    code = (
        "HEAVY = ('jax', 'brian2', 'xarray', 'matplotlib', 'networkx');"
        "import sys, neuro_rtrrl.results, neuro_rtrrl.drawing, neuro_rtrrl.plot;"
        "print([name for name in HEAVY if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
