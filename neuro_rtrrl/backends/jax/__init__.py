"""The JAX backend: one jitted scan per chunk of decisions."""

import os

# XLA logs a warning where it cannot make one kernel of a scan; the program then compiles without (see loop.py)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
