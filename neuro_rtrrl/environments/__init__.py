"""Environments: what they are called (no JAX needed), and the pure functions that run them (JAX).

Importing this package starts neither JAX nor gymnax; :func:`make` does.
"""

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.catalogue import EnvironmentInfo, describe, names, select
from neuro_rtrrl.environments.registry import make

__all__ = ["Environment", "EnvironmentInfo", "describe", "make", "names", "select"]
