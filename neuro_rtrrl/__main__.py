"""``python -m neuro_rtrrl``: the command line."""

from neuro_rtrrl.cli import main

main()
