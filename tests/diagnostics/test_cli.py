"""The command line cannot be broken: whatever is given or happens ends in a message and an exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.cli import main

ROOT = Path(__file__).parents[2]
CIRCUIT = str(ROOT / "circuits" / "bg.yaml")
COMMAND = [sys.executable, "-c", "from neuro_rtrrl.cli import main; main()"]
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
DIVERGING = (
    "--set=plasticity.cortical.optimiser=sgd",
    "--set=plasticity.corticostriatal.optimiser=sgd",
    "--set=plasticity.corticostriatal.learning_rate=1e5",
    "--set=plasticity.corticostriatal.trace_decay=1",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A small finished run."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    with pytest.raises(SystemExit) as ended:
        main(["simulate", CIRCUIT, "--decisions", "400", "--seeds", "2", "--out", str(folder)])
    assert ended.value.code == 0
    return folder


def start(*arguments, **options) -> subprocess.Popen:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=ROOT, **options)


def wait_for(process: subprocess.Popen, words: str) -> None:
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"ended without '{words}'")


# --- wrong arguments ------------------------------------------------------------------------------------------

WRONG = {
    "unknown command": (["simulte", CIRCUIT], 2, "No such command 'simulte'", "--help"),
    "unknown option": (["check", CIRCUIT, "--biologie"], 2, "--biology", "--help"),
    "no file": (["cost"], 2, "Missing argument 'FILE'", "--help"),
    "empty file name": (["check", ""], 2, "name of the circuit file is empty", ""),
    "too many files": (["draw", CIRCUIT, CIRCUIT], 2, "unexpected extra argument", "--help"),
    "no decisions": (["simulate", CIRCUIT, "--decisions", "0"], 2, "--decisions", "--help"),
    "negative decisions": (["parity", CIRCUIT, "--decisions", "-1"], 2, "--decisions", "--help"),
    "decisions in words": (["simulate", CIRCUIT, "--decisions", "many"], 2, "--decisions", "integer"),
    "endless run": (["simulate", CIRCUIT, "--decisions", "9" * 12], 2, "at most 4,294,967,295", ""),
    "more than memory holds": (
        ["simulate", CIRCUIT, "--decisions", "4294967295", "--seeds", "1000"],
        2,
        "the recordings would take",
        "record less",
    ),
    "negative seed": (["simulate", CIRCUIT, "--seed", "-1"], 2, "--seed", "--help"),
    "seed beyond 63 bits": (["simulate", CIRCUIT, "--seed", str(2**63)], 2, "2^63 - 1", str(2**63)),
    "no seeds": (["simulate", CIRCUIT, "--seeds", "0"], 2, "--seeds", "--help"),
    "unknown backend": (["simulate", CIRCUIT, "--backend", "brain2"], 2, "'brain2'", "brian2"),
    "unknown precision": (["simulate", CIRCUIT, "--precision", "half"], 2, "'half'", "float32"),
    "unknown profile": (
        ["cost", CIRCUIT, "--profile", "loihi"],
        2,
        "unknown hardware profile",
        "did you mean 'loihi1'?",
    ),
    "missing profile": (["cost", CIRCUIT, "--profile", "no.yaml"], 2, "there is no such file", "no.yaml"),
    "circuit as profile": (
        ["cost", CIRCUIT, "--profile", CIRCUIT],
        2,
        "this is no hardware profile",
        "bg.yaml",
    ),
    "unknown part to explain": (
        ["cost", CIRCUIT, "--explain", "cortx"],
        2,
        "nothing to explain by the name 'cortx'",
        "did you mean 'cortex'?",
    ),
    "override without value": (
        ["check", CIRCUIT, "--set", "timing.dt"],
        2,
        "no path and value",
        "write path=value",
    ),
    "override of nothing": (
        ["check", CIRCUIT, "--set", "timng.dt=1 ms"],
        2,
        "timng",
        "did you mean 'timing'?",
    ),
    "unknown intervention": (
        ["simulate", CIRCUIT, "--with", "depletoin"],
        2,
        "depletoin",
        "did you mean 'depletion'?",
    ),
    "continue from nothing": (
        ["simulate", CIRCUIT, "--from", "nowhere"],
        2,
        "nowhere does not exist",
        "results folder",
    ),
    "continue from an empty name": (["simulate", CIRCUIT, "--from", ""], 2, "no results folder", ""),
    "continue from another folder": (
        ["simulate", CIRCUIT, "--from", "{here}"],
        2,
        "is no results folder",
        "simulate",
    ),
    "continue from a file": (["simulate", CIRCUIT, "--from", CIRCUIT], 2, "is not a folder", ""),
    "results in a folder with files": (
        ["simulate", CIRCUIT, "--out", "{here}"],
        2,
        "already holds files",
        "choose another",
    ),
    "results in place of a file": (
        ["simulate", CIRCUIT, "--out", "{here}/file"],
        2,
        "is a file",
        "choose another",
    ),
    "results under a file": (
        ["simulate", CIRCUIT, "--out", "{here}/file/r"],
        1,
        "cannot be made",
        "choose another",
    ),
    "results without a name": (
        ["simulate", CIRCUIT, "--out", ""],
        2,
        "name of the results folder is empty",
        "--out",
    ),
    "unknown picture format": (
        ["draw", CIRCUIT, "--out", "{here}/x.jpeg"],
        2,
        "unknown picture format",
        ".svg, .png or .pdf",
    ),
    "picture in no folder": (
        ["draw", CIRCUIT, "--out", "{here}/no/x.svg"],
        1,
        "could not be written",
        "choose another",
    ),
    "picture in place of a folder": (
        ["draw", CIRCUIT, "--out", "{here}"],
        1,
        "could not be written",
        "choose another",
    ),
    "no steps": (["cost", CIRCUIT, "--compare", "--steps", "0"], 2, "--steps", "--help"),
    "negative tolerance": (["parity", CIRCUIT, "--tolerance", "-1"], 2, "--tolerance", "--help"),
}


@pytest.mark.parametrize("form", ["for people", "as JSON"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_ends_in_a_message_and_a_code(name, form, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    arguments, code, message, hint = WRONG[name]
    arguments = [each.replace("{here}", str(tmp_path)) for each in arguments]
    if form == "for people":
        ended, out, err = run(*arguments)
        assert out == ""
        assert message in err
        assert hint in err
        assert "compiling" not in err, "nothing begins before the arguments are known to be sound"
    else:
        ended, out, err = run(*arguments, "--json")
        text = json.dumps(json.loads(out)["problems"], ensure_ascii=False)
        assert message in text
        assert hint in text
    assert ended == code
    assert [each.name for each in tmp_path.iterdir()] == ["file"], "a refused command leaves nothing behind"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_before_the_run(run, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run("simulate", CIRCUIT, "--decisions", "10", "--out", tmp_path / "r")
    tmp_path.chmod(0o700)
    assert code == 1
    assert "permission denied" in err


def test_no_arguments_show_the_help(run):
    code, _, err = run()
    assert code == 2
    assert "simulate" in err


def test_control_characters_of_a_name_are_shown_and_not_obeyed(run):
    _, _, err = run("check", "no\x1b[31m\x07file")
    assert r"no\x1b[31m\x07file" in err
    assert not CONTROL.search(err)


# --- what comes out -------------------------------------------------------------------------------------------


def test_json_is_one_document_with_the_promised_keys(run, finished, tmp_path):
    code, out, _ = run("check", CIRCUIT, "--json")
    assert (code, json.loads(out)) == (0, {"problems": []})
    code, out, _ = run("check", CIRCUIT, "--biology", "--json")
    assert json.loads(out)["biology"]
    code, out, _ = run("cost", CIRCUIT, "--profile", "cmos45", "--explain", "cortex", "--compare", "--json")
    assert {"operations", "memory_bits", "neurobench", "energy", "unpriced", "explain", "comparison"} <= {
        *json.loads(out)
    }
    code, out, _ = run("draw", CIRCUIT, "--out", tmp_path / "x.svg", "--json")
    assert json.loads(out) == {"pictures": [str(tmp_path / "x.svg")]}
    code, out, err = run(
        "simulate", CIRCUIT, "--decisions", "40", "--from", finished, "--out", tmp_path / "r", "--json"
    )
    document = json.loads(out)
    promised = {"final_return", "best_return", "decisions", "wall_seconds", "decisions_per_second"}
    assert promised | {"first_decision_seconds", "results"} <= {*document}
    assert len(document["final_return"]) == 2
    assert document["results"] == str(tmp_path / "r")
    assert "decisions" in err, "progress is told beside the document"


def test_a_finished_run_of_another_circuit_is_refused(run, finished):
    code, _, err = run("simulate", CIRCUIT, "--set", "populations.cortex.size=8", "--from", finished)
    assert code == 2
    assert "do not fit" in err
    assert "(8, 32)" in err or "has shape" in err


def test_an_unfinished_run_is_refused(run, finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "copy")
    summary = json.loads((copy / "summary.json").read_text())
    (copy / "summary.json").write_text(json.dumps({**summary, "finished": False}))
    code, _, err = run("simulate", CIRCUIT, "--from", copy)
    assert code == 2
    assert "is not finished" in err
    (copy / "summary.json").write_text(json.dumps(summary))
    (copy / "weights.nc").write_bytes(b"not a data set")
    code, _, err = run("simulate", CIRCUIT, "--from", copy)
    assert code == 2
    assert "cannot be read" in err


@pytest.mark.parametrize(
    "arguments", [["cost", CIRCUIT], ["cost", CIRCUIT, "--json"], ["check", CIRCUIT, "--json"]]
)
def test_a_closed_pipe_is_quiet(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*arguments, stdout=writing)
    os.close(writing)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_a_full_disk_is_told(json_too):
    with open("/dev/full", "w") as full:
        process = start("check", CIRCUIT, *json_too, stdout=full)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "no space left" in err
    assert "Traceback" not in err


def test_a_terminal_without_unicode_breaks_nothing():
    for arguments in (["cost", CIRCUIT], ["cost", CIRCUIT, "--json"]):
        process = start(*arguments, env={**os.environ, "PYTHONIOENCODING": "ascii"})
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        if "--json" in arguments:
            json.loads(out)


@pytest.mark.slow
def test_progress_is_one_live_line_on_a_terminal_and_plain_in_a_log(tmp_path):
    arguments = ("simulate", CIRCUIT, "--decisions", "400", "--seeds", "2", "--out")
    terminal, theirs = pty.openpty()
    live = start(*arguments, tmp_path / "live", stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # how a closed terminal reads
            break
    out, _ = live.communicate(timeout=60)
    os.close(terminal)
    assert live.returncode == 0
    assert b"compiling" in shown
    assert b"\x1b[2K" in shown, "the line is rewritten in place"
    assert not CONTROL.search(out)

    log = start(*arguments, tmp_path / "log")
    out, err = log.communicate(timeout=60)
    assert log.returncode == 0
    assert not CONTROL.search(out + err)
    first, *later = [line for line in err.splitlines() if " of " in line]
    assert "decisions/s" not in first, "the first stretch includes compilation"
    assert "left" not in first
    assert all("decisions/s" in line and "left" in line for line in later)
    assert later


# --- runs that go wrong ---------------------------------------------------------------------------------------


def test_a_diverging_run_stops_and_names_where(run, tmp_path):
    code, out, _ = run(
        "simulate",
        CIRCUIT,
        *DIVERGING,
        "--decisions",
        "400",
        "--seeds",
        "2",
        "--out",
        tmp_path / "r",
        "--json",
    )
    assert code == 1
    (problem,) = json.loads(out)["problems"]
    assert re.search(
        r"diverged: cortex_to_\w+\.w of seed \d is not finite, first seen in decision \d+$",
        problem["message"],
    )
    assert problem["where"].startswith("projections.cortex_to_")
    assert "learning_rate" in problem["hint"]
    assert str(tmp_path / "r" / "weights.nc") in problem["hint"]
    stored = nr.load_results(tmp_path / "r")
    assert (stored.decisions, stored.next_decision) == (200, 0)


def test_a_defect_is_a_message_and_a_file(run, monkeypatch):
    import neuro_rtrrl.cli.check

    def broken(*arguments):
        raise KeyError("a defect")

    monkeypatch.setattr(neuro_rtrrl.cli.check, "load_circuit", broken)
    code, _, err = run("check", CIRCUIT)
    assert code == 1
    log = Path(re.search(r"with the file (\S+)", err)[1])
    assert "KeyError: 'a defect'" in log.read_text()
    log.unlink()


# --- Ctrl-C ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A long run after one Ctrl-C: (folder, exit code, standard output, standard error)."""
    folder = tmp_path_factory.mktemp("runs") / "interrupted"
    process = start("simulate", CIRCUIT, "--decisions", "5000000", "--seeds", "1", "--out", folder)
    wait_for(process, " of 5,000,000")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return folder, process.returncode, out, err


def test_ctrl_c_keeps_what_was_recorded_and_says_so(interrupted):
    folder, code, out, err = interrupted
    assert code == 130
    assert "Traceback" not in err
    assert "what was recorded is kept" in err
    result = nr.load_results(folder)
    assert result.interrupted
    assert 0 < result.decisions < 5_000_000
    assert f"interrupted; kept the first {result.decisions:,} decisions" in out
    assert str(folder) in out
    assert result["dopamine"].sizes["decision"] == result.decisions
    assert result.next_decision == result.decisions


def test_an_interrupted_run_can_be_continued(interrupted, run, tmp_path):
    folder, *_ = interrupted
    code, out, _ = run(
        "simulate", CIRCUIT, "--from", folder, "--decisions", "40", "--out", tmp_path / "r", "--json"
    )
    assert code == 0
    assert json.loads(out)["next_decision"] == nr.load_results(folder).decisions + 40


def test_ctrl_c_again_and_again_loses_nothing(tmp_path):
    process = start(
        "simulate", CIRCUIT, "--decisions", "5000000", "--seeds", "1", "--out", tmp_path / "r", "--json"
    )
    wait_for(process, " of 5,000,000")
    for pause in (0.0, 0.02, 0.1, 0.3):
        try:
            process.wait(pause)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert json.loads(out)["interrupted"]
    assert nr.load_results(tmp_path / "r").decisions == json.loads(out)["decisions"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_before_the_first_stretch_leaves_nothing_behind(signum, tmp_path):
    process = start("simulate", CIRCUIT, "--decisions", "5000000", "--out", tmp_path / "r", "--json")
    wait_for(process, "compiling")
    process.send_signal(signum)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "before anything was recorded" in json.loads(out)["problems"][0]["message"]
    assert not (tmp_path / "r").exists()


def test_an_interruption_that_python_swallows_is_sent_again(run, monkeypatch):
    import time

    import neuro_rtrrl.cli.check

    class Garbage:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)
            list(range(10))

    def slow(*arguments):
        Garbage()
        time.sleep(10)

    monkeypatch.setattr(neuro_rtrrl.cli.check, "load_circuit", slow)
    began = time.monotonic()
    code, _, err = run("check", CIRCUIT)
    assert code == 130
    assert "interrupted" in err
    assert time.monotonic() - began < 5
