"""Evaluation apart from training, as the paper has it: first episodes with frozen weights and a sampled policy.

Lemmel & Grosu 2025: every so many steps ten environments, the first episode of each; the best mean return of a run is
its score. What the animal sees is scaled by the running statistics of training, which stand still meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neuro_rtrrl.graph import Circuit
from neuro_rtrrl.language import parse_statements
from neuro_rtrrl.models import NeuronModel

__all__ = ["Evaluator", "held"]

STRETCH = 250  # decisions; how often it is looked whether all first episodes have ended


def held(circuit: Circuit) -> Circuit:
    """Return the circuit with everything held that experience changes: weights, parameters, running statistics."""
    populations = {
        name: replace(population, model=_held_model(population.model))
        for name, population in circuit.populations.items()
    }
    return circuit.freeze().replace(populations=populations)


def _held_model(model: NeuronModel) -> NeuronModel:
    """Return the model without the statements that renew its statistics; what reads them reads what was learned."""
    statistics = {state.name for state in model.states if state.role == "statistic"}
    if not statistics:
        return model
    kept = [
        line
        for line in model.on_observation.splitlines()
        if line.strip() and parse_statements(line.strip())[0].target not in statistics
    ]
    return replace(model, on_observation="\n".join(kept))


@dataclass
class Evaluator:
    """Evaluates a run of one seed again and again, with one compiled program.

    Attributes
    ----------
    circuit : Circuit
        As it learns.
    seed : int
        Of the run; episode *i* has the same seed of its own in every evaluation, and new noise in each.
    precision : str
    episodes : int
        How many first episodes an evaluation has.
    longest : int
        Decisions after which an episode that has not ended counts with what it has earned.
    patience : int, optional
        How many evaluations without a new best end the run.
    means : list of float
        Mean return of every evaluation so far.
    """

    circuit: Circuit
    seed: int
    precision: str
    episodes: int
    longest: int
    patience: int | None = None
    means: list[float] = field(default_factory=list)
    _program: Any = None
    _lasting: list[str] = field(default_factory=list)

    @property
    def best(self) -> float | None:
        """The best mean so far."""
        return max(self.means, default=None)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what an evaluator goes on from."""
        return {"evaluations": np.array(self.means, np.float64)}

    def go_on(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what :meth:`arrays` returned."""
        self.means[:] = arrays["evaluations"].tolist()

    def look(self, state: Mapping[str, np.ndarray]) -> bool:
        """Evaluate a run in this state (values lead with the one seed); return whether patience has run out."""
        self.means.append(float(self.returns(state).mean()))
        since = len(self.means) - 1 - int(np.argmax(self.means))
        return self.patience is not None and since >= self.patience

    def returns(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the returns of the first episodes, shape (episodes,)."""
        program = self._begin({key: np.asarray(values)[0] for key, values in state.items()})
        ended, totals = np.zeros(self.episodes, bool), np.zeros(self.episodes)

        def take(chunk: Any) -> bool:
            ends = np.cumsum(chunk.terminated | chunk.truncated, axis=1)
            during = (ends == 0) | ((ends == 1) & (chunk.terminated | chunk.truncated))
            totals[:] += np.where(during & ~ended[:, None], chunk.reward, 0.0).sum(axis=1, dtype=np.float64)
            ended[:] |= ends[:, -1] > 0
            return bool(ended.all())

        program.run(self.longest, take, chunk=STRETCH)
        return totals

    def _begin(self, state: Mapping[str, np.ndarray]) -> Any:
        """Return the program with every episode at its start, from these weights and statistics."""
        from neuro_rtrrl.programs import make_environment, make_program

        circuit, start = held(self.circuit), len(self.means) * self.longest
        if self._program is not None:
            self._program.begin(self._initials(state), start)
            return self._program
        from neuro_rtrrl.lowering import lower
        from neuro_rtrrl.results.weights import settable

        # where a parameter was learned, it has a value for each neuron even when it is held
        circuit = circuit.with_weights({key: state[key] for key in settable(circuit, tuple(state))})
        self._lasting = [
            key
            for key, variable in lower(circuit).variables.items()
            if variable.persistent and not variable.resets and key in state
        ]
        seeds = [_seed_of(self.seed, episode) for episode in range(self.episodes)]
        initials = self._initials(state)
        self._program = make_program(
            circuit, make_environment(circuit), "jax", seeds, self.precision, initials=initials, start=start
        )
        return self._program

    def _initials(self, state: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        return [{key: np.asarray(state[key], np.float64) for key in self._lasting}] * self.episodes


def _seed_of(seed: int, episode: int) -> int:
    """Return a seed that no row of a study has, by chance."""
    digest = hashlib.sha256(f"evaluation of seed {seed}, episode {episode}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
