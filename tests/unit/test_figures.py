"""Figures show the numbers that were recorded, and say what is missing."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.plot.style import STYLE
from neuro_rtrrl.results.contents import series, spikes

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

SPIKING = [
    "populations.afferents.size=30",
    "populations.afferents.rate=100 Hz",
    "populations.neurons.size=4",
    "projections.afferents_to_neurons.weights={uniform: [0 mV, 3 mV]}",
    "record=[{variable: afferents.spike}, {variable: neurons.spike}, "
    "{variable: neurons.v, neurons: [2, 0], every: 0.5 ms}, "
    "{variable: afferents_to_neurons.w, every: 10 decisions}]",
]
RATES = [
    "record=[{variable: dopamine}, {variable: cortex.r, neurons: 0-3}, {variable: ventral_striatum.r}]",
]
WHAT = {
    "raster": "spiking", "psth": "spiking", "rates": "spiking", "voltages": "spiking", "weights": "spiking",
    "histogram": "spiking", "dopamine": "learning", "trials": "learning", "values": "learning",
    "learning": "learning", "activity": "learning",
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    spiking, learning = nr.load("circuits/stdp.yaml", SPIKING), nr.load("circuits/bg.yaml", RATES)
    return {
        "spiking": (nr.simulate(spiking, decisions=300, seeds=2, out=folder / "spiking"), spiking),
        "learning": (nr.simulate(learning, decisions=400, seeds=1, out=folder / "learning"), learning),
    }


@pytest.fixture(autouse=True)
def close():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_every_figure_has_a_result_to_be_drawn_of():
    assert set(WHAT) == set(nr.plot.KINDS)


@pytest.mark.parametrize("kind", WHAT)
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_every_figure_is_saved(results, tmp_path, kind, ending):
    result, circuit = results[WHAT[kind]]
    options = {"events": [0.1, 0.15, 0.2], "window": (-0.05, 0.1)} if kind == "psth" else {}
    path = nr.plot.picture(result, kind, tmp_path / f"{kind}.{ending}", circuit=circuit, **options)
    assert path.stat().st_size > 4000


def test_a_raster_has_a_mark_for_every_spike_in_the_row_of_its_neuron(results):
    result = results["spiking"][0]
    ax = nr.plot.raster(result, seed=1)
    afferents, neurons = (np.asarray(each.get_offsets()) for each in ax.collections)
    recorded = spikes(result, 1)
    np.testing.assert_allclose(afferents[:, 0], recorded["afferents"].times)
    np.testing.assert_array_equal(neurons[:, 1], 30 + recorded["neurons"].neurons)
    assert ax.get_xlabel() == "time (s)"
    assert "seed 1" in ax.get_title("left")
    assert "spike timing" in ax.get_title("left")


def test_rates_integrate_to_the_number_of_spikes(results):
    result = results["spiking"][0]
    ax = nr.plot.rates(result, bin_width=0.01)
    for line, each in zip(ax.lines, spikes(result).values(), strict=True):
        assert line.get_ydata().sum() * 0.01 * len(each.recorded) == pytest.approx(len(each.times))


def test_a_psth_counts_what_follows_the_events(results):
    result = results["spiking"][0]
    each = spikes(result)["neurons"]
    events = [0.05, 0.1, 0.2]
    nr.plot.psth(result, events=events, window=(0.0, 0.05), bin_width=0.05)
    from matplotlib import pyplot

    (stairs,) = pyplot.gcf().axes[1].patches
    expected = sum(np.count_nonzero((each.times >= at) & (each.times < at + 0.05)) for at in events)
    assert expected > 0
    assert stairs.get_data().values.tolist() == pytest.approx([expected / (0.05 * 3 * 4)])


def test_dopamine_by_trial_is_dopamine_cut_at_the_episodes(results):
    result = results["learning"][0]
    ax = nr.plot.by_trial(result)
    shown = np.asarray(ax.collections[0].get_array())
    values = np.asarray(series(result)["dopamine"].values.values)
    first = result.episodes.of(0)[0]
    np.testing.assert_allclose(shown[0][: first.end + 1], values[: first.end + 1])
    assert len(shown) == len(result.episodes.of(0))


def test_a_voltage_is_the_recorded_one_in_millivolts(results):
    result = results["spiking"][0]
    ax = nr.plot.voltages(result)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), result["neurons.v"].values[0, :, 0] * 1e3, rtol=1e-6)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "0"]


def test_activity_is_the_mean_rate_and_the_mean_weight(results):
    result, circuit = results["spiking"]
    shown = nr.plot.activity(result, circuit)
    each = spikes(result)["neurons"]
    assert shown.populations["neurons"][0] == pytest.approx(len(each.times) / 4 / 0.3)
    weights = result.state["afferents_to_neurons.w"][0]
    assert shown.weights["afferents_to_neurons"] == pytest.approx(np.abs(weights[weights != 0]).mean())


@pytest.mark.parametrize(
    ("draw", "which", "said"),
    [
        (lambda r: nr.plot.raster(r), "learning", r"no spikes(.|\n)*hold dopamine, cortex\.r"),
        (lambda r: nr.plot.dopamine(r), "spiking", r"no modulator 'dopamine'(.|\n)*neurons\.v"),
        (lambda r: nr.plot.weights(r), "learning", r"no weights were recorded over time(.|\n)*every: 100"),
        (lambda r: nr.plot.psth(r), "spiking", r"no events"),
        (lambda r: nr.plot.voltages(r, key="cortex.v"), "learning", r"cortex\.v(.|\n)*cortex\.r"),
        (lambda r: nr.plot.raster(r, seed=7), "spiking", r"no such seed"),
        (lambda r: nr.plot.picture(r, "rastr", "x.png"), "spiking", r"no figure 'rastr'(.|\n)*raster"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(results, draw, which, said):
    with pytest.raises(nr.CircuitError, match=said):
        draw(results[which][0])


def test_no_style_is_left_behind(results):
    before = {key: matplotlib.rcParams[key] for key in STYLE}
    nr.plot.dopamine(results["learning"][0])
    assert {key: matplotlib.rcParams[key] for key in STYLE} == before


def test_the_command_line_draws_and_converts(results, tmp_path, capsys):
    from neuro_rtrrl.cli import main

    folder = str(results["learning"][0].folder)
    for arguments in (
        ["plot", folder, "activity", "--out", str(tmp_path / "a.svg")],
        ["convert", folder, "--to", "csv"],
    ):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--json"])
        assert not ended.value.code
        assert json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit) as ended:
        main(["plot", folder, "raster"])
    assert ended.value.code == 2
    assert "these results hold dopamine" in capsys.readouterr().err
