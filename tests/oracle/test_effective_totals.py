"""Every effective count of a recorded run, line by line and in all sums, against a machine that skips zeros.

The equations are written out below, one element at a time, on the recorded values; :mod:`tests.oracle.skipping` counts.
Two runs: SGD with fixed neurons, and Adam with a learned bias and time constant.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neuro_rtrrl.graph import initial_values
from neuro_rtrrl.lowering import PHASES

from .skipping import Book, constant, exp, greater, maximum, read, root
from .test_effective_counts import KEYS, RATES, SPIKES, SPIKING, recorded

LEARNED = (
    RATES.replace("optimiser: sgd}\n  striatal", "optimiser: adam}\n  striatal")
    .replace(
        "tau: 20 ms}",
        "tau: {uniform: [40 ms, 60 ms]}, bias: 0.1, plasticity: cortical, learns: [tau, bias]}",
    )
    .replace(
        "parameters: {tau: {unit: second, minimum: 0}}",
        "parameters: {tau: {unit: second, minimum: 0}, bias: {default: 0}, "
        "tau_minimum: {unit: second, default: 20 ms}}",
    )
    .replace("maximum(u, 0)", "maximum(u + bias, 0)")
    .replace("int(u > 0)", "int(u + bias > 0)")
)
MORE = ("cortex.u", "cortex.phi", "dorsal.u", "dorsal.logit", "dorsal.scaled", "ventral.u")
OF_ADAM = (
    *("cortex.tau", "cortex.bias", "cortical.power_1", "cortical.power_2"),
    *(f"cortex.{name}.{key}" for name in ("tau", "bias") for key in ("j", "e", "adam.m", "adam.s")),
    *(f"{name}.adam.{key}" for name in ("afferent", "recurrent") for key in "ms"),
)
NEURONS, ACTIONS, INTERVAL = 4, 2, 0.02
DISCOUNT, TRACE, RATE = 0.9, 0.5, 0.01
BETA_1, BETA_2, EPSILON, TAU_MINIMUM = 0.9, 0.999, 1e-8, 0.02


class Run:
    """A recorded run and everything that its equations read, tick by tick."""

    def __init__(self, folder, text: str, learned: bool) -> None:
        keys = (*KEYS, *MORE, *(OF_ADAM if learned else ()))
        self.learned = learned
        self.circuit, _, self.values, self.activity, self.report = recorded(folder, text, keys, 120)
        self.fixed = initial_values(self.circuit, self.activity.seed)
        self.count = self.activity.decisions
        self.senses = self.circuit.populations["sensory"].size
        masks = self.report.lowered.masks
        self.synapses = {
            "afferent": list(np.ndindex(NEURONS, self.senses)),
            "recurrent": list(zip(*np.nonzero(masks["recurrent"]), strict=True)),
            "to_ventral": list(np.ndindex(1, NEURONS)),
            "to_dorsal": list(np.ndindex(ACTIONS, NEURONS)),
            "feedback": list(np.ndindex(NEURONS, ACTIONS)),
        }
        self.book = Book()
        self.sent, self.active = Counter(), Counter()
        self.calls: dict[str, Counter] = {"macs": Counter(), "acs": Counter()}
        self.silent = self.sent_out = 0
        self.kept: dict[
            str, np.ndarray
        ] = {}  # what no recording keeps, from tick to tick; 0 where the stretch begins
        for index in range(self.count):
            self.tick(index)

    # --- values -----------------------------------------------------------------------------------------------

    def now(self, key: str):
        return np.atleast_1d(self.values[key][self.activity.start + self.index])

    def old(self, key: str):
        """Return what a word held before: of one that starts anew with an episode, nothing; at first, what is known."""
        if self.index == 0 and key not in self.activity.state:
            return np.zeros_like(self.now(key))
        if self.first and key.rpartition(".")[2] in ("h", "r", "j", "e") and key.startswith(STATEFUL):
            return np.zeros_like(self.now(key))
        return np.atleast_1d(self.values[key][self.activity.start + self.index - 1])

    def worked_out(self, owner: str, line: str, key: str, elements, tree) -> np.ndarray:
        """Count a line whose result is in no recording, and keep what it made."""
        before = self.kept.get(key, np.zeros(self.shape(elements)))
        made = before.copy()
        for place in elements:
            made[place] = self.book.element(owner, line, tree(place), before[place])
        self.kept[key] = made
        return made

    @staticmethod
    def shape(elements) -> tuple[int, ...]:
        return tuple(np.max(elements, axis=0) + 1)

    def line(self, owner: str, line: str, key: str, elements, tree) -> None:
        """Count a line whose result was recorded; what the equation makes of the values is what was recorded."""
        before, after = self.old(key), self.now(key)
        for place in elements:
            made = self.book.element(owner, line, tree(place), before[place])
            assert made == pytest.approx(after[place], rel=1e-9, abs=1e-14), (line, place)
            # the last bit may differ, and only its being another word counts
            entry = self.book(owner, line)
            entry["writes"] += int(after[place] != before[place]) - int(made != before[place])

    # --- one tick ---------------------------------------------------------------------------------------------

    def tick(self, index: int) -> None:
        self.index, self.first = index, bool(self.activity.first[index])
        self.chosen = self.activity.shown["dorsal.chosen"][index]
        self.forward()
        self.traces()
        self.read_out()
        self.modulate()
        if not self.first:
            self.learn()
        self.renew()
        self.messages()

    def sum_over_pre(self, projection: str, weights, rates, line: str) -> np.ndarray:
        """Count a weighted sum; return for every neuron of post how many products there were."""
        found = np.zeros(max(i for i, _ in self.synapses[projection]) + 1, int)
        for i, j in self.synapses[projection]:
            if weights[i, j] != 0 and rates[j] != 0:
                found[i] += 1
        self.book(projection, line).update(mac=int(found.sum()), reads=2 * int(found.sum()))
        return found

    def call(self, projection: str, products: np.ndarray, rates) -> None:
        """Note an application of weights as NeuroBench sees it."""
        binary = set(np.unique(rates).tolist()) <= {-1.0, 0.0, 1.0}
        self.calls["acs" if binary else "macs"][projection] += int(products.sum())

    def forward(self) -> None:
        rates = {"afferent": self.now("sensory.r"), "recurrent": self.old("cortex.r")}
        parts = {}
        for name, sent in rates.items():
            products = self.sum_over_pre(name, self.old(f"{name}.w"), sent, "cortex.u += sum")
            self.call(name, products, sent)
            parts[name] = products > 0
        entry = self.book("cortex", "cortex.u = afferent + recurrent")
        entry["add"] += int((parts["afferent"] & parts["recurrent"]).sum())
        entry["writes"] += int((self.now("cortex.u") != self.old("cortex.u")).sum())
        neurons = [(i,) for i in range(NEURONS)]
        u, zero = self.now("cortex.u"), constant(0.0)

        def drive(i):
            return (
                read("u", u[i]) + read("bias", self.old("cortex.bias")[i])
                if self.learned
                else read("u", u[i])
            )

        self.line("cortex", "cortex.phi =", "cortex.phi", neurons, lambda at: maximum(drive(at[0]), zero))
        self.line("cortex", "cortex.slope =", "cortex.slope", neurons, lambda at: greater(drive(at[0]), zero))
        if self.learned:
            tau = self.old("cortex.tau")
            for key in ("dt", "decision_interval"):
                self.worked_out(
                    "cortex",
                    f"cortex.({key} / cortex.tau)",
                    f"{key}/tau",
                    neurons,
                    lambda at: constant(INTERVAL) / read("tau", tau[at]),
                )
        h, phi = self.old("cortex.h"), self.now("cortex.phi")
        self.line(
            "cortex",
            "cortex.h =",
            "cortex.h",
            neurons,
            lambda at: read("h", h[at]) + self.paced(at[0], read("phi", phi[at]) - read("h", h[at])),
        )
        self.line("cortex", "cortex.r =", "cortex.r", neurons, lambda at: read("h", self.now("cortex.h")[at]))
        self.active["cortex"] += int((self.now("cortex.h") != h).sum())

    def paced(self, i: int, number):
        """Multiply with dt/tau, which is 1 in the run whose tau is dt."""
        return read("dt/tau", self.kept["dt/tau"][i]) * number if self.learned else number

    def traces(self) -> None:
        slope = self.now("cortex.slope")
        rates = {"afferent": self.now("sensory.r"), "recurrent": self.old("cortex.r")}
        for name, sent in rates.items():
            old = self.old(f"{name}.j")

            def trace(at, old=old, sent=sent):
                i, j = at
                drive = read("slope", slope[i]) * read("r", sent[j])
                return read("j", old[at]) + self.paced(i, drive - read("j", old[at]))

            self.line(name, f"{name}.j =", f"{name}.j", self.synapses[name], trace)
        if not self.learned:
            return
        neurons = [(i,) for i in range(NEURONS)]
        h, phi = self.old("cortex.h"), self.now("cortex.phi")
        j = self.old("cortex.bias.j")
        self.line(
            "cortex.bias", "cortex.bias.j =", "cortex.bias.j", neurons,
            lambda at: read("j", j[at]) + self.paced(at[0], read("slope", slope[at]) - read("j", j[at])),
        )  # fmt: skip
        k, pace = self.old("cortex.tau.j"), self.kept["decision_interval/tau"]
        self.line(
            "cortex.tau", "cortex.tau.j =", "cortex.tau.j", neurons,
            lambda at: read("j", k[at])
            + self.paced(
                at[0],
                read("interval/tau", pace[at]) * (read("h", h[at]) - read("phi", phi[at])) - read("j", k[at]),
            ),
        )  # fmt: skip

    def read_out(self) -> None:
        rates = self.now("cortex.r")
        weights = {"to_dorsal": self.fixed["to_dorsal.w"], "to_ventral": self.old("to_ventral.w")}
        for name, target in (("to_dorsal", "dorsal"), ("to_ventral", "ventral")):
            self.call(name, self.sum_over_pre(name, weights[name], rates, f"{target}.u += sum"), rates)
            changed = self.now(f"{target}.u") != self.old(f"{target}.u")
            self.book(target, f"{target}.u is complete")["writes"] += int(changed.sum())
        actions, once = [(i,) for i in range(ACTIONS)], [(0,)]
        u = self.now("dorsal.u")
        largest = np.array([u.max()])
        entry = self.book("dorsal", "dorsal.logit_part_0 =")
        entry.update(compare=ACTIONS - 1, reads=np.count_nonzero(u))
        entry["writes"] += int(largest[0] != self.kept.get("largest", 0))
        self.kept["largest"] = largest[0]
        self.line(
            "dorsal", "dorsal.logit =", "dorsal.logit", actions,
            lambda at: read("u", u[at]) - read("largest", largest[0]),
        )  # fmt: skip
        logit = self.now("dorsal.logit")
        self.line(
            "dorsal", "dorsal.scaled =", "dorsal.scaled", actions, lambda at: exp(read("logit", logit[at]))
        )
        scaled = self.now("dorsal.scaled")
        entry = self.book("dorsal", "dorsal.total =")
        entry.update(add=np.count_nonzero(scaled) - 1, reads=np.count_nonzero(scaled))
        entry["writes"] += int(scaled.sum() != self.kept.get("total", 0))
        self.kept["total"] = scaled.sum()
        inverse = self.worked_out(
            "broadcast", "(1 / dorsal.total)", "1/total", once,
            lambda at: constant(1.0) / read("total", scaled.sum()),
        )  # fmt: skip
        self.line(
            "dorsal", "dorsal.r =", "dorsal.r", actions,
            lambda at: read("1/total", inverse[0]) * read("scaled", scaled[at]),
        )  # fmt: skip
        self.line(
            "ventral", "ventral.r =", "ventral.r", once, lambda at: read("u", self.now("ventral.u")[at])
        )
        for name in ("dorsal", "ventral"):
            self.active[name] += int((self.now(f"{name}.r") != self.old(f"{name}.r")).sum())
        # in full: the cumulative sum of two rates, and one comparison less than there are
        self.book("dorsal", "action ~").update(add=1, compare=1, reads=2, writes=3)
        policy = self.now("dorsal.r")
        self.line(
            "dorsal", "dorsal.error =", "dorsal.error", actions,
            lambda at: read("chosen", self.chosen[at]) - read("r", policy[at]),
        )  # fmt: skip
        self.sum_over_pre(
            "feedback", self.fixed["feedback.w"], self.now("dorsal.error"), "cortex.feedback += sum"
        )
        changed = self.now("cortex.feedback") != self.old("cortex.feedback")
        self.book("cortex", "cortex.feedback is complete")["writes"] += int(changed.sum())
        self.silent += int((self.now("cortex.r") == 0).sum() + (policy == 0).sum())
        self.sent_out += NEURONS + ACTIONS

    def modulate(self) -> None:
        value = self.now("ventral.r")[0]
        before = 0.0 if self.first else self.old_value()
        if not self.first:
            reward = read("reward", self.activity.reward[self.index])
            ended = read("terminated", float(self.activity.terminated[self.index]))
            bootstrap = constant(DISCOUNT) * (constant(1.0) - ended) * read("value", value)
            signal = reward + bootstrap - read("before", before)
            self.line("dopamine", "dopamine = ", "dopamine", [(0,)], lambda at: signal)
        self.book.element("dopamine", "dopamine.value_previous =", read("value", value), before)

    def old_value(self) -> float:
        return float(np.atleast_1d(self.values["ventral.r"][self.activity.start + self.index - 1])[0])

    def learn(self) -> None:
        dopamine = self.now("dopamine")[0]
        if self.learned:
            for power, beta in (("power_1", BETA_1), ("power_2", BETA_2)):
                old = self.old(f"cortical.{power}")[0]
                self.line(
                    "cortical", f"cortical.{power} =", f"cortical.{power}", [(0,)],
                    lambda at, beta=beta, old=old: constant(beta) * read("power", old),
                )  # fmt: skip
            first, second = (self.now(f"cortical.{power}")[0] for power in ("power_1", "power_2"))
            self.worked_out(
                "broadcast", "(cortical.learning_rate / (1 - cortical.power_1))", "rate", [(0,)],
                lambda at: constant(RATE) / (constant(1.0) - read("power", first)),
            )  # fmt: skip
            self.worked_out(
                "broadcast", "(1 / (1 - cortical.power_2))", "inverse", [(0,)],
                lambda at: constant(1.0) / (constant(1.0) - read("power", second)),
            )  # fmt: skip
        for name in ("afferent", "recurrent", "to_ventral"):
            adam = self.learned and name != "to_ventral"
            self.weight(name, f"{name}.w", self.synapses[name], dopamine, "adam" if adam else "sgd")
        if self.learned:
            neurons = [(i,) for i in range(NEURONS)]
            self.weight("cortex.bias", "cortex.bias", neurons, dopamine, "adam")
            self.time_constant(neurons, dopamine)

    def weight(self, owner: str, key: str, elements, dopamine: float, optimiser: str) -> None:
        e = self.old(f"{owner}.e")
        gradient = self.worked_out(
            owner, f"{owner}.{optimiser}.gradient =", f"{owner}.gradient", elements,
            lambda at: read("dopamine", dopamine) * read("e", e[at]),
        )  # fmt: skip
        step = self.step(owner, elements, gradient, optimiser)
        old = self.old(key)
        self.line(owner, f"{key} =", key, elements, lambda at: read("w", old[at]) + read("step", step[at]))

    def time_constant(self, neurons, dopamine: float) -> None:
        owner, e, old = "cortex.tau", self.old("cortex.tau.e"), self.old("cortex.tau")
        change = self.worked_out(
            owner, "cortex.tau.change =", "tau.change", neurons,
            lambda at: read("dopamine", dopamine) * read("e", e[at]),
        )  # fmt: skip
        gradient = self.worked_out(
            owner,
            "cortex.tau.adam.gradient =",
            "tau.gradient",
            neurons,
            lambda at: read("change", change[at]),
        )
        step = self.step(owner, neurons, gradient, "adam")
        self.line(
            owner, "cortex.tau =", "cortex.tau", neurons,
            lambda at: maximum(
                read("tau", old[at]) + constant(INTERVAL) * read("step", step[at]), constant(TAU_MINIMUM)
            ),
        )  # fmt: skip

    def step(self, owner: str, elements, gradient: np.ndarray, optimiser: str) -> np.ndarray:
        if optimiser == "sgd":
            return self.worked_out(
                owner, f"{owner}.sgd.step =", f"{owner}.step", elements,
                lambda at: constant(RATE) * read("gradient", gradient[at]),
            )  # fmt: skip
        old = {key: self.old(f"{owner}.adam.{key}") for key in "ms"}

        def g(at):
            return read("gradient", gradient[at])

        self.line(
            owner, f"{owner}.adam.m =", f"{owner}.adam.m", elements,
            lambda at: constant(BETA_1) * read("m", old["m"][at]) + constant(1 - BETA_1) * g(at),
        )  # fmt: skip
        self.line(
            owner, f"{owner}.adam.s =", f"{owner}.adam.s", elements,
            lambda at: constant(BETA_2) * read("s", old["s"][at]) + constant(1 - BETA_2) * g(at) * g(at),
        )  # fmt: skip
        m, s = (self.now(f"{owner}.adam.{key}") for key in "ms")
        rate, inverse = self.kept["rate"][0], self.kept["inverse"][0]
        return self.worked_out(
            owner, f"{owner}.adam.step =", f"{owner}.step", elements,
            lambda at: read("rate", rate)
            * read("m", m[at])
            / (root(read("inverse", inverse) * read("s", s[at])) + constant(EPSILON)),
        )  # fmt: skip

    def renew(self) -> None:
        fed, rates = self.now("cortex.feedback"), self.now("cortex.r")
        owners = ["afferent", "recurrent", *(["cortex.bias", "cortex.tau"] if self.learned else [])]
        for owner in owners:
            old, local = self.old(f"{owner}.e"), self.now(f"{owner}.j")
            self.line(
                owner, f"{owner}.e =", f"{owner}.e", self.synapses.get(owner, [(i,) for i in range(NEURONS)]),
                lambda at, old=old, local=local: constant(DISCOUNT * TRACE) * read("e", old[at])
                + read("feedback", fed[at[0]]) * read("j", local[at]),
            )  # fmt: skip
        old = self.old("to_ventral.e")
        self.line(
            "to_ventral", "to_ventral.e =", "to_ventral.e", self.synapses["to_ventral"],
            lambda at: constant(DISCOUNT * TRACE) * read("e", old[at]) + read("r", rates[at[1]]),
        )  # fmt: skip

    def messages(self) -> None:
        self.sent["rate"] += np.count_nonzero(self.now("sensory.r")) + np.count_nonzero(self.old("cortex.r"))
        self.sent["rate"] += 2 * np.count_nonzero(self.now("cortex.r"))
        self.sent["rate"] += np.count_nonzero(self.now("dorsal.error"))
        if not self.first and self.now("dopamine")[0] != 0:
            self.sent["modulator"] += 4 if self.learned else 3  # each projection that learns, and the cortex
        self.sent["host"] += 3 + 1 + 1  # what is observed, the reward, the action


STATEFUL = ("cortex", "afferent", "recurrent", "to_ventral")


@pytest.fixture(scope="module", params=["sgd", "adam and learned parameters"])
def run(request, tmp_path_factory):
    learned = request.param != "sgd"
    return Run(tmp_path_factory.mktemp("run"), LEARNED if learned else RATES, learned)


def line_of(run, owner: str, start: str):
    (found,) = [
        line for line in run.report.effective.lines if line.owner == owner and line.text.startswith(start)
    ]
    return found


def test_every_line_is_counted_here_too(run):
    matched = [line_of(run, *key) for key in run.book.lines]
    assert len({id(line) for line in matched}) == len(matched)
    assert {line.text for line in run.report.effective.lines} == {line.text for line in matched}
    assert len(matched) == len(run.report.effective.lines)


def test_every_line_does_what_the_machine_that_skips_zeros_does(run):
    wrong = {}
    for key, expected in run.book.lines.items():
        line = line_of(run, *key)
        found = Counter({kind: number * run.count for (_, kind), number in line.operations.items()})
        found.update(reads=line.reads * run.count, writes=line.writes * run.count)
        for kind in {*found, *expected}:
            if found[kind] != pytest.approx(expected[kind], abs=1e-6):
                wrong[key, kind] = (found[kind], expected[kind])
    assert wrong == {}


def phase_of(run, key: tuple[str, str]) -> str:
    return line_of(run, *key).phase


def close(found, expected) -> bool:
    return found == pytest.approx(expected, abs=1e-9)


def test_the_sums_by_phase_are_those_of_the_lines(run):
    document = run.report.as_dict()["effective"]
    assert document["decisions"] == run.count
    for phase in PHASES:
        total = Counter()
        for key, counts in run.book.lines.items():
            if phase_of(run, key) == phase:
                total.update(counts)
        reads, writes = total.pop("reads", 0), total.pop("writes", 0)
        found = {kind: number for kind, number in document["operations"][phase].items() if number}
        assert close(found, {kind: number / run.count for kind, number in total.items() if number}), phase
        assert close(document["reads"][phase], reads / run.count), phase
        assert close(document["writes"][phase], writes / run.count), phase
        assert close(document["bytes"]["read"][phase], 4 * reads / run.count), phase
        assert close(document["bytes"]["written"][phase], 4 * writes / run.count), phase


def test_the_sums_by_owner_projection_and_population_are_those_of_the_lines(run):
    document = run.report.as_dict()["effective"]
    owners: dict[str, Counter] = {}
    for (owner, _), counts in run.book.lines.items():
        owners.setdefault(owner, Counter()).update(counts)
    for owner, total in owners.items():
        found = {k: v for k, v in document["by_owner"][owner].items() if v and k != "messages"}
        assert close(found, {k: v / run.count for k, v in total.items() if v}), owner
    for name in run.circuit.projections:
        assert document["by_projection"][name] == document["by_owner"][name]
    own = Counter()
    for owner, total in owners.items():
        if owner.partition(".")[0] == "cortex":
            own.update(total)
    found = {k: v for k, v in document["by_population"]["cortex"].items() if v and k != "messages"}
    assert close(found, {k: v / run.count for k, v in own.items() if v})


def test_messages_and_updates_of_neurons_are_counted_here_too(run):
    document = run.report.as_dict()["effective"]
    assert close(document["messages"], {kind: number / run.count for kind, number in run.sent.items()})
    for name, size in (("cortex", NEURONS), ("dorsal", ACTIONS), ("ventral", 1)):
        active = run.active[name] / run.count
        assert close(document["neuron_updates"][name], {"active": active, "idle": size - active}), name


def test_the_effective_keys_of_neurobench_are_counted_here_too(run):
    found = run.report.neurobench
    operations = found["synaptic_operations"]
    assert close(operations["Effective_MACs"], sum(run.calls["macs"].values()) / run.count)
    assert close(operations["Effective_ACs"], sum(run.calls["acs"].values()) / run.count)
    assert close(found["activation_sparsity"], run.silent / run.sent_out)
    forward = ("afferent", "recurrent", "to_dorsal", "to_ventral")
    entries = NEURONS * run.senses + NEURONS**2 + ACTIONS * NEURONS + NEURONS
    synapses = sum(len(run.synapses[name]) for name in forward)
    assert operations["Dense"] == entries
    assert close(found["connection_sparsity"], (entries - synapses) / entries)
    assert run.calls["acs"]["afferent"] > 0
    assert run.calls["macs"]["afferent"] > 0
    assert 0 < operations["Effective_MACs"] + operations["Effective_ACs"] < entries


# --- spikes ---------------------------------------------------------------------------------------------------------


def test_what_neurons_and_traces_do_between_spikes_is_counted_here_too(tmp_path):
    # what spikes set off is counted in tests/oracle/test_effective_counts.py
    circuit, _, values, activity, report = recorded(tmp_path, SPIKES, SPIKING, 400)
    exists = [tuple(place) for place in np.argwhere(report.lowered.masks["onto"])]
    parameters = {name: each.constant for name, each in circuit.populations["neurons"].parameters.items()}
    sizes = {"afferents": 5, "neurons": 3}
    fired = {name: activity.spikes[f"{name}.spike"].reshape(-1, size) for name, size in sizes.items()}
    earlier = np.reshape(activity.earlier["afferents.spike"], (-1, 5))
    sent = np.concatenate([earlier[-3:], fired["afferents"]])  # what arrives, three steps later
    book, dt, window, delivered = Book(), 1e-3, range(activity.start, activity.start + activity.decisions), 0
    for index, step in enumerate(window):
        v = values["neurons.v"][step - 1]
        for i in range(3):
            pull = constant(parameters["v_rest"] + parameters["drive"]) - read("v", v[i])
            book.element(
                "neurons", "neurons.v = v +", read("v", v[i]) + constant(dt / parameters["tau"]) * pull, v[i]
            )
        for key in ("x", "y"):
            old = values[f"onto.{key}"][step - 1]
            for place in exists:
                word = read(key, old[place])
                book.element("onto", f"onto.{key} = {key} -", word - constant(dt / 20e-3) * word, old[place])
        for name, size in sizes.items():
            before = (
                fired[name][index - 1] if index else activity.state.get(f"{name}.spike", np.zeros(size)) > 0
            )
            changed = int((fired[name][index].astype(bool) != before).sum())
            # a comparison each, of a chance or a membrane that is never quite 0; rate*dt is constant
            book(name, f"{name}.spike =").update(compare=size, reads=size, writes=changed)
        book("neurons", "neurons.v = v_reset").update(writes=int(fired["neurons"][index].sum()))
        for i, j in exists:
            delivered += int(sent[index][j] and values["onto.w"][step - 1, i, j] != 0)
    for (owner, start), expected in book.lines.items():
        line = next(
            each for each in report.effective.lines if each.owner == owner and each.text.startswith(start)
        )
        found = Counter({kind: number * activity.decisions for (_, kind), number in line.operations.items()})
        found.update(reads=line.reads * activity.decisions, writes=line.writes * activity.decisions)
        assert {k: v for k, v in found.items() if v} == pytest.approx(
            {k: v for k, v in expected.items() if v}
        ), start
    operations = report.neurobench["synaptic_operations"]
    assert operations["Effective_MACs"] == 0
    assert close(operations["Effective_ACs"], delivered / activity.decisions)
    outputs = sum(train.size for train in fired.values())
    spikes = sum(int(train.sum()) for train in fired.values())
    assert close(report.neurobench["activation_sparsity"], 1 - spikes / outputs)
