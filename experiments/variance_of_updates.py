"""How noisy is learning from one stream? The variance of online updates against batched ones.

    python experiments/variance_of_updates.py

An online learner changes its weights by ``delta*e`` at every decision; a batched one would take the mean over B streams
first. For a circuit before and after learning, many seeds (streams) start from the same weights, which stay as they
are (a learning rate too small to move them), and the change that each synapse of the recurrent projection would make,
``dopamine*e``, is kept. Reported is the trace of the covariance of

- one update (B = 1),
- the mean of B updates of B streams (a batch), each at a place of its own in its episode,
- the mean of T successive updates of one stream: what an online learner of a small learning rate adds up.

If successive updates were independent, T in one stream were as good as a batch of T; the ratio of the two variances is
how many times more (or less) noisy the stream is. ``noise`` is the root of the variance over the length of the mean
update, all streams and decisions together: how many deviations the update of a single decision is away from its mean.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import neuro_rtrrl as nr
from neuro_rtrrl import Circuit

HERE = Path(__file__).parent
OUT = HERE / "variance_of_updates"
PROJECTION = "cortex_recurrent"
STREAMS, DECISIONS, SETTLING = 64, 1024, 512
WINDOWS = (4, 16, 64)
TASKS = {
    "MemoryChain, 8": ("circuits/memory_rflo.yaml", ("environment.parameters.memory_length=8",)),
    "MemoryChain, 32": ("circuits/memory_rflo.yaml", ("environment.parameters.memory_length=32",)),
    "CartPole, positions": ("../circuits/cartpole_positions.yaml", ()),
}
STAGES = (0, 20_000, 200_000, 2_000_000)  # decisions of learning before
LOOK = ("record=[{variable: dopamine}]",)


@dataclass(frozen=True)
class Row:
    """Variances of the update of the recurrent projection, as ratios; see the module's text."""

    task: str
    learned: int
    noise: float
    batch: tuple[float, ...]
    stream: tuple[float, ...]


def learned_for(decisions: int, path: str, overrides: Sequence[str]) -> Circuit:
    """Return the circuit after so many decisions of learning (seed 0), from then on with weights that stay."""
    circuit = nr.load(HERE / path, (*overrides, *LOOK))
    rates = tuple(f"plasticity.{group}.learning_rate=1e-30" for group in circuit.plasticity)
    still = nr.load(HERE / path, (*overrides, *LOOK, *rates))
    if not decisions:
        return still
    return still.with_weights(nr.simulate(circuit, decisions=decisions, seeds=1).best())


def updates(circuit: Circuit) -> np.ndarray:
    """Return ``dopamine*e`` of every stream, decision and synapse: (streams, decisions, synapses)."""
    traces: list[np.ndarray] = []

    def look(variables: Mapping[str, np.ndarray]) -> bool:
        traces.append(np.array(variables[f"{PROJECTION}.e"]).reshape(STREAMS, -1))
        return False

    result = nr.simulate(circuit, decisions=SETTLING + DECISIONS, seeds=STREAMS, pause=(1, look))
    # a weight changes by the trace that the decision before has left
    before = np.stack(traces[SETTLING - 1 : -1], axis=1)
    return result["dopamine"].values[:, SETTLING:, None] * before


def total_variance(samples: np.ndarray) -> float:
    """Return the trace of the covariance of samples of vectors: (samples, entries)."""
    return float(samples.var(axis=0, ddof=1).sum())


def measure(task: str, learned: int, change: np.ndarray) -> Row:
    """Return one row of the table."""
    streams, decisions, entries = change.shape
    one = total_variance(change.reshape(-1, entries))
    mean = change.mean((0, 1))
    # episodes of one length run in step: without a shift, a batch would always be at one place of them
    shifts = np.random.default_rng(0).integers(0, decisions, streams)
    shifted = np.stack([np.roll(each, shift, axis=0) for each, shift in zip(change, shifts, strict=True)])
    batch, stream = [], []
    for window in WINDOWS:
        groups = shifted[: streams // window * window].reshape(-1, window, decisions, entries).mean(1)
        batch.append(total_variance(groups.reshape(-1, entries)) / one)
        means = change[:, : decisions // window * window].reshape(streams, -1, window, entries).mean(2)
        stream.append(total_variance(means.reshape(-1, entries)) / one)
    return Row(task, learned, float(np.sqrt(one) / np.linalg.norm(mean)), tuple(batch), tuple(stream))


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the variance of means against how many updates they are of, a panel for each task."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * len(TASKS), 3.2), layout="constrained")
    panels = figure.subplots(1, len(TASKS), sharey=True)
    sizes = (1, *WINDOWS)
    for panel, task in zip(panels, TASKS, strict=True):
        panel.loglog(sizes, [1 / size for size in sizes], color="0.6", lw=1, ls=":", label="independent")
        for number, row in enumerate(row for row in rows if row.task == task):
            colour = f"C{number}"
            panel.loglog(sizes, (1, *row.batch), color=colour, ls="--", lw=1.2)
            panel.loglog(sizes, (1, *row.stream), color=colour, lw=1.8, label=f"after {row.learned:,}")
        panel.set(title=task, xlabel="updates in a mean")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("variance, of one update's\nfull: one stream, dashed: a batch")
    panels[-1].legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)


def write(rows: Sequence[Row], folder: Path) -> None:
    """Write ``table.csv`` and ``table.md``."""
    head = ["task", "learned for", "noise"]
    head += [f"batch of {size}" for size in WINDOWS] + [f"stream of {size}" for size in WINDOWS]
    lines = [
        [row.task, f"{row.learned}", *(f"{value:.4g}" for value in (row.noise, *row.batch, *row.stream))]
        for row in rows
    ]
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *lines])
    marks = ["---", *["---:"] * (len(head) - 1)]
    text = "\n".join("| " + " | ".join(line) + " |" for line in (head, marks, *lines))
    (folder / "table.md").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure everything, write the tables and the figure."""
    OUT.mkdir(exist_ok=True)
    rows = []
    for task, (path, overrides) in TASKS.items():
        for learned in STAGES:
            rows.append(measure(task, learned, updates(learned_for(learned, path, overrides))))
            print(rows[-1], flush=True)
    write(rows, OUT)
    draw(rows, OUT / "variance.png")


if __name__ == "__main__":
    main()
