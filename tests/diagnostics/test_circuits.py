"""One invalid circuit per message: the shipped circuit with an edit; ``§`` marks where the error points."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.spec import parse_document, spec_from_document

CIRCUITS = Path(__file__).parents[2] / "circuits"
BASAL_GANGLIA = (CIRCUITS / "bg.yaml").read_text(encoding="utf-8")
SPIKES = (CIRCUITS / "stdp.yaml").read_text(encoding="utf-8")

RECURRENT = "cortex_recurrent:  {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical}"
DORSAL_FEEDBACK = (
    "dorsal_feedback:   {source: dorsal_striatum.error, target: cortex.feedback, weights: glorot_normal, "
    "feedback: random}"
)


def build(text: str) -> Circuit:
    document = parse_document(text, "my.yaml")
    return build_circuit(spec_from_document(document), document)


def problems_of(text: str, *edits: tuple[str, str]) -> tuple[tuple[Problem, ...], tuple[int, int]]:
    """Return the problems after the edits, and the line and column of the mark."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    before = text[: text.index("§")]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(CircuitError) as caught:
        build(text.replace("§", ""))
    return caught.value.problems, place


CASES = {
    "unknown environment": (
        [("name: MemoryChain-bsuite", "name: §MemoryChain-bsuit")],
        "there is no environment 'MemoryChain-bsuit'",
        "did you mean 'MemoryChain-bsuite'?",
    ),
    "environment that needs the network": (
        [("name: MemoryChain-bsuite", "name: §MNISTBandit-bsuite")],
        "MNISTBandit-bsuite cannot be used",
        "",
    ),
    "continuous actions": (
        [
            ("name: MemoryChain-bsuite\n  parameters: {memory_length: 8}", "name: Pendulum-v1"),
            ("neuron: softmax", "neuron: §softmax"),
        ],
        "neuron 'softmax' chooses one of several, and Pendulum-v1 takes 1 continuous action",
        "use 'neuron: gaussian'",
    ),
    "fewer actors than choices": (
        [
            (
                "name: MemoryChain-bsuite\n  parameters: {memory_length: 8}",
                "{name: MineSweeper-popgym, parameters: {actions: row_and_column}}",
            ),
            ("environment:\n  {", "environment: {"),
            ("populations:", "§populations:"),
        ],
        "MineSweeper-popgym asks for 2 choices at a time, and the circuit has 1 actor",
        "add a softmax population with 'role: actor'",
    ),
    "discrete actions by degrees": (
        [("neuron: softmax", "neuron: §gaussian")],
        "neuron 'gaussian' acts by degrees, and MemoryChain-bsuite takes 2 actions",
        "use 'neuron: softmax'",
    ),
    "unknown environment parameter": (
        [("{memory_length: 8}", "{§memory_lenght: 8}")],
        "has no parameter 'memory_lenght'",
        "did you mean 'memory_length'?",
    ),
    "environment parameter out of range": (
        [("{memory_length: 8}", "{memory_length: §-8}")],
        "is at least 1",
        "",
    ),
    "unknown observation": (
        [("parameters: {memory_length: 8}", "observe: [time_remaining, §contxt]")],
        "has no observation 'contxt'",
        "did you mean 'context'?",
    ),
    "unknown mask": (
        [("parameters: {memory_length: 8}", "observe: §ood")],
        "there is no mask 'ood'",
        "did you mean 'odd'?",
    ),
    "a mask that is a name": (
        [("parameters: {memory_length: 8}", "observe: §context")],
        "there is no mask 'context'",
        "write [context]",
    ),
    "unknown neuron": (
        [("neuron: ctrnn", "neuron: §ctrn")],
        "there is no neuron model 'ctrn'",
        "did you mean 'ctrnn'?",
    ),
    "ncp without room": (
        [
            (
                "neuron: ctrnn",
                "neuron: ctrnn\n    wiring: {ncp: {inter: 20, command: 6, motor: 6, motor_fanin: §7}}",
            )
        ],
        "'motor_fanin' is more than there is room for in 'cortex': 6",
        "share",
    ),
    "ncp that leads nowhere": (
        [("neuron: ctrnn", "neuron: ctrnn\n    §wiring: ncp"), (RECURRENT, "")],
        "no projection runs from it onto itself",
        "source: cortex, target: cortex",
    ),
    "unknown neuron parameter": (
        [("tau: {uniform", "§taus: {uniform")],
        "neuron 'ctrnn' has no parameter 'taus'",
        "did you mean 'tau'?",
    ),
    "missing neuron parameter": (
        [("  cortex:\n", "  §cortex:\n"), ("    tau: {uniform: [20 ms, 100 ms]}\n", "")],
        "parameter 'tau' of neuron 'ctrnn' is missing",
        "add 'tau: 20 ms'",
    ),
    "bare number where a unit is due": (
        [("tau: {uniform: [20 ms, 100 ms]}", "tau: {uniform: [20 ms, §100]}".replace("20 ms", "20"))],
        "'tau' needs a unit",
        'write a unit, such as "20 ms"',
    ),
    "wrong unit": (
        [("tau: {uniform: [20 ms, 100 ms]}", "tau: §20 mV")],
        "'tau' is a time (second), not a voltage (volt)",
        "20 ms",
    ),
    "unit on a pure number": (
        [("discount: 0.99", "discount: §0.99 s")],
        "'discount' is a pure number",
        "leave the unit out",
    ),
    "negative constant": (
        [("tau: {uniform: [20 ms, 100 ms]}", "tau: §-20 ms")],
        "'tau' must be greater than 0",
        "",
    ),
    "above its bound": (
        [("discount: 0.99", "discount: §1.5")],
        "'discount' must be between 0 and 1",
        "",
    ),
    "normal draws that may leave the bounds": (
        [("tau: {uniform: [20 ms, 100 ms]}", "tau: §{normal: [50 ms, 10 ms]}")],
        "'tau' must be greater than 0, and draws may reach -0.01",
        "uniform",
    ),
    "distribution where one number is due": (
        [("learning_rate: 1e-4", "learning_rate: §{uniform: [0, 1]}")],
        "'learning_rate' of rule 'rflo_td' with optimiser 'adam' is one number",
        "",
    ),
    "time constant below dt": (
        [
            ("tau: {uniform: [20 ms, 100 ms]}", "tau: §{uniform: [5 ms, 100 ms]}"),
            ("    learns: [bias, tau]\n", "    learns: [bias]\n"),
        ],
        "'tau' can be 5 ms, less than dt (20 ms): an Euler step would overshoot",
        "set timing.dt to 5 ms or less",
    ),
    "bound of a learned time constant below dt": (
        [("tau_minimum: 20 ms", "tau_minimum: §10 ms")],
        "'tau_minimum' can be 10 ms, less than dt",
        "",
    ),
    "learned time constant that starts below its bound": (
        [
            ("tau: {uniform: [20 ms, 100 ms]}", "tau: §{uniform: [20 ms, 100 ms]}"),
            ("tau_minimum: 20 ms", "tau_minimum: 40 ms"),
        ],
        "'tau' may start at 20 ms, below 'tau_minimum' (40 ms)",
        "",
    ),
    "size without a number": (
        [("  cortex:\n    size: 32\n", "  §cortex:\n")],
        "population 'cortex' has no size",
        "add 'size: 32'",
    ),
    "size that contradicts what is encoded": (
        [("    neuron: input\n", "    neuron: input\n    size: §4\n")],
        "has size 4, but what it encodes is 6 wide: 3 (observation) + 2 (action) + 1 (reward)",
        "leave 'size' out",
    ),
    "signal encoded twice": (
        [("encodes: [observation, action, reward]", "encodes: §[observation, observation]")],
        "names each signal once",
        "",
    ),
    "encodes on another neuron": (
        [("    learns: [bias, tau]\n", "    learns: [bias, tau]\n    §encodes: [reward]\n")],
        "neuron 'ctrnn' is not clamped by the environment",
        "",
    ),
    "actor of another size than the actions": (
        [("size: actions", "size: §3")],
        "the actor 'dorsal_striatum' has 3 neurons, and MemoryChain-bsuite has 2 actions",
        "write 'size: actions'",
    ),
    "no actor": (
        [("populations:\n", "§populations:\n"), ("    role: actor\n", "")],
        "no population chooses the action",
        "add 'role: actor'",
    ),
    "two actors": (
        [
            ("    role: critic\n", "    role: §actor\n"),
            ("critic: ventral_striatum", "critic: dorsal_striatum"),
        ],
        "there is an actor already: 'dorsal_striatum'",
        "",
    ),
    "critic of several neurons": (
        [("size: 1\n", "size: §2\n")],
        "the critic 'ventral_striatum' has 2 neurons",
        "write 'size: 1'",
    ),
    "modulator with an unknown critic": (
        [("critic: ventral_striatum", "critic: §ventral_striatu")],
        "there is no population 'ventral_striatu'",
        "did you mean 'ventral_striatum'?",
    ),
    "modulator whose critic has no such role": (
        [("critic: ventral_striatum", "critic: §cortex")],
        "population 'cortex' does not have the role of critic",
        "",
    ),
    "unknown modulator model": (
        [("source: td_error", "source: §td_eror")],
        "there is no modulator model 'td_eror'",
        "did you mean 'td_error'?",
    ),
    "unknown rule": (
        [("rule: rflo_td", "rule: §rflo")],
        "there is no rule 'rflo'",
        "did you mean 'rflo_td'?",
    ),
    "unknown optimiser": (
        [("optimiser: adam", "optimiser: §adm")],
        "there is no optimiser 'adm'",
        "did you mean 'adam'?",
    ),
    "group with an unknown modulator": (
        [("modulator: dopamine", "modulator: §dopamin")],
        "there is no neuromodulator 'dopamin'",
        "did you mean 'dopamine'?",
    ),
    "group without the modulator that its rule needs": (
        [("  cortical:\n", "  §cortical:\n"), ("    modulator: dopamine\n", "")],
        "rule 'rflo_td' listens to a neuromodulator, and group 'cortical' names none",
        "add 'modulator: dopamine'",
    ),
    "group without the optimiser that its rule needs": (
        [("  cortical:\n", "  §cortical:\n"), ("    optimiser: adam\n", "")],
        "rule 'rflo_td' applies an optimiser, and group 'cortical' names none",
        "add 'optimiser: adam'",
    ),
    "group that nothing uses": (
        [("plasticity:\n  #", "plasticity:\n  §spare: {rule: fixed}\n  #")],
        "no projection and no population uses the group of plasticity 'spare'",
        "remove the group",
    ),
    "projection with an unknown group": (
        [(RECURRENT, RECURRENT.replace("plasticity: cortical", "plasticity: §corticl"))],
        "there is no group of plasticity 'corticl'",
        "did you mean 'cortical'?",
    ),
    "dangling source": (
        [(RECURRENT, RECURRENT.replace("source: cortex", "source: §cortx"))],
        "there is no population 'cortx'",
        "did you mean 'cortex'?",
    ),
    "dangling port": (
        [(DORSAL_FEEDBACK, DORSAL_FEEDBACK.replace("cortex.feedback", "§cortex.feedbak"))],
        "population 'cortex' (ctrnn) has no input 'feedbak'",
        "did you mean 'feedback'?",
    ),
    "target that receives nothing": (
        [(DORSAL_FEEDBACK, DORSAL_FEEDBACK.replace("cortex.feedback", "§sensory"))],
        "population 'sensory' (input) receives nothing",
        "",
    ),
    "port that takes less than is carried": (
        [(DORSAL_FEEDBACK, DORSAL_FEEDBACK.replace("cortex.feedback", "§cortex.u"))],
        "'dorsal_striatum.error' carries error, entropy_error, and 'cortex.u' takes only u",
        "",
    ),
    "unknown initialiser": (
        [(RECURRENT, RECURRENT.replace("lecun_normal", "§lecun_norml"))],
        "there is no initialiser 'lecun_norml'",
        "did you mean 'lecun_normal'?",
    ),
    "weights with a unit that the rule does not have": (
        [(RECURRENT, RECURRENT.replace("lecun_normal", "§1 mV"))],
        "'weights' is a pure number",
        "leave the unit out",
    ),
    "delayed rates": (
        [(RECURRENT, RECURRENT.replace("plasticity:", "delay: §20 ms, plasticity:"))],
        "only spikes can be delayed",
        "",
    ),
    "transposed weights of another shape": (
        [
            (
                DORSAL_FEEDBACK,
                DORSAL_FEEDBACK.replace(
                    "glorot_normal, feedback: random", "§{transpose_of: cortex_to_ventral}"
                ),
            )
        ],
        "transposed they are 32 x 1, and this projection needs 32 x 2",
        "",
    ),
    "transposed weights of nothing": (
        [
            (
                DORSAL_FEEDBACK,
                DORSAL_FEEDBACK.replace(
                    "glorot_normal, feedback: random", "{transpose_of: §cortex_to_dorsl}"
                ),
            )
        ],
        "there is no projection 'cortex_to_dorsl'",
        "did you mean 'cortex_to_dorsal'?",
    ),
    "transposed and random at once": (
        [
            (
                DORSAL_FEEDBACK,
                DORSAL_FEEDBACK.replace(
                    "glorot_normal, feedback: random", "{transpose_of: cortex_to_dorsal}, feedback: §random"
                ),
            )
        ],
        "contradict each other",
        "",
    ),
    "symmetric feedback without a forward projection": (
        [
            (
                "sensory_to_cortex: {",
                "odd: {source: sensory, target: cortex, weights: 0.1, feedback: §symmetric}\n  "
                "sensory_to_cortex: {",
            )
        ],
        "uses the weights of the projection from 'cortex' to 'sensory', and there is none",
        "",
    ),
    "rule that feedback does not reach": (
        [
            (
                "sensory_to_cortex: {source: sensory, target: cortex, weights: lecun_normal, plasticity: c",
                "sensory_to_cortex: {source: sensory, target: cortex, weights: lecun_normal, plasticity: §c",
            ),
            ("  " + DORSAL_FEEDBACK + "\n", ""),
            (
                "  ventral_feedback:  {source: ventral_striatum.error, target: cortex.feedback, "
                "weights: glorot_normal, feedback: random}\n",
                "",
            ),
        ],
        "no projection leads to 'cortex.feedback': nothing would be learned",
        "target: cortex.feedback",
    ),
    "cycle without dynamics": (
        [
            (
                "  dorsal_feedback:",
                "  a: {source: dorsal_striatum, target: ventral_striatum, weights: 0.1}\n  b: "
                "{source: ventral_striatum, target: §dorsal_striatum, weights: 0.1}\n  dorsal_feedback:",
            )
        ],
        "cyclic reference: dorsal_striatum -> ventral_striatum -> dorsal_striatum",
        "dynamics",
    ),
    "rule on a neuron that lacks what it reads": (
        [
            (
                "cortex_to_ventral: {source: cortex, target: ventral_striatum, weights: "
                "glorot_normal, plasticity: corticostriatal}",
                "cortex_to_ventral: {source: cortex, target: ventral_striatum, weights: "
                "glorot_normal, plasticity: §cortical}",
            )
        ],
        "rule 'rflo_td' reads 'slope_post', 'tau_post', 'entropy_feedback_post', 'feedback_post', which no synapse of "
        "this projection can see (ctrnn to linear)",
        "rules that fit 'linear': ",
    ),
    "spiking rule between rate neurons": (
        [
            (
                "plasticity:\n  #",
                "plasticity:\n  pairs: {rule: stdp, potentiation: 1 mV, depression: 1 mV, w_maximum: "
                "1 mV}\n  #",
            ),
            (RECURRENT, RECURRENT.replace("plasticity: cortical", "plasticity: §pairs")),
        ],
        "rule 'stdp' waits for spikes, and population 'cortex' (ctrnn) sends none",
        "lif",
    ),
    "learns what its rule does not teach": (
        [("learns: [bias, tau]", "learns: [bias, §tau_minimum]")],
        "rule 'rflo_td' does not say how 'tau_minimum' is learned",
        "",
    ),
    "learns what the neuron does not have": (
        [("learns: [bias, tau]", "learns: [bias, §taus]")],
        "neuron 'ctrnn' has no parameter 'taus'",
        "did you mean 'tau'?",
    ),
    "learns without a rule": (
        [("    plasticity: cortical\n    learns", "    §learns")],
        "population 'cortex' learns without a rule",
        "",
    ),
    "recording of nothing": (
        [("variable: dopamine", "variable: §dopamne")],
        "there is nothing called 'dopamne' to record",
        "did you mean 'dopamine'?",
    ),
    "recording of an unknown variable": (
        [("variable: cortex.r", "variable: §cortex.rr")],
        "'cortex' has no variable 'rr'",
        "did you mean 'r'?",
    ),
    "recording of a neuron out of range": (
        [("neurons: 0-7", "neurons: §30-40")],
        "population 'cortex' has no neuron 32; its neurons are 0 to 31",
        "",
    ),
    "recording of one variable twice": (
        [("variable: cortex.r, neurons: 0-7", "variable: §dopamine")],
        "'dopamine' is recorded twice",
        "",
    ),
    "lesion of nothing": (
        [("lesion: dopamine", "lesion: §dopamin")],
        "there is no part of the circuit to lesion: 'dopamin'",
        "did you mean 'dopamine'?",
    ),
    "name taken twice": (
        [("  cortex_recurrent:", "  §cortex:")],
        "the name 'cortex' is taken",
        "",
    ),
    "no environment for the input": (
        [
            ("environment:\n  name: MemoryChain-bsuite\n  parameters: {memory_length: 8}\n", ""),
            ("neuron: input", "neuron: §input"),
        ],
        "neuron 'input' follows from the environment, and the circuit has none",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_problem_is_told_where_it_stands_and_how_to_mend_it(name):
    edits, message, hint = CASES[name]
    problems, place = problems_of(BASAL_GANGLIA, *edits)
    matching = [problem for problem in problems if message in problem.message]
    assert matching, "\n".join(map(str, problems))
    assert place in [(p.location.line, p.location.column) for p in matching if p.location], matching
    assert any(hint in problem.hint for problem in matching), matching


SPIKE_CASES = {
    "delay between steps": (
        [("delay: 1.5 ms", "delay: §1.55 ms")],
        "a delay must be a whole multiple of dt (0.1 ms)",
        "use 1.5 ms or 1.6 ms",
    ),
    "initialiser of pure numbers for volts": (
        [("weights: {uniform: [0 mV, 0.5 mV]}", "weights: §lecun_normal")],
        "'lecun_normal' draws pure numbers, and weights of rule 'stdp' are in volt",
        "1 mV",
    ),
    "optimiser that the rule does not apply": (
        [("rule: stdp", "rule: stdp\n    learning_rate: 0.1\n    optimiser: §sgd")],
        "rule 'stdp' applies no optimiser",
        "leave 'optimiser' out",
    ),
    "role of actor in an open loop": (
        [("neuron: lif", "neuron: lif\n    role: §actor")],
        "an actor chooses actions, and the circuit has no environment",
        "",
    ),
    "size from an environment that is not there": (
        [("size: 100\n    neuron: lif", "size: §actions\n    neuron: lif")],
        "size 'actions' follows from the environment",
        "",
    ),
    "modulator in an open loop": (
        [
            (
                "plasticity:\n",
                "neuromodulators:\n  dopamine: {source: §td_error, critic: neurons, discount: "
                "0.9}\nplasticity:\n",
            )
        ],
        "'td_error' reads the reward, and the circuit has no environment",
        "",
    ),
    "spiking rule onto neurons that never fire": (
        [
            ("plasticity: pairs", "plasticity: §pairs"),
            ("neuron: lif", "neuron: leaky"),
            ("    tau: 20 ms\n    v_rest: -70 mV\n    v_threshold: -54 mV\n    v_reset: -60 mV\n", ""),
            ("    drive: 10 mV         # a constant input: rest lies at -60 mV with it\n", ""),
            (
                "populations:",
                "models:\n  neurons:\n    leaky: {states: {v: volt}, equations: dv/dt = -v/(20*dt), "
                "readout: r = 0, receivers: {v: v}}\npopulations:",
            ),
        ],
        "rule 'stdp' waits for spikes of 'neurons' (leaky), which never fires",
        "",
    ),
    "window of a rule below dt": (
        [("tau_plus: 20 ms", "tau_plus: §0.05 ms")],
        "'tau_plus' can be 50 µs, less than dt (100 µs)",
        "",
    ),
}


@pytest.mark.parametrize("name", SPIKE_CASES)
def test_each_problem_of_a_spiking_circuit_is_told_where_it_stands(name):
    edits, message, hint = SPIKE_CASES[name]
    problems, place = problems_of(SPIKES, *edits)
    matching = [problem for problem in problems if message in problem.message]
    assert matching, "\n".join(map(str, problems))
    assert place in [(p.location.line, p.location.column) for p in matching if p.location], matching
    assert any(hint in problem.hint for problem in matching), matching


def test_one_slip_makes_one_problem():
    single = [
        "unknown neuron parameter",
        "wrong unit",
        "unknown rule",
        "unknown optimiser",
        "dangling source",
        "group without the modulator that its rule needs",
        "unknown environment",
    ]
    for name in single:
        problems, _ = problems_of(BASAL_GANGLIA, *CASES[name][0])
        expected = 2 if name == "unknown neuron parameter" else 1  # and the right one is missing, then
        assert len(problems) == expected, (name, *map(str, problems))


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = BASAL_GANGLIA.replace("neuron: ctrnn", "neuron: ctrn").replace("rule: td_lambda", "rule: td_lamda")
    text = text.replace("lesion: dopamine", "lesion: dopamin").replace("source: sensory,", "source: sensry,")
    with pytest.raises(CircuitError) as caught:
        build(text)
    lines = [problem.location.line for problem in caught.value.problems if problem.location]
    assert len(lines) == 4
    assert lines == sorted(lines)
    assert caught.value.exit_code == 2
