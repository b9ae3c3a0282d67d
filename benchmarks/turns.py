"""Contestants in processes of their own, and the taking of turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from benchmarks.contestants import ROOT, LeftOut


class Turn:
    """A contestant in a process that stays warm, pinned to cores.

    Raises
    ------
    LeftOut
        If the contestant cannot run here, or its process ends.
    """

    def __init__(self, name: str, cores: tuple[int, ...], accelerator: bool = False) -> None:
        self.name = name
        environment = dict(os.environ)
        if not accelerator:
            environment["JAX_PLATFORMS"] = "cpu"
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contestants", name, ",".join(map(str, cores))],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            start_new_session=True,  # Ctrl-C is for the one who leads
        )
        try:
            self.facts: dict[str, Any] = self._answer()["facts"]
        except BaseException:
            self.end()
            raise

    def take(self, seconds: float) -> float:
        """Run for about that long; return the rate."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # the answer says why
            print(seconds, file=self.process.stdin, flush=True)
        return float(self._answer()["rate"])

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self._said.close()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self._said.seek(0)
            said = [text for text in self._said.read().splitlines() if text.strip()]
            raise LeftOut(f"'{self.name}' failed: {said[-1].strip() if said else 'no word'}")
        document = json.loads(line)
        if "left_out" in document:
            raise LeftOut(document["left_out"])
        return document


class Pool:
    """Contestants that have been started, so that rows with the same peer share it."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, tuple[int, ...]], Turn] = {}
        self._out: dict[str, str] = {}

    def get(self, name: str, cores: tuple[int, ...], accelerator: bool = False) -> Turn:
        """Return a contestant, started if need be; raises LeftOut, at once if it did before."""
        if name in self._out:
            raise LeftOut(self._out[name])
        if (name, cores) not in self._turns:
            try:
                self._turns[name, cores] = Turn(name, cores, accelerator)
            except LeftOut as reason:
                self._out[name] = str(reason)
                raise
        return self._turns[name, cores]

    def keep_only(self, names: set[str]) -> None:
        """End every contestant that is not among these."""
        for key in [key for key in self._turns if key[0] not in names]:
            self._turns.pop(key).end()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.keep_only(set())
