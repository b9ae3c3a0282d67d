"""Learning curves."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.plot import learning_curve_picture, learning_curves
from neuro_rtrrl.results import Episodes, Result
from neuro_rtrrl.results.episodes import EpisodeTable

DECISIONS = 2000


def learning(seeds: int = 3, level: float = 1.0) -> Result:
    ends = np.tile(np.arange(9, DECISIONS, 10), seeds)
    seed = np.repeat(np.arange(seeds), DECISIONS // 10)
    total = level * ends / DECISIONS + 0.1 * seed
    table = EpisodeTable(seed, total, np.full_like(ends, 9), ends, np.zeros(len(ends), bool))
    episodes = Episodes.from_table(range(seeds), table)
    return Result("memory_task", tuple(range(seeds)), DECISIONS, episodes, None, {})


def figure_axes():
    from matplotlib.figure import Figure

    return Figure().add_subplot()


def test_each_condition_has_its_mean_and_every_seed():
    ax = learning_curves(ax=figure_axes(), control=learning(3), dopamine_lesioned=learning(2, 0.1))
    labelled = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in labelled] == ["control", "dopamine lesioned"]
    assert len(ax.lines) == 3 + 2 + 2
    assert ax.get_xlabel() == "decisions"
    assert ax.get_ylabel()


def test_the_mean_line_is_the_mean_over_seeds():
    ax = learning_curves(ax=figure_axes(), control=learning(3))
    mean = next(line for line in ax.lines if line.get_label() == "control")
    np.testing.assert_allclose(mean.get_ydata(), np.asarray(mean.get_xdata()) / DECISIONS + 0.1, atol=0.01)


def test_a_run_without_episodes_has_no_curve():
    empty = Result("idle", (0,), 100, Episodes((0,)), None, {})
    with pytest.raises(CircuitError, match="no episode"):
        learning_curves(ax=figure_axes(), control=empty)
    with pytest.raises(CircuitError, match="nothing to draw"):
        learning_curves()


@pytest.mark.parametrize("seeds", [1, 5])
def test_saving_a_picture_leaves_the_users_backend_alone(tmp_path, seeds):
    import matplotlib

    before = matplotlib.rcParams._get_backend_or_none()
    learning_curve_picture(learning(seeds), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert matplotlib.rcParams._get_backend_or_none() == before
