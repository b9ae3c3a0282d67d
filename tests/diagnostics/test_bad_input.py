"""Bad files, end to end: `check` and `simulate` end with exit code 2, the place and what to do, and leave nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.diagnostics.test_user_models import RULE, USE_RULE, with_model

ROOT = Path(__file__).parents[2]
CIRCUIT = (ROOT / "circuits" / "bg.yaml").read_text(encoding="utf-8")
PROFILE = (ROOT / "hardware_profiles" / "cmos45.yaml").read_text(encoding="utf-8")
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
RECURRENT = "cortex_recurrent:  {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical}"


def edited(old: str, new: str) -> str:
    assert old in CIRCUIT, old
    return CIRCUIT.replace(old, new, 1)


# name: the file's text, what the message says, and what it points to or hints at
FILES = {
    "nothing in it": ("", "the file is empty", "begin with 'circuit: a_name'"),
    "no YAML": (edited("timing: {", "timing: {{"), "c.yaml:", ""),
    "tabs": (edited("  sensory:\n", "\tsensory:\n"), "c.yaml:", "tab"),
    "a list": ("- circuit\n", "a circuit file holds 'key: value' pairs", ""),
    "not text": ("circuit: \x00\x01", "c.yaml:1:", ""),
    "unknown key": (edited("discount: 0.99", "discont: 0.99"), "discont", "did you mean 'discount'?"),
    "unknown section": (edited("populations:", "poplations:"), "poplations", "did you mean 'populations'?"),
    "key written twice": (edited("format: 1", "format: 1\nformat: 1"), "the key 'format' appears twice", "line 11"),
    "misspelt neuron": (edited("neuron: ctrnn", "neuron: ctrn"), "ctrn", "did you mean 'ctrnn'?"),
    "misspelt rule": (edited("rule: rflo_td", "rule: rflo"), "rflo", "did you mean 'rflo_td'?"),
    "misspelt population": (
        edited("{source: cortex, target: cortex,", "{source: cortx, target: cortex,"),
        "cortx", "did you mean 'cortex'?",
    ),
    "wrong unit": (edited("dt: 20 ms", "dt: 20 mV"), "mV", "20 ms"),
    "unknown unit": (edited("dt: 20 ms", "dt: 20 msec"), "msec", ""),
    "bare number": (edited("dt: 20 ms", "dt: 20"), "a time with its unit is due here", '"20 ms"'),
    "fraction of a step": (edited("decision_interval: 20 ms", "decision_interval: 30 ms"), "decision_interval", ""),
    "size mismatch": (edited("size: actions", "size: 3"), "dorsal_striatum", "2"),
    "dangling reference": (edited("critic: ventral_striatum", "critic: amygdala"), "amygdala", "ventral_striatum"),
    "dangling plasticity": (edited("plasticity: corticostriatal}", "plasticity: nigral}"), "nigral", "corticostriatal"),
    "circle of populations that act at once": (
        edited(
            RECURRENT, f"{RECURRENT}\n  back: {{source: ventral_striatum, target: ventral_striatum, weights: zeros}}"
        ),
        "ventral_striatum", "",
    ),
    "NaN": (edited("learning_rate: 1e-3", "learning_rate: .nan"), "must be finite", "found: ."),
    "infinite": (edited("learning_rate: 1e-3", "learning_rate: .inf"), "must be finite", "found: ."),
    "negative": (edited("learning_rate: 1e-3", "learning_rate: -1e-3"), "learning_rate", ""),
    "negative time": (edited("dt: 20 ms", "dt: -20 ms"), "dt", ""),
    "negative size": (edited("size: 32", "size: -32"), "size", ""),
    "alias bomb": (BOMB, "alias", ""),
    "deep nesting": ("a: " + "[" * 100_000, "c.yaml:1:", ""),
    "unknown environment": (
        edited("MemoryChain-bsuite", "MemoryChian-bsuite"), "no environment", "did you mean 'MemoryChain-bsuite'?",
    ),
    "continuous actions": (
        edited("MemoryChain-bsuite\n  parameters: {memory_length: 8}", "Pendulum-v1"),
        "takes 1 continuous action", "use 'neuron: gaussian'",
    ),
    "unknown parameter": (edited("memory_length: 8", "length: 8"), "length", "memory_length"),
    "a rule that reads what it cannot see": (
        with_model(RULE.replace("(slope_post*r_pre", "(r_all"), *USE_RULE),
        "rule 'my_rule' reads 'r_all', which no synapse of this projection can see", "available: ",
    ),
    "unknown variable recorded": (edited("variable: cortex.r,", "variable: cortex.rate,"), "cortex.rate", "c.yaml:"),
    "unknown interval": (edited("every: decision}", "every: blink}"), "blink", "decision"),
    "unknown neurons recorded": (edited("neurons: 0-7", "neurons: 0-99"), "99", "c.yaml:"),
    "lesion of nothing": (edited("lesion: dopamine", "lesion: dopamin"), "dopamin", "did you mean 'dopamine'?"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_bad_circuit_ends_in_its_message_and_exit_code_2(name, run, tmp_path):
    text, message, hint = FILES[name]
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    began = time.process_time()
    code, out, err = run("check", "c.yaml")
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert "c.yaml:" in err, "where"
    assert time.process_time() - began < 5
    code, out, _ = run("simulate", "c.yaml", "--json")
    assert code == 2
    problems = json.loads(out)["problems"]
    assert {"file", "line", "column", "message", "hint"} <= problems[0].keys()
    assert problems[0]["file"] == "c.yaml"
    assert [each.name for each in tmp_path.iterdir()] == ["c.yaml"], (
        "nothing is made for a run that cannot be"
    )


@pytest.mark.parametrize("command", ["simulate", "check", "cost", "draw", "parity", "study"])
def test_every_command_refuses_what_is_no_circuit(command, run, tmp_path):
    (tmp_path / "bg.yaml").write_text(CIRCUIT, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    code, out, err = run(command, "bg.yml")
    assert (code, out) == (2, "")
    assert "there is no such file" in err
    assert "did you mean 'bg.yaml'?" in err
    code, _, err = run(command, "folder")
    assert code == 2
    assert f"this is a folder, not a {'study' if command == 'study' else 'circuit'} file" in err
    with (tmp_path / "large.yaml").open("wb") as large:
        large.truncate(100_000_000)
    began = time.process_time()
    code, _, err = run(command, "large.yaml")
    assert code == 2
    assert "larger than 1 MB" in err
    assert time.process_time() - began < 1, "told without reading it"
    (tmp_path / "latin.yaml").write_bytes(b"circuit: caf\xe9\n")
    code, _, err = run(command, "latin.yaml")
    assert code == 2
    assert "latin.yaml:1:13" in err
    assert "not UTF-8" in err


STUDY = "study: s\nformat: 1\ndecisions: 300\nrows:\n  one: {circuit: bg.yaml}\n"
STUDIES = {
    "nothing in it": ("", "the file is empty", "begin with 'study: a_name'"),
    "no YAML": (STUDY.replace("one: {", "one: {{"), "s.yaml:", ""),
    "tabs": (STUDY.replace("  one", "\tone"), "s.yaml:", "tab"),
    "a list": ("- study\n", "a study file holds 'key: value' pairs", ""),
    "alias bomb": (BOMB, "alias", ""),
    "deep nesting": ("a: " + "[" * 100_000, "s.yaml:1:", ""),
    "a circuit": (CIRCUIT, "this is a circuit file, not a study file", "neuro-rtrrl simulate runs it"),
    "key written twice": (STUDY.replace("format: 1", "format: 1\nformat: 1"), "the key 'format' appears twice", ""),
    "another format": (STUDY.replace("format: 1", "format: 2"), "'format' must be one of", "available: 1"),
    "misspelt key": (STUDY.replace("decisions", "decision"), "'decision' is not known here", "'decisions'"),
    "no rows": (STUDY.replace("  one: {circuit: bg.yaml}\n", ""), "rows", "must not be empty"),
    "a row of nothing": (STUDY.replace("{circuit: bg.yaml}", ""), "rows.one", "key: value"),
    "negative decisions": (STUDY.replace("300", "-300"), "a whole number from 1", "500_000"),
    "infinite criterion": (f"criterion: .inf\n{STUDY}", "every number must be finite", ""),
    "no such circuit": (STUDY.replace("bg.yaml", "gb.yaml"), "there is no such circuit file", "bg.yaml"),
    "a wrong value of the circuit": (
        STUDY.replace("bg.yaml}", 'bg.yaml, set: ["timing.dt=20"]}'), "a time with its unit is due", '"20 ms"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_a_bad_study_ends_in_its_message_and_exit_code_2(name, run, tmp_path):
    text, message, hint = STUDIES[name]
    (tmp_path / "bg.yaml").write_text(CIRCUIT, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    began = time.process_time()
    code, out, err = run("study", "s.yaml")
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert "s.yaml:" in err, "where"
    assert time.process_time() - began < 5
    code, out, _ = run("study", "s.yaml", "--json")
    assert code == 2
    assert json.loads(out)["problems"][0]["file"] == "s.yaml"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bg.yaml", "s.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begin with 'profile: a_name'"),
        ("- a\n", "a hardware profile holds 'key: value' pairs"),
        ("a: [", "p.yaml:1:"),
        (PROFILE.replace("format: 1", "format: 2", 1), "format"),
        (PROFILE.replace("title:", "titel:", 1), "did you mean 'title'?"),
    ],
)
def test_a_bad_hardware_profile_is_told_as_one(text, message, run, tmp_path):
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "bg.yaml").write_text(CIRCUIT, encoding="utf-8")
    code, out, err = run("cost", "bg.yaml", "--profile", "p.yaml")
    assert (code, out) == (2, "")
    assert message in err
    assert "circuit" not in err
    code, out, _ = run("cost", "bg.yaml", "--profile", "p.yaml", "--json")
    assert code == 2
    assert json.loads(out)["problems"]
