"""What is wrong with an intervention is told with its place, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.cli.main import main

BG = (Path(__file__).parents[2] / "circuits" / "bg.yaml").read_text()

#: Name → what stands under 'interventions', the message, what else is told.
REFUSED = {
    "two kinds": ("{lesion: dopamine, silence: cortex}", "does 2: lesion, silence", "available: "),
    "no kind": ("{fraction: 0.5}", "say which, and to what", "{lesion: dopamine, fraction: 0.8}"),
    "unknown part": ("{lesion: dopamin, from: 1 s}", "no part of the circuit to lesion", "did you mean 'dopamine'?"),
    "unknown population": ("{silence: cortx}", "no population 'cortx'", "did you mean 'cortex'?"),
    "unknown input": ("{stimulate: cortex.v, amplitude: 1}", "'cortex.v' is no input", "cortex.u, cortex.feedback"),
    "unknown modulator": ("{antagonist: dopamin, dose: 1, half_dose: 1}", "no neuromodulator", "'dopamine'?"),
    "unknown receptors": (
        "{antagonist: dopamine, dose: 1, half_dose: 1, target: cortcal}", "no group of plasticity", "'cortical'?",
    ),
    "unknown group": ("{freeze: cortex_recurrent}", "no group of plasticity", "learns in group 'cortical'"),
    "a key of another kind": ("{silence: cortex, amplitude: 1}", "'silence' takes no 'amplitude'", "neurons"),
    "no amplitude": ("{stimulate: cortex}", "'stimulate' needs 'amplitude'", "amplitude"),
    "no dose": ("{antagonist: dopamine, half_dose: 1}", "'antagonist' needs 'dose'", ""),
    "an amplitude in another unit": ("{stimulate: cortex.u, amplitude: 5 mV}", "is in 1, and this is in volt", "5 mV"),
    "doses in two units": ("{antagonist: dopamine, dose: 1, half_dose: 1 mV}", "'half_dose' is in volt", ""),
    "a negative deviation": ("{noise: cortex, deviation: -0.1}", "a deviation cannot be negative", "-0.1"),
    "a negative dose": ("{antagonist: dopamine, dose: -1, half_dose: 1}", "'dose' is 0 or more", "-1"),
    "no half dose": ("{antagonist: dopamine, dose: 1, half_dose: 0}", "'half_dose' is more than 0", ""),
    "neurons that are not there": ("{silence: cortex, neurons: 30-33}", "has 32 neurons", "from 0 to 31"),
    "to before from": ("{silence: cortex, from: 2 s, to: 1 s}", "'to' must be later than 'from' (2 s)", "1 s"),
    "between two decisions": ("{silence: cortex, from: 1.01 s}", "a whole multiple of the decision", "1 s or 1.02 s"),
    "every without to": ("{silence: cortex, every: 1 s}", "this has no 'to'", ""),
    "a pulse longer than its period": ("{silence: cortex, to: 2 s, every: 1 s}", "does not fit into 'every'", ""),
    "until without every": ("{silence: cortex, until: 1 s}", "'until' ends what 'every' repeats", ""),
    "a time without unit": ("{silence: cortex, from: 1}", "a time with its unit is due", "20 ms"),
    "a policy": ("{silence: dorsal_striatum}", "are the policy and sum to 1", "negative amplitude"),
    "noise of a readout": ("{noise: ventral_striatum, deviation: 1}", "has no noise of every dt", ""),
    "a time beyond all runs": ("{silence: cortex, from: 1000000 h}", "no run goes on until", ""),
}  # fmt: skip


def written(tmp_path, *interventions: str) -> Path:
    head, _, _ = BG.partition("interventions:\n")
    lines = [f"  i{number}: {each}\n" for number, each in enumerate(interventions)]
    (tmp_path / "c.yaml").write_text(head + "interventions:\n" + "".join(lines))
    return tmp_path / "c.yaml"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_with_its_place(name, tmp_path):
    text, message, more = REFUSED[name]
    path = written(tmp_path, text)
    problems = nr.check(path)
    assert problems
    told = "\n".join(map(str, problems))
    line = len(path.read_text().splitlines())
    assert message in told
    assert more in told
    assert all(each.location is not None and each.location.line == line for each in problems), told


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    told = nr.check(
        written(tmp_path, "{silence: cortx}", "{freeze: cortcal}", "{lesion: dopamine, from: 1 ms}")
    )
    assert [each.where for each in told] == [
        "interventions.i0.silence",
        "interventions.i1.freeze",
        "interventions.i2.from",
    ]


#: Name → two interventions that cannot both act, and why.
CONTRADICTIONS = {
    "silence and stimulate": (
        "{silence: cortex, neurons: 0-3, from: 1 s, to: 2 s}",
        "{stimulate: cortex, amplitude: 1, neurons: [3, 9], from: 1.5 s}",
        "one silences and one stimulates",
    ),
    "two lesions": (
        "{lesion: dopamine, from: 1 s}",
        "{lesion: dopamine, from: 2 s, to: 3 s}",
        "both lesion 'dopamine'",
    ),
    "two lesions of a modulator without times": (
        "{lesion: dopamine, fraction: 0.8}",
        "{lesion: dopamine, fraction: 0.5}",
        "both lesion 'dopamine'",
    ),
    "a lesion of a projection without times and one with": (
        "{lesion: cortex_recurrent, fraction: 0.5}",
        "{lesion: cortex_recurrent, fraction: 0.5, from: 1 s}",
        "both lesion 'cortex_recurrent'",
    ),
    "frozen twice": ("{freeze: cortical, to: 1 s}", "{freeze: cortical}", "both freeze 'cortical'"),
    "pulses": (
        "{silence: cortex, to: 20 ms, every: 80 ms}",
        "{stimulate: cortex, amplitude: 1, from: 40 ms, to: 60 ms, every: 120 ms}",
        "one silences and one stimulates",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_interventions_that_contradict_each_other_are_refused_with_their_place(name, tmp_path):
    one, other, why = CONTRADICTIONS[name]
    path = written(tmp_path, one, other)
    assert nr.check(path) == ()  # either may be asked for by itself
    for first, second in (("i0", "i1"), ("i1", "i0")):
        with pytest.raises(nr.CircuitError, match=why) as caught:
            nr.load(path).intervene(first).intervene(second)
        assert caught.value.problems[0].location is not None


def test_what_does_not_meet_is_not_refused(tmp_path):
    path = written(
        tmp_path,
        "{silence: cortex, to: 1 s}",
        "{stimulate: cortex, amplitude: 1, from: 1 s}",
        "{lesion: dopamine, fraction: 0.5, to: 1 s}",
        "{lesion: dopamine, fraction: 0.9, from: 1 s}",
    )
    circuit = nr.load(path)
    for name in circuit.interventions:
        circuit = circuit.intervene(name)
    assert len(circuit.events) == 4


@pytest.mark.parametrize(
    "text",
    [
        "{noise: cortex, deviation: 0.1}",
        "{lesion: dopamine, fraction: 0.8}",
        "{lesion: cortex_recurrent, fraction: 0.5}",
        "{lesion: cortex, fraction: 0.5}",
    ],
)
def test_the_same_intervention_twice_is_refused(text, tmp_path):
    circuit = nr.load(written(tmp_path, text)).intervene("i0")
    with pytest.raises(nr.CircuitError, match="in force already"):
        circuit.intervene("i0")


def test_lesions_of_two_parts_and_lesions_that_a_script_makes_add_up(tmp_path):
    circuit = nr.load(
        written(tmp_path, "{lesion: dopamine, fraction: 0.5}", "{lesion: cortex, fraction: 0.5}")
    )
    both = circuit.intervene("i0").intervene("i1")
    assert both.told["interventions"] == ["i0: lesion of dopamine by 0.5", "i1: lesion of cortex by 0.5"]
    twice = circuit.intervene("i0").lesion("dopamine", 0.5)
    assert twice.neuromodulators["dopamine"].parameters["gain"] == 0.25


def test_a_group_that_does_not_learn_cannot_be_frozen(tmp_path):
    path = written(tmp_path, "{freeze: cortical, from: 1 s}")
    assert "its learning_rate is 0" in str(nr.check(path, ["plasticity.cortical.learning_rate=0"])[0])
    with pytest.raises(nr.CircuitError, match="all plasticity is frozen"):
        nr.load(path).freeze().intervene("i0")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str]:
        code = 0
        try:
            main(list(words))
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out + told.err

    return command


def test_a_lesion_that_is_asked_for_twice_is_refused_before_anything_runs(run, tmp_path):
    written(tmp_path, "{lesion: dopamine, fraction: 0.8}")
    twice = ("--with", "i0", "--with", "i0")
    code, told = run("simulate", "c.yaml", *twice, "--decisions", "10", "--seeds", "1", "--out", "r")
    assert code == 2
    assert "intervention 'i0' is in force already" in told
    assert "hint: name it once" in told
    assert not (tmp_path / "r").exists()


def test_an_event_outside_the_run_is_refused_before_anything_runs(run, tmp_path):
    written(tmp_path, "{lesion: dopamine, from: 600 s}")
    code, told = run("simulate", "c.yaml", "--with", "i0", "--decisions", "100", "--seeds", "1", "--out", "r")
    assert code == 2
    assert "begins at 600 s, and the run ends at 2 s" in told
    assert "c.yaml:" in told
    assert not (tmp_path / "r").exists()


def test_check_lists_the_interventions(run, tmp_path):
    written(tmp_path, "{silence: cortex, neurons: 0-7, from: 10 s, to: 11 s}")
    code, told = run("check", "c.yaml")
    assert code == 0
    assert "intervention i0: silence of cortex, 8 neurons from 10 s to 11 s" in told


def test_a_dose_can_be_set_on_the_command_line(run, tmp_path):
    written(tmp_path, "{antagonist: dopamine, dose: 1, half_dose: 0.5}")
    code, told = run("cost", "c.yaml", "--with", "i0", "--set", "interventions.i0.dose=0", "--json")
    plain = run("cost", "c.yaml", "--json")
    assert (code, told) == (0, plain[1])
    assert run("cost", "c.yaml", "--with", "i0", "--json")[1] != plain[1]


def test_where_no_clock_runs_timed_interventions_are_refused(tmp_path):
    from neuro_rtrrl.deploy import check_exportable
    from neuro_rtrrl.exchange import export_nir
    from neuro_rtrrl.ledger.word_lengths import word_lengths

    circuit = nr.load(written(tmp_path, "{silence: cortex, from: 20 ms}")).intervene("i0")
    words = word_lengths(None, ["weight=16"])
    for refused in (
        lambda: check_exportable(circuit, False),
        lambda: export_nir(circuit, tmp_path / "c.nir"),
        lambda: nr.simulate(circuit, decisions=5, seeds=1, words=words),
    ):
        with pytest.raises(nr.CircuitError, match="intervention 'i0' cannot act") as caught:
            refused()
        assert caught.value.problems[0].location is not None


def test_a_stand_alone_program_refuses_them(tmp_path):
    pytest.importorskip("brian2")
    circuit = nr.load(Path(__file__).parents[2] / "circuits" / "stdp.yaml").silence("neurons", start="1 ms")
    with pytest.raises(nr.CircuitError, match="cannot act in a stand-alone program"):
        nr.simulate(circuit, decisions=5, backend="brian2", codegen="standalone")
