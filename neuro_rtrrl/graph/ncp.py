"""Neural circuit policies: sensory, inter, command and motor neurons, sparsely wired in this order.

The layout is that of Lechner et al. 2020 (Neural circuit policies enabling auditable autonomy, Methods), after the
touch-withdrawal circuit of *C. elegans*. Its sensory neurons are whatever projects onto the population, and what the
population projects to hears its motor neurons only. It departs from the paper in that a fan-out is a fixed number, as
in the authors' package ``ncps``, and not binomial, and that signs are those of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from neuro_rtrrl.spec.wiring import NeuralCircuitPolicy

__all__ = ["Layers", "OversizedError", "from_motor", "from_sensory", "layers_of", "recurrent"]


@dataclass(frozen=True)
class Layers:
    """How many neurons each layer has, in the order of their indices, and how many synapses.

    Attributes
    ----------
    inter, command, motor : int
        Neurons 0 to ``inter`` - 1 are inter neurons; command neurons and then motor neurons follow.
    sensory_fanout : int
        Inter neurons that each source neuron reaches, in each projection.
    inter_fanout : int
        Command neurons that each inter neuron reaches.
    recurrent_command_synapses : int
        Synapses among command neurons, a neuron onto itself included.
    motor_fanin : int
        Command neurons that each motor neuron hears.
    """

    inter: int
    command: int
    motor: int
    sensory_fanout: int
    inter_fanout: int
    recurrent_command_synapses: int
    motor_fanin: int

    @property
    def inter_neurons(self) -> slice:
        """Where the inter neurons are."""
        return slice(0, self.inter)

    @property
    def command_neurons(self) -> slice:
        """Where the command neurons are."""
        return slice(self.inter, self.inter + self.command)

    @property
    def motor_neurons(self) -> slice:
        """Where the motor neurons are."""
        return slice(self.inter + self.command, self.inter + self.command + self.motor)


class OversizedError(ValueError):
    """``key`` asks for more than the ``most`` that the layers have room for."""

    def __init__(self, key: str, most: int) -> None:
        self.key, self.most = key, most
        super().__init__(f"{key} is more than {most}")


def layers_of(written: NeuralCircuitPolicy, size: int) -> Layers:
    """Return the layers of a population of ``size`` neurons.

    Raises
    ------
    OversizedError
        If there are fewer neurons than layers, or more synapses are asked for than there is room for.
    """
    if size < 3:
        raise OversizedError("size", size)
    inter, command, motor = _apportioned((written.inter, written.command, written.motor), size)

    def synapses(key: str, number: float, most: int) -> int:
        if number > most:
            raise OversizedError(key, most)
        return max(1, int(number * most)) if number < 1 else int(number)

    recurrent_synapses = written.recurrent_command_synapses
    return Layers(
        inter=inter,
        command=command,
        motor=motor,
        sensory_fanout=synapses("sensory_fanout", written.sensory_fanout, inter),
        inter_fanout=synapses("inter_fanout", written.inter_fanout, command),
        recurrent_command_synapses=command
        if recurrent_synapses is None
        else synapses("recurrent_command_synapses", recurrent_synapses, command * command),
        motor_fanin=synapses("motor_fanin", written.motor_fanin, command),
    )


def _apportioned(shares: tuple[float, float, float], size: int) -> list[int]:
    """Return whole numbers in proportion to the shares, each at least 1, that make up ``size``."""
    exact = [share / sum(shares) * size for share in shares]
    counts = [int(number + 1e-9) for number in exact]
    by_remainder = sorted(range(len(shares)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: size - sum(counts)]:
        counts[index] += 1
    while 0 in counts:
        counts[counts.index(max(counts))] -= 1
        counts[counts.index(0)] += 1
    return counts


def from_sensory(layers: Layers, key: np.ndarray, n_post: int, sources: np.ndarray) -> np.ndarray:
    """Return which synapses run from the ``sources`` (bool, (pre,)) onto the population, bool (post, pre)."""
    import numpy as np

    wired = np.zeros((n_post, sources.size), bool)
    wired[layers.inter_neurons, sources] = _fan_out(
        key, layers.inter, int(sources.sum()), layers.sensory_fanout
    )
    return wired


def recurrent(layers: Layers, key: np.ndarray, size: int) -> np.ndarray:
    """Return which synapses the population has within itself, bool (post, pre).

    Inter neurons reach command neurons, these each other and the motor neurons, and nothing else.
    """
    import numpy as np

    from neuro_rtrrl.randomness import fold_in, uniform

    inter, command, motor = layers.inter_neurons, layers.command_neurons, layers.motor_neurons
    wired = np.zeros((size, size), bool)
    wired[command, inter] = _fan_out(fold_in(key, 0), layers.command, layers.inter, layers.inter_fanout)
    # the fan-in of motor neurons is the fan-out of the same layers seen backwards
    wired[motor, command] = _fan_out(fold_in(key, 1), layers.command, layers.motor, layers.motor_fanin).T
    pairs = layers.command**2
    chosen = np.argsort(uniform(fold_in(key, 2), pairs), kind="stable")[: layers.recurrent_command_synapses]
    among = np.zeros(pairs, bool)
    among[chosen] = True
    wired[command, command] = among.reshape(layers.command, layers.command)
    return wired


def from_motor(layers: Layers, n_pre: int) -> np.ndarray:
    """Return which neurons of the population others hear, bool (pre,): the motor neurons."""
    import numpy as np

    heard = np.zeros(n_pre, bool)
    heard[layers.motor_neurons] = True
    return heard


def _fan_out(key: np.ndarray, targets: int, sources: int, fanout: int) -> np.ndarray:
    """Return a sparse layer, bool (targets, sources): each source reaches ``fanout`` targets, no target is left out.

    A target that no source has chosen gets as many sources as targets have on average, at least one (Lechner et al.
    2020, step 3).
    """
    import numpy as np

    from neuro_rtrrl.randomness import fold_in, uniform

    order = np.argsort(uniform(fold_in(key, 0), (targets, sources)), axis=0, kind="stable")
    wired = np.argsort(order, axis=0, kind="stable") < fanout
    fan_in = max(1, fanout * sources // targets)
    order = np.argsort(uniform(fold_in(key, 1), (targets, sources)), axis=1, kind="stable")
    unreached = ~wired.any(axis=1, keepdims=True)
    return wired | (unreached & (np.argsort(order, axis=1, kind="stable") < fan_in))
