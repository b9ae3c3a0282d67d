"""Measure everything: ``python -m benchmarks [--rounds N] [--only TEXT] [--json FILE] [--core N]``.

Contestants that are compared run in turns, each in a process of its own that stays warm, pinned to the same core, so
that a machine's noise hits both; what is reported is the ratio of each pair of turns: minimum, median and maximum.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measures import MEMORY, ROOT


@dataclass(frozen=True)
class Row:
    """``contestant`` against ``peer``; ``goal`` is the smallest ratio that the project asks of itself."""

    title: str
    contestant: str
    peer: str
    goal: float | None


ROWS = (
    Row("JAX, CartPole, against hand-written JAX, single kernel", "jax_generated", "jax_handwritten", 0.9),
    Row(
        "JAX, CartPole, against hand-written JAX, plain", "jax_generated_plain", "jax_handwritten_plain", 0.9
    ),
    Row("JAX, CartPole, against the C loop", "jax_generated", "yardstick", 0.25),
    Row("JAX without the single kernel, against the C loop", "jax_generated_plain", "yardstick", None),
    Row("JAX, MemoryChain, against the C loop", "jax_generated_memory", "yardstick", None),
    Row("Brian2, CartPole, against hand-written Brian2", "brian_generated", "brian_handwritten", 1.0),
)
STARTS = (
    ("neuro-rtrrl --help", ["--help"], 0.5),
    ("neuro-rtrrl check circuits/bg.yaml", ["check", MEMORY], 1.0),
    ("neuro-rtrrl cost circuits/bg.yaml", ["cost", MEMORY], None),
)


class Turn:
    """A contestant in a process of its own."""

    def __init__(self, name: str, core: int | None) -> None:
        pin = None if core is None else (lambda: os.sched_setaffinity(0, {core}))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measures", name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=pin,
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"contestant {name} did not start")

    def take(self) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compare(row: Row, rounds: int, core: int | None) -> dict:
    ours, peer = Turn(row.contestant, core), Turn(row.peer, core)
    pairs = [(ours.take(), peer.take()) for _ in range(rounds)]
    ours.end()
    peer.end()
    ratios = [a / b for a, b in pairs]
    return {
        "title": row.title,
        "rate": statistics.median(a for a, _ in pairs),
        "peer_rate": statistics.median(b for _, b in pairs),
        "ratio": {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)},
        "goal": row.goal,
    }


def start_up(title: str, arguments: list[str], goal: float | None, rounds: int) -> dict:
    """Seconds of processor time and the modules that must not be loaded."""
    program = (
        "import sys; from neuro_rtrrl.cli import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n"
        "    print('loaded:', *(m for m in ('jax', 'brian2') if m in sys.modules), file=sys.stderr)"
    )
    seconds = []
    loaded = ""
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        loaded = ended.stderr.rsplit("loaded:", 1)[-1].strip()
    return {"title": title, "seconds": min(seconds), "loaded": loaded, "goal": goal}


def report(document: dict) -> str:
    lines = [
        f"{document['machine']['processor']}, Python {document['machine']['python']}, "
        f"load {document['machine']['load']:.1f} at the start",
        "",
        "| what | rate (1/s) | peer (1/s) | ratio, median (min–max) | goal |",
        "|---|---|---|---|---|",
    ]
    for row in document["ratios"]:
        ratio = row["ratio"]
        lines.append(
            f"| {row['title']} | {row['rate']:,.0f} | {row['peer_rate']:,.0f} | "
            f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f}) | {row['goal'] or '–'} |"
        )
    lines += ["", "| start-up | processor time | loads jax or brian2 | goal |", "|---|---|---|---|"]
    for row in document["start_up"]:
        goal = f"{row['goal']} s" if row["goal"] else "–"
        lines.append(f"| `{row['title']}` | {row['seconds']:.2f} s | {row['loaded'] or 'neither'} | {goal} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each pair")
    parser.add_argument("--only", default="", help="rows whose title holds this text")
    parser.add_argument("--core", type=int, default=0, help="the core that all contestants share")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    options = parser.parse_args()
    core = options.core if hasattr(os, "sched_setaffinity") else None
    document = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
        },
        "ratios": [compare(row, options.rounds, core) for row in ROWS if options.only in row.title],
        "start_up": [start_up(*start, options.rounds) for start in STARTS if options.only in start[0]],
    }
    print(report(document))
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
