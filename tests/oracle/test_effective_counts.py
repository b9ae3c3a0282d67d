"""Effective counts against a brute-force counter: loops over recorded ticks and every synapse, written apart.

The counter below knows the circuits by heart. It reads nothing but what a run recorded, looks at each synapse in each
tick, and asks of each operation of the equation whether a zero makes it unnecessary.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.graph.circuit import Recording
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.activity import load_activity
from neuro_rtrrl.simulation import simulate

RATES = """
circuit: few_rates
format: 1
timing: {dt: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 4}}
models:
  neurons:
    rectified:
      summary: Leaky rate neuron with a threshold at zero.
      parameters: {tau: {unit: second, minimum: 0}}
      states: {h: "1"}
      inputs: [u, feedback, entropy_feedback]
      receivers: {u: [u], feedback: [feedback, entropy_feedback]}
      equations: |
        phi = maximum(u, 0)
        slope = int(u > 0)
        dh/dt = (phi - h)/tau
      readout: r = h
populations:
  sensory: {neuron: input, encodes: [observation, action, reward]}
  cortex: {size: 4, neuron: rectified, tau: 20 ms}
  dorsal: {size: actions, neuron: softmax, role: actor}
  ventral: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: ventral, discount: 0.9}
plasticity:
  cortical:
    {rule: rflo_td, learning_rate: 1e-2, trace_decay: 0.5, modulator: dopamine, optimiser: sgd}
  striatal: {rule: td_lambda, learning_rate: 1e-2, trace_decay: 0.5, modulator: dopamine, optimiser: sgd}
projections:
  afferent: {source: sensory, target: cortex, weights: lecun_normal, plasticity: cortical}
  recurrent:
    {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical, connectivity: {probability: 0.6}}
  to_ventral: {source: cortex, target: ventral, weights: lecun_normal, plasticity: striatal}
  to_dorsal: {source: cortex, target: dorsal, weights: lecun_normal}
  feedback: {source: dorsal.error, target: cortex.feedback, weights: lecun_normal}
"""

SPIKES = """
circuit: few_spikes
format: 1
timing: {dt: 1 ms, decision_interval: 1 ms}
populations:
  afferents: {size: 5, neuron: poisson, rate: 80 Hz}
  neurons: {size: 3, neuron: lif, drive: 14 mV}
plasticity:
  pairs:
    {rule: stdp, tau_plus: 20 ms, tau_minus: 20 ms, potentiation: 0.3 mV, depression: 0.5 mV, w_maximum: 3 mV}
projections:
  onto:
    {source: afferents, target: neurons, weights: {uniform: [0 mV, 3 mV]}, plasticity: pairs, delay: 3 ms,
     connectivity: {probability: 0.7}}
"""


def recorded(folder, text, keys, decisions, precision="float64"):
    """Run a circuit and return it, its recordings of the last stretch (key -> (N, ...)), and the ledger."""
    file = folder / "circuit.yaml"
    file.write_text(text)
    circuit = load_circuit(file)
    record = tuple(
        Recording.of(key)
        if not key.endswith(".spike")
        else Recording(key.removesuffix(".spike"), "spike", every=0)
        for key in keys
    )
    watched = circuit.replace(record=record)
    result = simulate(
        watched, decisions=decisions, seeds=(3, 4), precision=precision, out=folder / "run", ledger=True
    )
    activity = load_activity(folder / "run", circuit)
    assert activity.seed == 3
    found = {key: each for key in keys if not key.endswith(".spike") for each in [result[key].values[0]]}
    return circuit, result, found, activity, cost(circuit, activity=activity)


def of_line(report, start):
    """Return the effective line whose text starts so: kinds -> operations, reads, writes, in the whole stretch."""
    line = next(line for line in report.effective.lines if line.text.startswith(start))
    count = report.effective.activity.decisions
    kinds = {kind: number * count for (_, kind), number in line.operations.items()}
    return Counter({**kinds, "reads": line.reads * count, "writes": line.writes * count})


def add(counter, **kinds):
    """Add truth values and numbers as whole numbers."""
    for kind, number in kinds.items():
        counter[kind] += int(number)


def close(found, expected):
    assert {k: v for k, v in found.items() if abs(v) > 1e-9} == pytest.approx(
        {k: v for k, v in expected.items() if v}, abs=1e-6
    )


# --- rates ----------------------------------------------------------------------------------------------------------

KEYS = (
    *("sensory.r", "cortex.h", "cortex.r", "cortex.slope", "cortex.feedback", "dopamine"),
    *("afferent.w", "afferent.j", "afferent.e", "recurrent.w", "recurrent.j", "recurrent.e"),
    *("dorsal.r", "dorsal.error", "ventral.r", "to_ventral.w", "to_ventral.e"),
)


@pytest.fixture(scope="module", params=["float64", "float32"])
def rates(request, tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("rates"), RATES, KEYS, 120, request.param)


def ticks(rates):
    """Yield each tick of the stretch: whether it is a first one, all recorded values now, and those before.

    Before the first tick of an episode, states and traces are what they were reset to: 0 in this circuit.
    """
    _, _, values, activity, _ = rates
    for index in range(activity.decisions):
        tick = activity.start + index
        now = {key: np.atleast_1d(each[tick]) for key, each in values.items()}
        before = {key: np.atleast_1d(each[tick - 1]) for key, each in values.items()}
        first = bool(activity.first[index])
        if first:
            for key in before:
                if not key.endswith(".w"):
                    before[key] = np.zeros_like(before[key])
        yield first, now, before


def synapses(rates, name):
    """Yield (post, pre) of the synapses that exist; those of the sparse projection are what a run left of them."""
    circuit, _, values, *_ = rates
    weights = values.get(f"{name}.w")
    post, pre = {"afferent": (4, None), "recurrent": (4, 4), "to_ventral": (1, 4)}[name]
    pre = pre or circuit.populations["sensory"].size
    for i in range(post):
        for j in range(pre):
            if name != "recurrent" or weights is None or (weights[:, i, j] != 0).any():
                yield i, j


@pytest.mark.parametrize("name", ["afferent", "recurrent"])
def test_forward_products_need_a_weight_and_a_rate(rates, name):
    expected = Counter()
    for _, now, before in ticks(rates):
        rate = now["sensory.r"] if name == "afferent" else before["cortex.r"]
        for i, j in synapses(rates, name):
            if before[f"{name}.w"][i, j] != 0 and rate[j] != 0:
                add(expected, mac=1, reads=2)
    found = of_line(rates[-1], "cortex.u += sum over pre of r_pre * w")
    if name == "recurrent":
        lines = [
            each
            for each in rates[-1].effective.lines
            if each.owner == "recurrent" and each.section == "derive"
        ]
        count = rates[-1].effective.activity.decisions
        found = Counter(mac=lines[0].operations["projection", "mac"] * count, reads=lines[0].reads * count)
    close(found, expected)
    assert (
        0 < expected["mac"] < 0.9 * len(list(synapses(rates, name))) * rates[-1].effective.activity.decisions
    )


@pytest.mark.parametrize("name", ["afferent", "recurrent"])
def test_local_traces_pass_over_what_is_silent(rates, name):
    # j = j + (dt/tau)*(slope*r - j), and tau is dt here: a factor of 1 is no multiplication
    expected = Counter()
    for _, now, before in ticks(rates):
        rate = now["sensory.r"] if name == "afferent" else before["cortex.r"]
        for i, j in synapses(rates, name):
            slope, old = now["cortex.slope"][i], before[f"{name}.j"][i, j]
            drive = slope * rate[j]
            add_of_difference = drive != 0 and old != 0
            add_of_step = old != 0 and drive - old != 0
            done = {"multiply": drive != 0, "add": int(add_of_difference) + int(add_of_step)}
            changed = now[f"{name}.j"][i, j] != old
            add(expected, **done)
            add(expected, writes=changed)
            if any(done.values()) or changed:
                add(expected, reads=2 * int(slope != 0 and rate[j] != 0) + int(old != 0))
    close(of_line(rates[-1], f"{name}.j"), expected)


def test_weights_change_only_where_dopamine_meets_a_trace(rates):
    gradient, step, weight = Counter(), Counter(), Counter()
    for first, now, before in ticks(rates):
        for i, j in synapses(rates, "recurrent"):
            if first:
                continue
            product = now["dopamine"][0] * before["recurrent.e"][i, j]
            if product != 0:
                add(gradient, multiply=1, reads=2)
                add(step, multiply=1, reads=1)
                add(
                    weight, add=before["recurrent.w"][i, j] != 0, reads=1 + (before["recurrent.w"][i, j] != 0)
                )
            weight["writes"] += now["recurrent.w"][i, j] != before["recurrent.w"][i, j]
    for start, expected in (("recurrent.sgd.gradient", gradient), ("recurrent.sgd.step", step)):
        found = of_line(rates[-1], start)
        found.pop("writes")  # of a value that no run keeps
        close(found, expected)
    close(of_line(rates[-1], "recurrent.w ="), weight)
    assert gradient["multiply"] > 0


def test_eligibility_traces_take_in_only_what_is_fed_back(rates):
    expected = Counter()
    for _, now, before in ticks(rates):
        for i, j in synapses(rates, "recurrent"):
            old, fed, local = before["recurrent.e"][i, j], now["cortex.feedback"][i], now["recurrent.j"][i, j]
            done = {"multiply": int(old != 0) + int(fed * local != 0), "add": old != 0 and fed * local != 0}
            changed = now["recurrent.e"][i, j] != old
            add(expected, **done)
            expected["writes"] += changed
            add(expected, reads=int(old != 0) + 2 * int(fed != 0 and local != 0))
    close(of_line(rates[-1], "recurrent.e ="), expected)


def test_rates_and_dopamine_are_sent_where_they_are_not_zero(rates):
    expected = Counter()
    for first, now, before in ticks(rates):
        expected["afferent", "rate"] += np.count_nonzero(now["sensory.r"])
        expected["recurrent", "rate"] += np.count_nonzero(before["cortex.r"])
        for name in ("to_ventral", "to_dorsal"):
            expected[name, "rate"] += np.count_nonzero(now["cortex.r"])
        for name in ("afferent", "recurrent", "to_ventral"):
            expected[name, "modulator"] += int(not first and now["dopamine"][0] != 0)
    count = rates[-1].effective.activity.decisions
    found = {(m.owner, m.kind): m.count * count for m in rates[-1].effective.messages}
    for key, number in expected.items():
        assert found[key] == pytest.approx(number), key


def test_a_neuron_is_idle_where_nothing_of_it_changes(rates):
    active = sum(np.count_nonzero(now["cortex.h"] != before["cortex.h"]) for _, now, before in ticks(rates))
    count = rates[-1].effective.activity.decisions
    assert rates[-1].effective.neuron_updates["cortex"] == pytest.approx((active / count, 4 - active / count))
    assert 0 < active < 4 * count


def test_no_weight_changes_on_a_first_tick(rates):
    report = rates[-1]
    assert report.effective.first_ticks == int(rates[3].first.sum()) > 0


def test_effective_is_never_more_than_dense_without_spikes(rates):
    report = rates[-1]
    dense = [line for line in report.lines if line.times]
    for line, less in zip(dense, report.effective.lines, strict=True):
        for key, count in line.operations.items():
            assert less.operations[key] <= count + 1e-9, line.text
        assert less.reads <= line.reads + 1e-9
        assert less.writes <= line.writes + 1e-9


# --- spikes ---------------------------------------------------------------------------------------------------------

SPIKING = ("afferents.spike", "neurons.spike", "neurons.v", "onto.w", "onto.x", "onto.y")


@pytest.fixture(scope="module")
def spikes(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("spikes"), SPIKES, SPIKING, 400)


def test_what_spikes_set_off_is_counted_synapse_by_synapse(spikes):
    _, result, values, activity, report = spikes
    delay, rest = 3, Counter()
    times = {name: np.zeros((400, size), bool) for name, size in (("afferents", 5), ("neurons", 3))}
    for name, train in times.items():
        stored = result.recordings
        mine = stored[f"{name}_spike_seed"].values == 3
        steps = np.rint(stored[f"{name}_spike_time"].values[mine] / 1e-3).astype(int)
        train[steps, stored[f"{name}_spike_neuron"].values[mine]] = True
    exists = (values["onto.w"] != 0).any(axis=0) | (values["onto.x"] != 0).any(axis=0)
    given, grown, raised, lowered, risen = (Counter() for _ in range(5))
    factor = 1 - 1 / 20
    for step in range(activity.start, activity.start + activity.decisions):
        arrived = times["afferents"][step - delay] if step >= delay else np.zeros(5, bool)
        fired = times["neurons"][step]
        for i in range(3):
            for j in range(5):
                if not exists[i, j]:
                    continue
                weight, x, y = (values[f"onto.{key}"][step - 1, i, j] for key in "wxy")
                x, y = x * factor, y * factor  # they decay before spikes are seen to
                if arrived[j]:
                    add(given, add=weight != 0, reads=2 * (weight != 0), writes=weight != 0)
                    add(grown, add=x != 0, reads=x != 0, writes=1)
                    x += 1
                    less = 0.5e-3 * y
                    new = max(weight - less, 0)
                    add(lowered, multiply=y != 0, add=weight != 0 and y != 0, compare=1, writes=new != weight)
                    add(lowered, reads=int(weight != 0) + int(y != 0))
                    weight = new
                if fired[i]:
                    add(raised, add=y != 0, reads=y != 0, writes=1)
                    y += 1
                    new = min(weight + 0.3e-3 * x, 3e-3)
                    add(risen, multiply=x != 0, add=weight != 0 and x != 0, compare=1, writes=new != weight)
                    add(risen, reads=int(weight != 0) + int(x != 0))
                    weight = new
        rest["spikes"] += int(arrived.sum())
    close(of_line(report, "neurons.v += w"), given)
    close(of_line(report, "onto.x = x + 1"), grown)
    close(of_line(report, "onto.y = y + 1"), raised)
    close(of_line(report, "onto.w = maximum"), lowered)
    close(of_line(report, "onto.w = minimum"), risen)
    count = report.effective.activity.decisions
    assert {m.kind: m.count * count for m in report.effective.messages} == pytest.approx(
        {"spike": rest["spikes"]}
    )
    window = slice(activity.start, activity.start + activity.decisions)
    for name, train in times.items():
        assert report.effective.spikes[name] == pytest.approx(train[window].sum() / count)
    assert rest["spikes"] > 20
    assert times["neurons"][window].sum() > 5


def test_stored_and_recomputed_counts_are_those_of_the_run(spikes):
    _, result, _, _, report = spikes
    again = cost(spikes[0], activity=result.activity)
    assert again.as_dict()["effective"] == report.as_dict()["effective"]
