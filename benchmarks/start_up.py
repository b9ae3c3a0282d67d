"""How long one waits: for help, for a check, for the first decision."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from benchmarks.bench import Bench, Job
from benchmarks.contestants import CARTPOLE, MEMORY, ROOT
from benchmarks.outcomes import Outcome, spread

SECTION = "start-up"
LOADED = "import sys; print('loaded:', *(m for m in ('jax', 'brian2') if m in sys.modules), file=sys.stderr)"
COMMAND = f"from neuro_rtrrl.cli import main\ntry:\n    main()\nfinally:\n    {LOADED}"
FIRST_DECISION = f"""
import sys, time
import neuro_rtrrl as nr
told = []
def tell(progress):
    if not told:
        told.append(time.time())
        print(told[0], flush=True)
nr.simulate({CARTPOLE!r}, decisions=200, seeds=5, progress=tell)
"""


@dataclass(frozen=True)
class Start:
    """A Python program, its arguments, and the seconds that it may take."""

    name: str
    title: str
    program: str
    arguments: tuple[str, ...] = ()
    goal: float | None = None
    cache: str = ""

    @property
    def until(self) -> str:
        """What the clock waits for."""
        return "the first 100 decisions of 5 seeds" if self.cache else "the end of the process"


STARTS = (
    Start("help", "neuro-rtrrl --help", COMMAND, ("--help",), 0.3),
    Start("check", "neuro-rtrrl check circuits/bg.yaml", COMMAND, ("check", MEMORY), 0.7),
    Start("cost", "neuro-rtrrl cost circuits/bg.yaml", COMMAND, ("cost", MEMORY), 0.7),
    Start("import", "import neuro_rtrrl", f"import neuro_rtrrl\n{LOADED}"),
    Start("warm", "simulate to the first decision, warm cache", FIRST_DECISION, goal=3.0, cache="warm"),
    Start("cold", "simulate to the first decision, empty cache", FIRST_DECISION, goal=15.0, cache="cold"),
)


def start_up_job(start: Start) -> Job:
    """Return the measurement of one start."""
    return Job(start.title, frozenset(), lambda bench: measure(bench, start))


def measure(bench: Bench, start: Start) -> None:
    """Start a process for each round; the first, not counted, warms the disk (and, where there is one, the cache)."""
    walls, processor = [], []
    rounds = min(bench.rounds, 3) if start.cache else bench.rounds
    loaded = reason = ""
    with tempfile.TemporaryDirectory() as cache:
        try:
            if start.cache != "cold":
                once(start, cache)
            for turn in range(rounds):
                bench.say(f"start {turn + 1} of {rounds}")
                with tempfile.TemporaryDirectory() as empty:
                    wall, seconds, loaded = once(start, empty if start.cache == "cold" else cache)
                walls.append(wall)
                processor.append(seconds)
        except (ValueError, IndexError, subprocess.CalledProcessError) as error:
            reason = f"failed: {error}"
    note = f"processor {min(processor):.2f} s at least" if processor else ""
    if not start.cache and processor:
        note += f"; loads {loaded or 'neither jax nor brian2'}"
    bench.outcomes.append(
        Outcome(
            name=f"start_{start.name}",
            section=SECTION,
            title=f"`{start.title}`" if not start.cache else start.title,
            peer=f"to {start.until}",
            unit="s",
            values=spread(walls) if walls and not reason else None,
            goal=start.goal,
            at_most=True,
            note=note,
            left_out=reason,
        )
    )


def once(start: Start, cache: str) -> tuple[float, float, str]:
    """Return seconds of the clock, seconds of the processor, and which of jax and brian2 were loaded."""
    environment = {**os.environ, "NEURO_RTRRL_CACHE": cache, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", start.program, *start.arguments]
    before, began = os.times(), time.time()
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, start_new_session=True
    )
    wall, after = time.time() - began, os.times()
    if start.cache:
        wall = float(ended.stdout.split()[0]) - began
    seconds = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return wall, seconds, ended.stderr.rsplit("loaded:", 1)[-1].strip() if "loaded:" in ended.stderr else ""
