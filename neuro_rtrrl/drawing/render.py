"""The picture of a circuit: boxes for populations, curves for projections, a cloud of dopamine below them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_rtrrl.drawing.activity import Activity
from neuro_rtrrl.drawing.page import Page
from neuro_rtrrl.drawing.paint import paint
from neuro_rtrrl.errors import CircuitError, Problem, RunError, nearest
from neuro_rtrrl.graph.circuit import Circuit

__all__ = ["FORMATS", "Picture", "draw"]

FORMATS = ("svg", "png", "pdf")


@dataclass(frozen=True)
class Picture:
    """A finished picture; shown by itself in a notebook."""

    svg: str
    _render: Callable[[str], bytes]

    def _repr_svg_(self) -> str:
        return self.svg

    def data(self, format: str) -> bytes:
        """Return the picture as ``svg``, ``png`` or ``pdf``."""
        return self._render(format)

    def save(self, path: str | os.PathLike, format: str | None = None) -> Path:
        """Write the picture; the format follows from the path's ending unless it is given.

        Raises
        ------
        CircuitError
            If the format is unknown.
        RunError
            If the file cannot be written.
        """
        path = Path(path)
        data = self.data(picture_format(path, format))
        try:
            path.write_bytes(data)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RunError(
                Problem(f"{path} could not be written: {reason}", hint="choose another --out")
            ) from error
        return path


def draw(
    circuit: Circuit,
    path: str | os.PathLike | None = None,
    format: str | None = None,
    activity: Activity | None = None,
) -> Picture:
    """Draw a circuit.

    Parameters
    ----------
    circuit : Circuit
    path : path, optional
        Where to save it.
    format : {"svg", "png", "pdf"}, optional
        By default what the path ends in.
    activity : Activity, optional
        Colours populations by how active they were and widens projections by how strong they are.

    Raises
    ------
    CircuitError
        If the format is unknown.
    RunError
        If the file cannot be written.
    """
    wanted = picture_format(Path(path), format) if path is not None else None
    figure = _figure(circuit, activity)

    def render(kind: str) -> bytes:
        import matplotlib

        stream = io.BytesIO()
        # fixed ids and no date: the same circuit gives the same bytes
        with matplotlib.rc_context({"svg.hashsalt": "neuro-rtrrl", "svg.fonttype": "path"}):
            metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
            figure.savefig(stream, format=kind, dpi=200, metadata=metadata)
        return stream.getvalue()

    picture = Picture(render("svg").decode("utf-8"), render)
    if path is not None:
        picture.save(path, wanted)
    return picture


def picture_format(path: Path, format: str | None = None) -> str:
    """Return which of ``FORMATS`` a picture is to have; by default what its file's name ends in, or SVG.

    Raises
    ------
    CircuitError
        If there is no such format.
    """
    name = (format or path.suffix.lstrip(".") or "svg").lower()
    if name not in FORMATS:
        hint = nearest(name, FORMATS) or "end the file's name in .svg, .png or .pdf"
        raise CircuitError(Problem("unknown picture format", found=name, available=FORMATS, hint=hint))
    return name


def _figure(circuit: Circuit, activity: Activity | None):
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "neuro-rtrrl"}):
        page = Page(circuit, activity)
        width, height = page.size
        figure = Figure(
            figsize=(width, height), facecolor="white"
        )  # not pyplot's: the user's backend is left alone
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_xlim(page.lower[0], page.upper[0])
        ax.set_ylim(page.lower[1], page.upper[1])
        paint(page, ax)
        if activity is not None and activity.title:
            ax.text(
                0.01, 0.995, activity.title, transform=ax.transAxes, va="top", fontsize=8, fontweight="bold"
            )
    return figure
