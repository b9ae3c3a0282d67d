"""Runs the swing-up and tells, of trials that began with the pole below, how many came to stand for ten seconds.

python experiments/Fremaux_2013/swing_up.py [SEED ...]
"""

import sys
from pathlib import Path

import numpy as np

import neuro_rtrrl as nr

DURATION, QUARTERS = 12_000, 4  # s of model time
LOW, STANDS = (
    2.0,
    np.pi / 4,
)  # rad from upright: where a trial counts as begun below, and where the pole stands
LONG = 10.0  # s


def trials(result: nr.Result, reach: float, interval: float) -> np.ndarray:
    """Return of each trial of the first seed its end (s), angle at its start, longest and whole time upright (s)."""
    seen = np.asarray(result["observation"].values[0])
    angle = np.sign(seen[:, 2]) * np.pi * (seen[:, 2] / reach) ** 2
    angle[np.abs(seen[:, 0]) > 50] = np.pi  # between trials
    rows, start = [], 0
    for episode in result.episodes.of(0):
        part = np.abs(angle[start : episode.end + 1])
        up = np.concatenate([[False], part < STANDS, [False]])
        edges = np.flatnonzero(np.diff(up.astype(int)))
        lengths = (edges[1::2] - edges[::2]) * interval
        rows.append((episode.end * interval, part[0], max(lengths, default=0.0), lengths.sum()))
        start = episode.end + 1
    return np.array(rows)


def main(seeds: list[int]) -> None:
    """Print a line for each quarter of each seed."""
    circuit = nr.load(Path(__file__).with_name("swing_up_circuit.yaml"))
    assert circuit.environment is not None
    reach = float(dict(circuit.environment.parameters)["angle_reach"])
    print(
        "| seed | seconds | trials | stood 10 s | upright, mean (s) | began below | of these stood 10 s | upright (s) |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for seed in seeds:
        result = nr.simulate(circuit, duration=f"{DURATION} s", seeds=[seed])
        made = trials(result, reach, circuit.timing.decision_interval)
        for quarter in range(QUARTERS):
            since, until = (DURATION // QUARTERS * each for each in (quarter, quarter + 1))
            some = made[(made[:, 0] > since) & (made[:, 0] <= until)]
            low = some[some[:, 1] > LOW]
            told = [
                f"{len(each)} | {np.sum(each[:, 2] >= LONG)} | {each[:, 3].mean():.1f}"
                for each in (some, low)
            ]
            print(f"| {seed} | {since:,} to {until:,} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [0, 1, 2, 3])
