"""One wrong protocol per message; ``§`` marks where the error points."""

from __future__ import annotations

import pytest

from neuro_rtrrl.errors import CircuitError
from tests.protocols import CHANCE, CONDITIONING, PRESSING, built, document

LIGHT = "stimulus: light, at: 0.2 s, for: 0.3 s"
CASES = {
    "a time between two decisions": (
        CONDITIONING,
        [("at: 0.6 s", "at: §0.65 s")],
        "this must be a whole multiple of the decision interval (0.1 s)",
        "0.65 s",
    ),
    "an interval between two decisions": (
        CHANCE,
        [("minimum: 0.2 s", "minimum: §0.25 s")],
        "this must be a whole multiple of the decision interval (0.1 s)",
        "0.25 s",
    ),
    "a bare number for a time": (
        CONDITIONING,
        [("at: 0.6 s", "at: §0.6")],
        "a time with its unit is due here",
        "20 ms",
    ),
    "a negative time": (CONDITIONING, [("at: 0.6 s", "at: §-0.6 s")], "a time cannot be negative", ""),
    "an unknown stimulus": (
        CONDITIONING,
        [
            (
                "{stimulus: light, at: 0.2 s, for: 0.3 s, value",
                "{stimulus: §ligt, at: 0.2 s, for: 0.3 s, value",
            )
        ],
        "there is no stimulus 'ligt'",
        "did you mean 'light'?",
    ),
    "a strength of chance without its upper end": (
        CONDITIONING,
        [("value: 0.5", "value: §{uniform: 0.5}")],
        "this is not what a stimulus shows",
        "",
    ),
    "a strength whose ends are turned round": (
        CONDITIONING,
        [("value: 0.5", "value: {uniform: §[1, 0]}")],
        "the first number must be less than the second",
        "",
    ),
    "a stimulus after the trial's end": (
        CONDITIONING,
        [(f"[{{{LIGHT}}}", "[§{stimulus: light, at: 0.8 s, for: 0.3 s}")],
        "this stimulus would last beyond the trial's end, 1 s after its start",
        "1.1 s",
    ),
    "a reward after the trial's end": (
        CONDITIONING,
        [("{reward: 2, at: 0.6 s}", "§{reward: 2, at: 1 s}")],
        "this reward would last beyond the trial's end, 1 s after its start",
        "1 s",
    ),
    "a stimulus over itself": (
        CONDITIONING,
        [(f"[{{{LIGHT}}},", f"[{{{LIGHT}}}, §{{stimulus: light, at: 0.4 s, for: 0.1 s}},")],
        "'light' is shown already at this time",
        "let it begin when the other has ended",
    ),
    "a stimulus that may fall on itself": (
        CHANCE,
        [("for: 0.2 s, value: 2}", "for: 0.2 s, value: 2}, §{stimulus: tone, at: 0.5 s, for: 0.1 s}")],
        "'tone' is shown already at this time",
        "",
    ),
    "a probability of an event beyond 1": (
        CHANCE,
        [("probability: 0.3", "probability: §1.3")],
        "'probability' must be at most 1",
        "",
    ),
    "probabilities of types that do not add up": (
        CHANCE,
        [("types: {paired: 0.5", "types: §{paired: 0.6")],
        "the probabilities of the trial types must add up to 1",
        "1.1",
    ),
    "a probability of a type that is none": (
        CHANCE,
        [("types: {paired: 0.5", "types: {paired: §-0.5")],
        "a probability is a number from 0 to 1",
        "",
    ),
    "an unknown trial type": (
        CONDITIONING,
        [("types: [omitted, paired]", "types: [omitted, §pared]")],
        "there is no trial type 'pared'",
        "did you mean 'paired'?",
    ),
    "a trial type that nobody uses": (
        CONDITIONING,
        [("types: [omitted, paired]", "types: paired"), ("      omitted:", "      §omitted:")],
        "no phase has trials of type 'omitted'",
        "",
    ),
    "no phases": (
        CONDITIONING,
        [
            ("phases:\n", "phases: §[]\n"),
            ("      - {name: first, trials: 2, types: paired}\n", ""),
            ("      - {name: second, types: [omitted, paired]}\n", ""),
        ],
        "at least one is due here",
        "",
    ),
    "no trials": (CONDITIONING, [("trials: 2", "trials: §0")], "'trials' must be at least 1", ""),
    "a phase that does not say how long": (
        CONDITIONING,
        [("- {name: first, trials: 2,", "- §{name: first,")],
        "phase 'first' has no number of trials",
        "only the last phase goes on",
    ),
    "two phases of one name": (
        CONDITIONING,
        [("name: second", "name: §first")],
        "another phase has this name",
        "",
    ),
    "a shuffled draw": (
        CHANCE,
        [("empty: 0.3}}", "empty: 0.3}, §shuffle: true}")],
        "trials that are drawn are in no order to shuffle",
        "write the types of one pass",
    ),
    "no duration": (
        CONDITIONING,
        [
            ("    duration: 1 s\n", ""),
            ("      paired: {", "      §paired: {"),
            ("      omitted: {", "      omitted: {duration: 1 s, "),
        ],
        "trial type 'paired' has no duration",
        "",
    ),
    "a trial of one decision": (
        CHANCE,
        [("empty: {}", "empty: {duration: §0.1 s}")],
        "a trial has at least two decisions",
        "",
    ),
    "an event that is nothing": (
        CONDITIONING,
        [("{reward: 2, at: 0.6 s}", "§{at: 0.6 s}")],
        "an event is a stimulus or a reward",
        "{reward: 1, at: 2 s}",
    ),
    "a stimulus without an end": (
        CONDITIONING,
        [(f"[{{{LIGHT}}}", "[§{stimulus: light, at: 0.2 s}")],
        "the key 'for' is missing",
        "",
    ),
    "a reward that lasts": (
        CONDITIONING,
        [("{reward: 2, at: 0.6 s}", "{reward: 2, at: 0.6 s, §for: 1 s}")],
        "a reward of this form has no 'for'",
        "",
    ),
    "a misspelt key of an event": (
        CONDITIONING,
        [("{reward: 2, at: 0.6 s}", "{reward: 2, at: 0.6 s, §probabilty: 0.5}")],
        "the key 'probabilty' is not known here",
        "did you mean 'probability'?",
    ),
    "a misspelt key of the protocol": (
        CONDITIONING,
        [("    duration: 1 s\n    types", "    duration: 1 s\n    §stimulus: [light]\n    types")],
        "the key 'stimulus' is not known here",
        "",
    ),
    "a stimulus with an observer's name": (
        CONDITIONING,
        [("stimuli: [light, tone]", "stimuli: [light, tone, §reward]")],
        "'reward' is what the observer is told of a trial",
        "",
    ),
    "a stimulus twice": (
        CONDITIONING,
        [("stimuli: [light, tone]", "stimuli: [light, tone, §light]")],
        "this name is listed twice",
        "",
    ),
    "an unknown action": (
        PRESSING,
        [("when: press", "when: §pres")],
        "there is no action 'pres'",
        "did you mean 'press'?",
    ),
    "a window that ends before it begins": (
        PRESSING,
        [("to: 0.5 s", "to: §0.2 s")],
        "the window ends before it begins",
        "",
    ),
    "an earned reward after the trial's end": (
        PRESSING,
        [
            (
                "- {reward: 1, when: press, from: 0.2 s, to: 0.5 s",
                "- §{reward: 1, when: press, from: 0.2 s, to: 0.9 s",
            )
        ],
        "this reward would last beyond the trial's end",
        "",
    ),
    "an interval after an episode": (
        CONDITIONING,
        [("    interval: 0.3 s", "    §interval: 0.3 s\n    episode: truncates")],
        "a trial that ends an episode is followed by the next one",
        "",
    ),
    "a reward with the first observation of an episode": (
        CONDITIONING,
        [("    interval: 0.3 s", "    episode: terminates"), ("at: 0.6 s", "at: §0 s")],
        "a reward cannot come with the first observation of an episode",
        "",
    ),
    "an interval that is none": (
        CONDITIONING,
        [("interval: 0.3 s", "interval: §{unifrom: [1 s, 2 s]}")],
        "this is no interval",
        "did you mean 'uniform'?",
    ),
    "an interval of one time": (
        CHANCE,
        [
            (
                "interval: {exponential: {mean: 0.5 s, minimum: 0.2 s, maximum: 2 s}}",
                "interval: {uniform: §[1 s]}",
            )
        ],
        "'uniform' takes two times",
        "",
    ),
    "a minimum beyond the mean": (
        CHANCE,
        [("minimum: 0.2 s", "minimum: §0.5 s")],
        "'minimum' must be less than the mean",
        "",
    ),
    "a parameter of a protocol": (
        CONDITIONING,
        [("  protocol:\n", "  §parameters: {length: 3}\n  protocol:\n")],
        "a protocol has no 'parameters'",
        "leave 'parameters' out",
    ),
    "an actor without actions": (
        CONDITIONING,
        [
            (
                "  value: {neuron: linear, size: 1, role: critic}",
                "  value: {neuron: linear, size: 1, role: critic}\n  chooser: {neuron: softmax, size: 2, role: §actor}",
            )
        ],
        "an actor chooses actions, and protocol has none to choose from",
        "add 'actions: [none, press]'",
    ),
    "an efference copy without actions": (
        CONDITIONING,
        [("{neuron: input}", "{neuron: input, encodes: §[observation, action]}")],
        "protocol has no actions",
        "",
    ),
    "actions without an actor": (
        PRESSING,
        [
            ("  dorsal: {neuron: softmax, size: actions, role: actor}\n", ""),
            ("populations:", "§populations:"),
        ],
        "no population chooses the action",
        "softmax",
    ),
    "an unknown entry to observe": (
        CONDITIONING,
        [("  protocol:\n", "  observe: [light, §touch]\n  protocol:\n")],
        "protocol has no observation 'touch'",
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_protocol_is_told_in_its_place(case):
    protocol, edits, message, more = CASES[case]
    text = document(protocol)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    before = text[: text.index("§")]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(CircuitError) as caught:
        built(text.replace("§", ""))
    assert len(caught.value.problems) == 1, caught.value
    problem = caught.value.problems[0]
    assert message in problem.message
    assert more in problem.hint or more == problem.found
    assert (problem.location.line, problem.location.column) == place


def test_an_environment_is_named_or_is_a_protocol():
    text = document(CONDITIONING)
    start, end = text.index("  protocol:"), text.index("populations:")
    with pytest.raises(CircuitError, match="the key 'name' is missing"):
        built(text[:start] + "  observe: odd\n" + text[end:])


def test_several_faults_are_told_at_once():
    text = document(CONDITIONING).replace("at: 0.6 s", "at: 0.65 s").replace("types: paired", "types: pared")
    with pytest.raises(CircuitError) as caught:
        built(text)
    assert len(caught.value.problems) == 2


def test_an_observation_is_not_recorded_in_an_open_loop():
    from tests.diagnostics.test_circuits import SPIKES

    text = SPIKES.replace("record:\n", "record:\n  - {variable: observation}\n")
    with pytest.raises(CircuitError, match="the observation is what an environment shows"):
        built(text)


def test_a_baseline_cannot_act_where_there_are_no_actions(tmp_path):
    from neuro_rtrrl.studies.load import load_study

    (tmp_path / "watcher.yaml").write_text(document(CONDITIONING))
    study = "study: s\nformat: 1\ndecisions: 1000\nrows:\n  a: {circuit: watcher.yaml, baseline: ppo}\n"
    (tmp_path / "study.yaml").write_text(study)
    with pytest.raises(CircuitError, match="a baseline acts, and protocol has no actions"):
        load_study(tmp_path / "study.yaml")
