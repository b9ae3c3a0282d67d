"""The command line: ``neuro-rtrrl simulate | check | cost | draw | parity``."""

from neuro_rtrrl.cli.main import main

__all__ = ["main"]
