"""The C loop, compiled here and now: the practical limit of one core."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.contestants import LeftOut

SOURCE = Path(__file__).parent / "rtrrl_step.c"
FLAGS = ("-O3", "-march=native", "-ffast-math")


class Yardstick:
    """``rtrrl_step.c`` compiled for a number of neurons.

    Raises
    ------
    LeftOut
        If there is no C compiler, or it fails.
    """

    def __init__(self, neurons: int) -> None:
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise LeftOut("no C compiler for the yardstick")
        self._folder = tempfile.TemporaryDirectory()  # goes away with this object
        self.binary = str(Path(self._folder.name) / "rtrrl_step")
        command = [compiler, *FLAGS, f"-DN={neurons}", "-o", self.binary, str(SOURCE), "-lm"]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise LeftOut(f"the C compiler failed on the yardstick: {ended.stderr.strip().splitlines()[-1]}")
        self._expected = self._finish(self._start(max(50, int(20_000 * (32 / neurons) ** 2))))

    def rate(self, seconds: float) -> float:
        """Return ticks/s of a run of about that long."""
        return self._finish(self._start(self._steps(seconds)))

    def rate_of_two(self, seconds: float) -> float:
        """Return the sum of ticks/s of two runs at the same time, each pinned to a core of this process."""
        cores = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_getaffinity") else []
        if len(cores) < 2:
            raise LeftOut("fewer than two cores")
        runs = []
        for core in cores:
            run = self._start(self._steps(seconds))
            os.sched_setaffinity(run.pid, {core})
            runs.append(run)
        return sum(self._finish(run) for run in runs)

    def _steps(self, seconds: float) -> int:
        return max(10, int(self._expected * seconds))

    def _start(self, steps: int) -> subprocess.Popen:
        return subprocess.Popen([self.binary, str(steps)], stdout=subprocess.PIPE, text=True)

    def _finish(self, run: subprocess.Popen) -> float:
        return float(run.communicate()[0].split()[0])
