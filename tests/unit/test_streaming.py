"""Recordings go to disk as the run goes on: the same as in memory, and safe whatever ends the run."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.results import parts, stream

RECORD = (
    "record=[{variable: neurons.spike}, {variable: afferents.spike, from: 30 ms, to: 200 ms}, "
    "{variable: neurons.v, neurons: [3, 0], every: 0.5 ms, to: 260 ms}, "
    "{variable: afferents_to_neurons.w, every: 10 decisions, from: 100 ms}]"
)
SETTINGS = [
    "populations.afferents.size=30",
    "populations.afferents.rate=100 Hz",
    "populations.neurons.size=7",
]


def circuit():
    return nr.load("circuits/stdp.yaml", [*SETTINGS, RECORD])


@pytest.fixture
def often(monkeypatch):
    """Flush after every stretch, and make the stretches short."""
    monkeypatch.setattr(stream, "SECONDS", 0.0)
    monkeypatch.setattr(stream, "SHARE", 0.0)
    monkeypatch.setattr("neuro_rtrrl.backends.jax.program.MOST_TICKS", 50)


def same(one, other):
    assert set(one.variables) == set(other.variables)
    for name, array in one.variables.items():
        assert array.dims == other[name].dims
        assert {key: value for key, value in array.attrs.items() if key != "coordinates"} == other[name].attrs
        np.testing.assert_array_equal(array.values, other[name].values, err_msg=name)


def test_what_was_streamed_is_what_would_have_been_kept_in_memory(often, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        parts.Parts, "write", lambda *a, write=parts.Parts.write: (written.append(a[1]), write(*a))[1]
    )
    streamed = nr.simulate(circuit(), decisions=300, seeds=(4, 1), out=tmp_path / "run")
    assert len(written) > 5
    in_memory = nr.simulate(circuit(), decisions=300, seeds=(4, 1))
    same(in_memory.recordings, streamed.recordings)
    read = nr.load_results(tmp_path / "run")
    same(in_memory.recordings, read.recordings)
    assert not read.unfinished
    assert not (tmp_path / "run" / "recordings").exists()
    assert (np.diff(read.recordings["neurons_spike_seed"].values) <= 0).all(), "sorted by seed, as given"


def test_recordings_are_read_when_they_are_looked_at(often, tmp_path):
    nr.simulate(circuit(), decisions=300, seeds=2, out=tmp_path / "run")
    array = nr.load_results(tmp_path / "run")["neurons.v"]
    assert not array.variable._in_memory
    assert array[1, 3:5].values.shape == (2, 2)


@pytest.mark.parametrize("room", [5, 8])
def test_a_full_disk_ends_the_run_and_says_what_is_kept(often, tmp_path, monkeypatch, room):
    written = parts.Parts.write

    def write(self, number, dataset):
        def full(*arguments, **options):
            raise OSError(errno.ENOSPC, "No space left on device")

        if number > room:
            monkeypatch.setattr(type(dataset), "to_netcdf", full)
        written(self, number, dataset)

    monkeypatch.setattr(parts.Parts, "write", write)
    with pytest.raises(nr.RunError) as caught:
        nr.simulate(circuit(), decisions=300, seeds=2, out=tmp_path / "run")
    told = str(caught.value)
    assert "no space left on device" in told
    assert f"kept in {tmp_path / 'run'}: the first {25 * room} decisions" in told
    monkeypatch.undo()
    left = nr.load_results(tmp_path / "run")
    assert left.unfinished
    assert left.decisions == 25 * room
    whole = nr.simulate(circuit(), decisions=25 * room, seeds=2)
    same(whole.recordings, left.recordings)


def refuse(monkeypatch, names):
    """Let the disk be too full for files of these names, and for no other."""
    put = os.replace

    def replace(source, target):
        if any(name in str(target) for name in names):
            raise OSError(errno.ENOSPC, "No space left on device")
        put(source, target)

    monkeypatch.setattr("neuro_rtrrl.results.replacing.os.replace", replace)


@pytest.mark.parametrize("names", [("part-",), ("recordings.nc",)], ids=["first flush", "final write"])
def test_a_disk_full_before_any_recording_is_kept_leaves_weights_and_episodes(
    tmp_path, monkeypatch, request, names
):
    if names == ("part-",):
        request.getfixturevalue("often")
    refuse(monkeypatch, names)
    with pytest.raises(nr.RunError) as caught:
        nr.simulate(circuit(), decisions=300, seeds=2, out=tmp_path / "run")
    monkeypatch.undo()
    left = nr.load_results(tmp_path / "run")
    assert f"episodes of {left.decisions} decisions, nothing that was recorded" in str(caught.value)
    assert f"--from {tmp_path / 'run'} goes on" in str(caught.value)
    assert left.unfinished
    assert not left.recordings.data_vars
    with pytest.raises(nr.CircuitError, match=r"'neurons\.v' was not recorded"):
        left["neurons.v"]
    plain = circuit().replace(record=())
    whole = nr.simulate(plain, decisions=left.decisions, seeds=2)
    np.testing.assert_array_equal(
        left.weights["afferents_to_neurons.w"], whole.weights["afferents_to_neurons.w"]
    )
    assert nr.simulate(plain, decisions=1, start_from=tmp_path / "run").next_decision == left.decisions + 1


def test_a_disk_with_no_room_at_all_says_that_nothing_is_kept(often, tmp_path, monkeypatch):
    refuse(monkeypatch, ("part-", "weights.nc"))
    with pytest.raises(nr.RunError, match=r"nothing is kept in .*: neither weights nor recordings"):
        nr.simulate(circuit(), decisions=300, seeds=2, out=tmp_path / "run")
    with pytest.raises(nr.CircuitError, match="it ended early: nothing recorded was flushed"):
        nr.load_results(tmp_path / "run")


SCRIPT = """
import sys, neuro_rtrrl as nr
from neuro_rtrrl.results import stream
stream.SECONDS = stream.SHARE = 0.0
import neuro_rtrrl.backends.jax.program as program
program.MOST_TICKS = 50
circuit = nr.load("circuits/stdp.yaml", {settings!r})
nr.simulate(circuit, decisions=1_000_000, seeds=2, out=sys.argv[1])
"""


def test_a_killed_run_leaves_what_it_had_flushed(tmp_path):
    """Kill one run after another at any moment: what is there can be read and is the beginning of the run."""
    whole = nr.simulate(circuit(), decisions=400, seeds=2)
    rng = np.random.default_rng(0)
    left = []
    for number in range(int(os.environ.get("NEURO_RTRRL_KILLS", "1"))):
        folder = tmp_path / str(number)
        command = [sys.executable, "-c", SCRIPT.format(settings=[*SETTINGS, RECORD]), str(folder)]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for_a_part(folder, run)
            time.sleep(rng.uniform(0.0, 0.3))
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        result = nr.load_results(folder, circuit())
        assert result.unfinished
        assert "not finished" in repr(result)
        assert result.decisions % 25 == 0
        assert result.decisions >= 25
        left.append(result.decisions)
        for name, dim in (("neurons_v", "step_every_5"), ("afferents_to_neurons_w", "decision_every_10")):
            got = result.recordings[name].values
            expected = whole.recordings[name].values
            shared = min(got.shape[1], expected.shape[1])
            np.testing.assert_array_equal(got[:, :shared], expected[:, :shared], err_msg=dim)
        until = min(result.decisions, 400) * 1e-3
        times = [each.recordings["neurons_spike_time"].values for each in (whole, result)]
        before = [np.sort(values[values < until - 1e-9]) for values in times]
        np.testing.assert_array_equal(*before)
        assert (
            nr.simulate(circuit().replace(record=()), decisions=1, start_from=folder).next_decision
            > result.decisions
        )
    print(left)


def _wait_for_a_part(folder, run):
    for _ in range(600):
        time.sleep(0.1)
        summary = folder / "summary.json"
        if run.poll() is not None or (summary.exists() and "parts" in json.loads(summary.read_text())):
            return


WRITERS = """
import os, random, signal, sys, time
import numpy as np
from pathlib import Path
from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.results import Episodes, Recorder, Result, ResultsFolder, load_results
from neuro_rtrrl.results import stream

stream.SECONDS = stream.SHARE = 0.0
circuit = load_circuit("circuits/stdp.yaml", {settings!r})


def write(path):
    folder = ResultsFolder.create(path, "killed")
    folder.begin(circuit, {{}})
    recorder, made = Recorder(circuit, (0, 1)), [0]

    def result(recordings):
        state = {{"afferents_to_neurons.w": np.full((2, 7, 30), float(made[0]))}}
        return Result("killed", (0, 1), made[0], Episodes((0, 1)), recordings, state, next_decision=made[0])

    flushed = stream.Stream(folder, recorder, result)
    while True:
        number = np.broadcast_to(np.arange(made[0], made[0] + 10.0)[:, None], (2, 10, 1))
        fired = np.zeros((2, 10, 10, 1), bool)
        fired[:, :, 0] = True
        none = np.zeros((2, 10), bool)
        records = {{"neurons.spike": fired, "neurons.v": number}}
        recorder.add(Chunk(made[0], 10, np.zeros((2, 10)), none, none, none, records))
        made[0] += 10
        flushed.look()


random.seed(1)
for number in range(12):
    path = Path(sys.argv[1]) / str(number)
    child = os.fork()
    if child == 0:
        write(path)
    while not any(path.glob("recordings/part-*.nc")):
        time.sleep(0.01)
    time.sleep(random.uniform(0.05, 0.25))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(number, flush=True)
"""


def test_a_dozen_kills_in_the_midst_of_writing_spoil_no_file(tmp_path):
    record = "record=[{variable: neurons.spike, neurons: 0}, {variable: neurons.v, neurons: 0}]"
    script = WRITERS.format(settings=[*SETTINGS, record])
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    seen = []
    for number in range(12):
        result = nr.load_results(tmp_path / str(number))
        assert result.unfinished
        kept = result.recordings["neurons_v"].values[0, :, 0]
        np.testing.assert_array_equal(kept, np.arange(result.decisions))
        assert result.recordings["neurons_spike_time"].size == 2 * result.decisions
        assert result.next_decision == result.state["afferents_to_neurons.w"][0, 0, 0]
        assert result.decisions <= result.next_decision <= result.decisions + 10
        seen.append(result.decisions)
    assert len(set(seen)) > 3, "killed at different moments"


@pytest.mark.slow
def test_ten_minutes_of_a_thousand_spiking_neurons_stay_below_a_gigabyte():
    root = parts.__file__.rsplit("/neuro_rtrrl/", 1)[0]
    command = [sys.executable, f"{root}/benchmarks/recording_memory.py", "--minutes", "10"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert found["peak_megabytes"] < 1000
    assert found["spikes"] > 3_000_000
