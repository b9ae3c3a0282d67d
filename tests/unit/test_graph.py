"""What a circuit file becomes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import build_circuit, load_circuit, mask, synapse_count
from neuro_rtrrl.graph.equations import (
    intrinsic_troubles,
    modulator_troubles,
    neuron_troubles,
    optimiser_troubles,
    rule_troubles,
)
from neuro_rtrrl.graph.scope import intrinsic_scope, neuron_variables, synapse_scope
from neuro_rtrrl.models import models
from neuro_rtrrl.spec import parse_document, spec_from_document

CIRCUITS = Path(__file__).parents[2] / "circuits"
SHIPPED = sorted(path.stem for path in CIRCUITS.glob("*.yaml"))
#: neurons between which each built-in rule makes sense, and the variable that it carries
PARTNERS = {
    "diagonal_rtrl_im": ("input", "lru", "r"),
    "diagonal_rtrl_re": ("input", "lru", "r"),
    "e_prop": ("alif", "alif", "spike"),
    "e_prop_input": ("input", "alif", "r"),
    "e_prop_lif": ("lif_recurrent", "lif_recurrent", "spike"),
    "e_prop_lif_input": ("input", "lif_recurrent", "r"),
    "fixed": ("ctrnn", "linear", "r"),
    "fixed_spiking": ("poisson", "lif", "spike"),
    "gated_rtrl_candidate": ("input", "mingru", "r"),
    "gated_rtrl_gate": ("input", "mingru", "r"),
    "habituation": ("input", "linear", "r"),
    "hebbian": ("ctrnn", "linear", "r"),
    "kolen_pollack": ("softmax", "ctrnn", "error"),
    "kolen_pollack_im": ("softmax", "lru", "error"),
    "kolen_pollack_re": ("softmax", "lru", "error"),
    "local_mse": ("input", "ctrnn", "r"),
    "one_step_td": ("input", "ctrnn", "r"),
    "place_field": ("input", "place_cells", "r"),
    "rflo_td": ("input", "ctrnn", "r"),
    "rflo_td_dutch": ("input", "ctrnn", "r"),
    "rflo_td_replacing": ("input", "ctrnn", "r"),
    "rtrl_td": ("input", "ctrnn", "r"),
    "stdp": ("poisson", "lif", "spike"),
    "stdp_dopamine": ("poisson", "lif", "spike"),
    "td_lambda": ("ctrnn", "softmax", "r"),
    "td_lambda_dutch": ("ctrnn", "linear", "r"),
    "td_lambda_dutch_actor": ("ctrnn", "softmax", "r"),
    "td_lambda_replacing": ("ctrnn", "softmax", "r"),
    "td_ltp": ("poisson", "lif", "spike"),
    "td_ltp_renewed": ("poisson", "lif", "spike"),
}


def build(text: str):
    document = parse_document(text, "my.yaml")
    return build_circuit(spec_from_document(document), document)


@pytest.fixture
def basal_ganglia():
    return load_circuit(CIRCUITS / "bg.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_circuits_load_and_read_back_as_themselves(name):
    circuit = load_circuit(CIRCUITS / f"{name}.yaml")
    again = build(circuit.document)
    assert again == circuit
    assert again.hash == circuit.hash


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MultiArmedBandit-popgym", "MultiarmedBandit-popgym"),
        ("minesweeper-popgym", "MineSweeper-popgym"),
        ("CARTPOLE-V1", "CartPole-v1"),
    ],
)
def test_an_environment_is_known_whatever_letters_are_capital(written, meant):
    plain, other = (
        load_circuit(CIRCUITS / "bg.yaml", [f"environment={{name: {name}}}"]) for name in (meant, written)
    )
    assert other.environment == plain.environment
    assert other.environment.name == meant


def test_eta_a_of_the_paper_is_the_gain_of_the_dorsal_feedback():
    page = (CIRCUITS.parent / "docs" / "circuit_file.md").read_text(encoding="utf-8")
    assert "η_A" in next(line for line in page.splitlines() if line.startswith("| `gain` |"))
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["projections.dorsal_feedback.gain=0.25"])
    assert circuit.projections["dorsal_feedback"].gain == 0.25


def test_sizes_follow_from_the_environment(basal_ganglia):
    assert {each.name: each.size for each in basal_ganglia.populations.values()} == {
        "sensory": 3 + 2 + 1,
        "cortex": 32,
        "dorsal_striatum": 2,
        "ventral_striatum": 1,
    }
    masked = load_circuit(CIRCUITS / "cartpole_positions.yaml")
    assert masked.environment.observe == (0, 2)
    assert masked.populations["sensory"].size == 2
    assert masked.populations["copies"].size == 2
    assert masked.populations["outcome"].size == 1


@pytest.mark.parametrize(
    ("word", "seen"), [("odd", (1, 3)), ("even", (0, 2)), ("first_half", (0, 1)), ("[theta, 1]", (2, 1))]
)
def test_a_word_or_a_list_says_what_is_seen(word, seen):
    masked = load_circuit(CIRCUITS / "cartpole_positions.yaml", [f"environment.observe={word}"])
    assert masked.environment.observe == seen
    assert masked.environment.observation == tuple(("x", "x_dot", "theta", "theta_dot")[i] for i in seen)
    assert masked.populations["sensory"].size == 2


def test_half_of_an_odd_number_is_rounded_down():
    overrides = ["environment.name=MemoryChain-bsuite", "environment.observe=first_half"]
    assert load_circuit(CIRCUITS / "cartpole_positions.yaml", overrides).environment.observe == (0,)


def test_quantities_are_si(basal_ganglia):
    assert basal_ganglia.timing.dt == pytest.approx(0.02)
    assert basal_ganglia.populations["cortex"].parameters["tau"].arguments == pytest.approx((0.02, 0.1))
    spikes = load_circuit(CIRCUITS / "stdp.yaml")
    assert spikes.timing.steps == 10
    assert spikes.projections["afferents_to_neurons"].delay == pytest.approx(1.5e-3)
    assert spikes.projections["afferents_to_neurons"].weights.arguments == pytest.approx((0.0, 5e-4))


def test_defaults_named_after_the_clock_take_its_value():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["timing.dt=5 ms"])
    text = circuit.document.replace("    tau_minimum: 20 ms\n", "")
    assert build(text).populations["cortex"].parameters["tau_minimum"].constant == pytest.approx(5e-3)


def test_ends_without_a_port_mean_the_usual_one(basal_ganglia):
    projection = basal_ganglia.projections["cortex_recurrent"]
    assert (str(projection.source), str(projection.target)) == ("cortex.r", "cortex.u")
    spikes = load_circuit(CIRCUITS / "stdp.yaml").projections["afferents_to_neurons"]
    assert (str(spikes.source), str(spikes.target)) == ("afferents.spikes", "neurons.v")


def test_a_projection_without_plasticity_is_fixed(basal_ganglia):
    assert basal_ganglia.projections["dorsal_feedback"].rule.name == "fixed"
    text = (CIRCUITS / "stdp.yaml").read_text(encoding="utf-8")
    start, end = text.index("plasticity:\n"), text.index("projections:\n")
    spikes = build((text[:start] + text[end:]).replace("    plasticity: pairs\n", ""))
    assert spikes.projections["afferents_to_neurons"].rule.name == "fixed_spiking"
    assert not spikes.projections["afferents_to_neurons"].rule.plastic


def test_a_population_told_to_learn_nothing_of_its_own_learns_nothing():
    text = (CIRCUITS / "bg.yaml").read_text(encoding="utf-8").replace("learns: [bias, tau]", "learns: []")
    assert build(text).populations["cortex"].learns == ()


def test_a_population_with_a_rule_learns_all_that_the_rule_can_teach_it():
    text = (CIRCUITS / "bg.yaml").read_text(encoding="utf-8").replace("    learns: [bias, tau]\n", "")
    assert build(text).populations["cortex"].learns == ("bias", "tau")


def test_symmetric_feedback_finds_the_forward_projection():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["projections.dorsal_feedback.feedback=symmetric"])
    assert circuit.projections["dorsal_feedback"].transpose_of == "cortex_to_dorsal"
    assert circuit.projections["ventral_feedback"].transpose_of is None


def test_overrides_reach_the_circuit():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["populations.cortex.size=8", "timing.dt=1 ms"])
    assert circuit.populations["cortex"].size == 8
    assert circuit.timing.steps == 20


def test_the_hash_names_what_is_computed_and_not_how_it_is_written(basal_ganglia):
    text = (CIRCUITS / "bg.yaml").read_text(encoding="utf-8")
    assert (
        build(text.replace("dt: 20 ms,", "dt: 0.02 s,").replace("# A cue", "# cue")).hash
        == basal_ganglia.hash
    )
    assert build(text.replace("size: 32", "size: 31")).hash != basal_ganglia.hash
    assert basal_ganglia.freeze().hash != basal_ganglia.hash
    assert basal_ganglia.lesion("dopamine", 0.5).hash != basal_ganglia.hash


def test_wiring_is_that_of_the_circuit_and_sparse_as_asked():
    path = "projections.cortex_recurrent.connectivity"
    circuit = load_circuit(CIRCUITS / "bg.yaml", [path + "={probability: 0.3, no_self: true}"])
    projection = circuit.projections["cortex_recurrent"]
    wired = mask(projection, 32, 32)
    assert wired is not None
    assert not wired.diagonal().any()
    assert wired.sum() == synapse_count(circuit, "cortex_recurrent")
    assert abs(wired.mean() - 0.3 * 31 / 32) < 0.05
    assert (mask(projection, 32, 32) == wired).all()


def test_single_neurons_are_connected_and_each_with_its_like():
    path = "projections.cortex_recurrent.connectivity"
    plain = load_circuit(CIRCUITS / "bg.yaml")
    like = load_circuit(CIRCUITS / "bg.yaml", [path + "=one_to_one"])
    assert (mask(like.projections["cortex_recurrent"], 32, 32) == np.eye(32, dtype=bool)).all()
    some = load_circuit(CIRCUITS / "bg.yaml", [path + "={sources: 3, targets: [0, 5]}"])
    wired = mask(some.projections["cortex_recurrent"], 32, 32)
    assert np.argwhere(wired).tolist() == [[0, 3], [5, 3]]
    assert len({plain.hash, like.hash, some.hash}) == 3


@pytest.mark.parametrize(
    ("connectivity", "message"),
    [
        ("one_to_one", "one to one needs populations of one size: 'cortex' has 32 neurons"),
        ("{targets: 9}", "'dorsal_striatum' has no neuron 9"),
    ],
)
def test_a_connectivity_that_the_populations_cannot_have_is_refused(connectivity, message):
    with pytest.raises(CircuitError, match=message):
        load_circuit(CIRCUITS / "bg.yaml", [f"projections.cortex_to_dorsal.connectivity={connectivity}"])


@pytest.mark.parametrize("name", models("neurons"))
def test_equations_of_registered_neurons_have_their_dimensions(name):
    assert neuron_troubles(models("neurons")[name]) == []


@pytest.mark.parametrize("name", models("optimisers"))
def test_equations_of_registered_optimisers_have_their_dimensions(name):
    assert optimiser_troubles(models("optimisers")[name]) == []


@pytest.mark.parametrize("name", models("modulators"))
def test_equations_of_registered_modulators_have_their_dimensions(name):
    assert modulator_troubles(models("modulators")[name]) == []


@pytest.mark.parametrize("name", models("plasticity"))
def test_equations_of_registered_rules_have_their_dimensions_and_see_what_they_read(name):
    assert name in PARTNERS, "name the neurons between which the new rule makes sense"
    rule, neurons, dopamine = models("plasticity")[name], models("neurons"), models("modulators")["td_error"]
    source, target, carried = PARTNERS[name]
    pre, post = neurons[source], neurons[target]
    visible = neuron_variables(post)
    port = "pulse" if "pulse_post" in rule.on_pre else next(iter(post.receivers))
    receives = {variable: visible[variable] for variable in post.receivers[port]}
    sgd = models("optimisers")["sgd"]
    scope = synapse_scope(rule, pre, post, carried, dopamine, optimiser=sgd)
    assert rule_troubles(rule, scope, receives) == []
    for intrinsic in rule.intrinsic:
        having = [post, *neurons.values()]
        owner = next(neuron for neuron in having if neuron.parameter(intrinsic.parameter))
        scope = intrinsic_scope(rule, intrinsic.parameter, owner, dopamine, optimiser=sgd)
        assert intrinsic_troubles(intrinsic, scope, rule.nonlocal_names) == []


def test_the_audit_names_the_term_that_transports_weights(basal_ganglia):
    assert all(line.local and line.online and line.transport_free for line in basal_ganglia.audit())
    assert {line.name for line in basal_ganglia.audit()} == {
        *("sensory_to_cortex", "cortex_recurrent", "cortex_to_dorsal", "cortex_to_ventral"),
        *("cortex.bias", "cortex.tau"),
    }
    transporting = load_circuit(CIRCUITS / "bg.yaml", ["projections.dorsal_feedback.feedback=symmetric"])
    verdicts = {line.name: line for line in transporting.audit()}
    assert not verdicts["cortex_recurrent"].transport_free
    assert "'dorsal_feedback'" in verdicts["cortex_recurrent"].transport_by
    assert "feedback_post" in verdicts["cortex_recurrent"].transport_by
    assert not verdicts["cortex.tau"].transport_free
    assert verdicts["cortex_to_dorsal"].transport_free
    assert verdicts["cortex_recurrent"].as_dict()["local"] is True


def test_circuits_and_their_parts_are_readable(basal_ganglia):
    assert "cortex: 32 × ctrnn, tau uniform 20 ms to 100 ms" in repr(basal_ganglia)
    assert "dorsal_striatum.error → cortex.feedback" in repr(basal_ganglia.projections["dorsal_feedback"])
    assert "dj/dt = (slope_post*r_pre - j)/tau_post" in str(
        basal_ganglia.projections["cortex_recurrent"].rule
    )
    html = basal_ganglia._repr_html_()
    assert html.count("<tr>") == 4 + 6 + 1 + 2
    assert "&#x27;" not in repr(basal_ganglia)


def test_the_network_has_the_circuits_parts(basal_ganglia):
    graph = basal_ganglia.to_networkx()
    assert set(graph.nodes) == {*basal_ganglia.populations, "dopamine"}
    assert graph.edges["cortex", "cortex", "cortex_recurrent"]["plastic"]
    assert not graph.edges["dorsal_striatum", "cortex", "dorsal_feedback"]["plastic"]
    assert graph.has_edge("ventral_striatum", "dopamine")
    assert graph.has_edge("dopamine", "cortex")


def test_loading_a_circuit_starts_no_simulator():
    code = (
        "import sys; from neuro_rtrrl.graph import load_circuit; load_circuit(sys.argv[1]); "
        "print(sorted({'jax', 'brian2', 'networkx', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(CIRCUITS / "bg.yaml")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_environment_of_another_package_is_asked_for_its_sizes(monkeypatch):
    from neuro_rtrrl.environments import Environment, registry

    def reset(key):
        raise NotImplementedError

    maze = Environment("TMaze-mine", ("left", "right", "cue"), 4, reset, reset)
    monkeypatch.setattr(registry, "available", lambda: ("CartPole-v1", "TMaze-mine"))
    monkeypatch.setattr(registry, "make", lambda name, parameters, own: maze)
    text = (CIRCUITS / "bg.yaml").read_text(encoding="utf-8")
    text = text.replace("name: MemoryChain-bsuite", "name: TMaze-mine\n  observe: [cue, left]")
    circuit = build(text.replace("  parameters: {memory_length: 8}\n", ""))
    assert circuit.environment.observe == (2, 0)
    assert circuit.populations["dorsal_striatum"].size == 4
