"""Baselines: PPO with backpropagation through time, on the same tasks and counted in the same decisions.

Here nothing is local, online or biological; that is what it is for: a study shows it beside RTRRL. It follows the
recipe of purejaxrl (Lu et al. 2022, "Discovered policy optimisation") after PPO (Schulman et al. 2017,
arXiv 1707.06347), through as many recurrent units as RTRRL has, with the same inputs. Needs the extra ``baselines``,
flax and optax.

Importing this package starts neither JAX nor flax; :func:`run_baseline` does.
"""

from neuro_rtrrl.baselines.run import run_baseline, train
from neuro_rtrrl.baselines.settings import ALGORITHMS, Settings, known_algorithm, settings_of

__all__ = ["ALGORITHMS", "Settings", "known_algorithm", "run_baseline", "settings_of", "train"]
