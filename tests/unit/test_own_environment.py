"""A user's own environment in one file: made, run on both machines, known by its content, its errors told in place."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl import load, parity, simulate
from neuro_rtrrl.cli import main
from neuro_rtrrl.environments.own_file import read_own_file
from neuro_rtrrl.errors import CircuitError, RunError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment
from neuro_rtrrl.studies.jobs import jobs_of, run_job
from neuro_rtrrl.studies.load import load_study

ROOT = Path(__file__).parents[2]
BASAL_GANGLIA = (ROOT / "circuits" / "bg.yaml").read_text(encoding="utf-8")
WRITTEN = "environment:\n  name: MemoryChain-bsuite\n  parameters: {memory_length: 8}\n"
HEAD = "import jax\nimport jax.numpy as jnp\nfrom neuro_rtrrl.environments.base import Environment\n\n"
CORRIDOR = (
    HEAD
    + '''
def make(length=3, pay=1.0):
    """Walk on with action 1; the end of the corridor pays."""

    def seen(place):
        return jnp.stack([place / length, place == 0])

    def reset(key):
        return seen(jnp.int32(0)), {"place": 0}

    def step(key, state, action):
        place = state["place"] + (action == 1)
        return seen(place), {"place": place}, pay * (place == length), place == length, False

    return Environment("Corridor", ("distance", "start"), 2, reset, step)
'''
)


@pytest.fixture
def circuit_file(tmp_path) -> Path:
    path = tmp_path / "mine.yaml"
    assert WRITTEN in BASAL_GANGLIA
    task = "environment: {name: Corridor, file: tasks/corridor.py, parameters: {length: 4}}\n"
    path.write_text(BASAL_GANGLIA.replace(WRITTEN, task), encoding="utf-8")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "corridor.py").write_text(CORRIDOR, encoding="utf-8")
    return path


def problem_of(circuit_file: Path, code: str | None = None, *overrides: str):
    if code is not None:
        (circuit_file.parent / "tasks" / "corridor.py").write_text(code, encoding="utf-8")
    with pytest.raises(CircuitError) as caught:
        load(circuit_file, overrides)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_its_sizes_names_and_parameters_reach_the_circuit(circuit_file):
    chosen = load(circuit_file).environment
    assert chosen.observation == ("distance", "start")
    assert str(chosen.actions) == "2 actions"
    assert chosen.parameters == {"length": 4}
    assert load(circuit_file, ["environment.observe=[start]"]).environment.observation == ("start",)


def test_what_the_file_says_is_what_is_run(circuit_file):
    circuit = load(circuit_file, ["record=[{variable: action}, {variable: sensory.r}]"])
    result = simulate(circuit, decisions=300, seeds=1)
    actions = result.recordings["action"].values[0]
    shown = result.recordings["sensory_r"].values[0]
    place = 0.0
    for decision in range(1, 300):
        place = 0 if place == 4 else place + (actions[decision - 1] == 1)
        assert shown[decision, 0] == pytest.approx(place / 4), decision
    assert (result.episodes.table.total == 1.0).all()
    assert len(result.episodes) > 20


def test_both_machines_agree_on_it(circuit_file):
    report = parity(load(circuit_file), decisions=30)
    assert report.agrees


def test_numbers_of_any_type_are_taken_and_counted_in_the_types_of_a_loop(circuit_file):
    import jax

    environment = make_environment(load(circuit_file))
    observation, state = environment.reset(jax.random.key(0))
    observation, state, reward, terminated, truncated = environment.step(jax.random.key(0), state, 1)
    assert observation.dtype == reward.dtype == jax.numpy.result_type(float)
    assert terminated.dtype == truncated.dtype == bool
    assert not state["place"].weak_type


def test_running_somebodys_code_is_said_once(circuit_file, caplog):
    (circuit_file.parent / "tasks" / "corridor.py").write_text(CORRIDOR + "\n# said once\n")
    with caplog.at_level(logging.WARNING, "neuro_rtrrl"):
        load(circuit_file)
        load(circuit_file)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"running {circuit_file.parent / 'tasks' / 'corridor.py'}, which the circuit names as its environment"
    ]


def test_the_command_line_says_it_on_standard_error(circuit_file):
    command = [sys.executable, "-m", "neuro_rtrrl", "check", "mine.yaml"]
    done = subprocess.run(command, cwd=circuit_file.parent, capture_output=True, text=True, check=True)
    assert done.stderr == "running tasks/corridor.py, which the circuit names as its environment\n"
    assert done.stdout.startswith("mine.yaml: no problems")


def test_its_content_is_part_of_the_circuits_identity_and_its_place_is_not(circuit_file, tmp_path):
    before = load(circuit_file).hash
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "tasks").mkdir(parents=True)
    for name in ("mine.yaml", "tasks/corridor.py"):
        (elsewhere / name).write_bytes((tmp_path / name).read_bytes())
    assert load(elsewhere / "mine.yaml").hash == before
    code = circuit_file.parent / "tasks" / "corridor.py"
    code.write_text(CORRIDOR.replace("place == length, False", "place >= length, False"))
    assert load(circuit_file).hash != before


def test_a_file_that_changed_since_is_not_run(circuit_file):
    circuit = load(circuit_file)
    (circuit_file.parent / "tasks" / "corridor.py").write_text(CORRIDOR + "\n")
    with pytest.raises(RunError, match="has changed since the circuit was read"):
        simulate(circuit, decisions=10, seeds=1)


def test_results_keep_the_code_and_can_be_run_again(circuit_file, tmp_path):
    result = simulate(load(circuit_file), decisions=20, seeds=1, out=tmp_path / "results")
    kept = load(tmp_path / "results" / "circuit.yaml")
    assert kept.hash == load(circuit_file).hash == result.provenance["circuit_hash"]
    again = simulate(kept, decisions=20, seeds=1)
    np.testing.assert_array_equal(again.state["cortex_recurrent.w"], result.state["cortex_recurrent.w"])


def test_a_run_that_recorded_nothing_takes_the_code_back(circuit_file, tmp_path, monkeypatch):
    monkeypatch.setattr("neuro_rtrrl.simulation.make_program", lambda *_, **__: 1 / 0)
    with pytest.raises((SystemExit, ZeroDivisionError)):
        main(["simulate", str(circuit_file), "--out", str(tmp_path / "results")])
    assert not (tmp_path / "results").exists()


def test_a_study_runs_it_and_notices_an_edit(circuit_file):
    study_file = circuit_file.parent / "s.yaml"
    study_file.write_text(
        "study: s\nformat: 1\nseeds: 1\ndecisions: 60\nwindow: 5\nrows:\n  one: {circuit: mine.yaml}\n"
    )
    study = load_study(study_file)
    (job,) = jobs_of(study, study.rows[0])
    assert run_job(job).record["scores"]["episodes"] > 3
    (circuit_file.parent / "tasks" / "corridor.py").write_text(CORRIDOR + "# another\n")
    (problem,) = run_job(job).problems
    assert "has changed since the study began" in problem.message


# --- what is wrong with the file, told where it is


BREAKS = {  # in the user's file: the code, line and column, what is said
    "no Python": ("def make(:\n", (1, 10), "SyntaxError"),
    "stops at once": ("import sys\nsys.exit()\n", (2, 1), "SystemExit"),
    "raises at once": ("x = 1\ny = x + z\n", (2, 9), "name 'z' is not defined"),
    "nothing to call": ("x = 1\n", (1, 1), "has no function 'make'"),
    "raises when made": ("def make(length):\n    return 1 / 0\n", (2, 12), "ZeroDivisionError"),
    "raises in reset": (CORRIDOR.replace("seen(jnp.int32(0))", "jnp.seen(0)"), (13, 16), "fails in 'reset'"),
    "raises in step": (CORRIDOR.replace("pay * (", "payy * ("), (17, 47), "name 'payy' is not defined"),
    "decides by what is only known in a run": (
        CORRIDOR.replace("        place = state", "        if action: pass\n        place = state"),
        (16, 9), "TracerBoolConversionError",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_in_the_users_code_is_told_at_its_line(circuit_file, name):
    code, place, message = BREAKS[name]
    problem = problem_of(circuit_file, code)
    assert message in problem.message
    assert problem.location.file == str(circuit_file.parent / "tasks" / "corridor.py")
    assert (problem.location.line, problem.location.column) == place


FORMS = {
    "no environment": ("def make(length):\n    return 1\n", "returned int and not an Environment"),
    "another shape": (CORRIDOR.replace("[place / length, place == 0]", "[place]"), "another shape"),
    "two things from step": (
        CORRIDOR.replace(", pay * (place == length), place == length, False", ""),
        "must return",
    ),
    "a reward for each": (
        CORRIDOR.replace("pay * (place == length)", "jnp.zeros(2)"),
        "one number as 'reward'",
    ),
    "an end that is a number": (
        CORRIDOR.replace("length, False", "length, 0.0"),
        "true or false as 'truncated'",
    ),
    "another state": (CORRIDOR.replace('{"place": place}', '{"spot": place}'), "a state of another form"),
    "a state of another type": (
        CORRIDOR.replace('{"place": place}', '{"place": place / 2}'),
        "state['place']",
    ),
    "the same name twice": (CORRIDOR.replace('"start"', '"distance"'), "the same name"),
    "no actions": (CORRIDOR.replace('"start"), 2,', '"start"), 0,'), "says with 'actions'"),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_has_not_the_form_of_an_environment_is_told_at_its_name(circuit_file, name):
    code, message = FORMS[name]
    problem = problem_of(circuit_file, code)
    assert message in problem.message
    assert problem.where == "environment.name"
    assert problem.location.file == str(circuit_file)


@pytest.mark.parametrize(
    ("override", "where", "message"),
    [
        ("environment.file=../mine.py", "environment.file", "in the folder of this file or below it"),
        ("environment.file=/etc/mine.py", "environment.file", "in the folder of this file or below it"),
        ("environment.file=tasks/corridor.txt", "environment.file", "a Python file"),
        ("environment.file=tasks/coridor.py", "environment.file", "there is no such file"),
        ("environment.file=[1]", "environment.file", "a Python file"),
        ("environment.file=outside.py", "environment.file", "lies in the circuit's folder"),
        ("environment.name=CartPole-v1", "environment.name", "comes with the package"),
        ("environment.parameters={lenght: 3}", "environment.parameters", "refuses its parameters"),
        ("environment.observe=[distanc]", "environment.observe.0", "no observation 'distanc'"),
    ],
)
def test_what_does_not_fit_is_told_in_the_circuit_file(
    circuit_file, tmp_path_factory, override, where, message
):
    other = tmp_path_factory.mktemp("other") / "outside.py"
    other.write_text(CORRIDOR)
    (circuit_file.parent / "outside.py").symlink_to(other)
    problem = problem_of(circuit_file, None, override)
    assert message in problem.message
    assert problem.where == where
    assert problem.location is not None


def test_the_schema_and_the_code_are_judged_at_once(circuit_file):
    circuit_file.write_text(circuit_file.read_text().replace("format: 1", "format: 1\nwrong_key: 1"))
    (circuit_file.parent / "tasks" / "corridor.py").write_text(CORRIDOR.replace("pay * (", "payy * ("))
    with pytest.raises(CircuitError) as caught:
        load_circuit(circuit_file)
    assert [Path(problem.location.file).name for problem in caught.value.problems] == [
        "mine.yaml",
        "corridor.py",
    ]


def test_what_was_hashed_is_what_is_read(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    own = read_own_file(tmp_path, "a.py")
    assert own.content() == b"x = 1\n"
    assert len(own.digest) == 64


NOTHING = """import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment


def make():
    def reset(key):
        return jnp.ones(1), {"nothing": jnp.zeros((0,)), "time": jnp.int32(0)}

    def step(key, state, action):
        after = state | {"time": state["time"] + 1}
        return jnp.ones(1), after, jnp.float32(1), after["time"] >= 3, jnp.bool_(False)

    return Environment("Nothing", observation=("light",), actions=2, reset=reset, step=step)
"""


def test_an_empty_array_in_its_state_ends_no_process(tmp_path):
    (tmp_path / "nothing.py").write_text(NOTHING)
    (tmp_path / "bg.yaml").write_text((ROOT / "circuits" / "bg.yaml").read_text())
    settings = ["environment={name: Nothing, file: nothing.py}", "populations.cortex.size=8"]
    result = simulate(load(tmp_path / "bg.yaml", settings), decisions=40, seeds=1, kernel="xla")
    assert len(result.episodes) == 10
