"""A figure of a result as a file, by its name: what the command line draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuro_rtrrl.drawing import draw
from neuro_rtrrl.drawing.render import picture_format
from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.plot.curves import learning_curve_picture
from neuro_rtrrl.plot.spike_figures import psth, raster, rates
from neuro_rtrrl.plot.style import STYLE
from neuro_rtrrl.plot.traces import activity, by_trial, dopamine, value_map, voltages
from neuro_rtrrl.plot.weight_figures import weight_histogram, weights
from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.results.result import Result

__all__ = ["KINDS", "picture"]

_ON_AXES: dict[str, tuple[Callable[..., Any], tuple[float, float]]] = {
    "raster": (raster, (6.4, 3.8)),
    "psth": (psth, (5.2, 4.4)),
    "rates": (rates, (6.0, 3.4)),
    "voltages": (voltages, (6.4, 3.8)),
    "dopamine": (dopamine, (6.0, 3.4)),
    "trials": (by_trial, (5.6, 4.8)),
    "values": (value_map, (4.8, 3.8)),
    "weights": (weights, (6.0, 4.4)),
    "histogram": (weight_histogram, (5.0, 3.2)),
}
KINDS = ("learning", *_ON_AXES, "activity")


def picture(
    result: Result,
    kind: str,
    path: str | Path,
    seed: int | None = None,
    circuit: Circuit | None = None,
    **options: Any,
) -> Path:
    """Save a figure as a picture; the path's ending says whether PNG, SVG or PDF.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    circuit : Circuit, optional
        What ``activity`` is drawn on.
    **options
        Those of the figure's own function.

    Raises
    ------
    CircuitError
        If there is no such figure or format, or what the figure needs was not recorded.
    RunError
        If the file cannot be written.
    """
    if kind not in KINDS:
        raise CircuitError(
            Problem(f"there is no figure '{kind}'", available=KINDS, hint=nearest(kind, KINDS))
        )
    target = Path(path)
    ending = picture_format(target)
    if kind == "activity":
        if circuit is None:
            raise CircuitError(Problem("activity is drawn on a circuit", hint="give the circuit"))
        draw(circuit, target, activity=activity(result, circuit, seed))
        return target
    if kind == "learning":
        with replacing(target) as temporary:
            learning_curve_picture(result, temporary)
        return target
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    function, size = _ON_AXES[kind]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        function(result, figure.add_subplot(), seed, **options)
        with replacing(target) as temporary:
            figure.savefig(temporary, dpi=200, format=ending)
    return target
