"""Hand-written Brian2 script of ``circuits/lif_1000.yaml``: what the open loop is timed against.

Brian2's own schedule on its Cython target, as a user who knows Brian2 well would write it; no code of the package.
"""

from __future__ import annotations

import time

import brian2 as b2
import numpy as np

SIZES = {"excitatory": 800, "inhibitory": 200}
WEIGHTS = {"excitatory": 0.1 * b2.mV, "inhibitory": -0.5 * b2.mV}
EQUATIONS = """
dv/dt = (v_rest - v + drive) / tau : volt
drive : volt (constant)
"""
NAMESPACE = {
    "tau": 20 * b2.ms,
    "v_rest": -70 * b2.mV,
    "v_threshold": -54 * b2.mV,
    "v_reset": -60 * b2.mV,
}


def build(seed: int = 0) -> b2.Network:
    """Return the network, ready to run."""
    random = np.random.default_rng(seed)
    clock = b2.Clock(dt=0.1 * b2.ms)
    groups = {}
    for name, size in SIZES.items():
        groups[name] = b2.NeuronGroup(
            size,
            EQUATIONS,
            threshold="v > v_threshold",
            reset="v = v_reset",
            method="euler",
            clock=clock,
            namespace=NAMESPACE,
            name=name,
        )
        groups[name].v = NAMESPACE["v_rest"]
        groups[name].drive = random.uniform(14, 22, size) * b2.mV
    network = b2.Network(*groups.values())
    for source in SIZES:
        for target in SIZES:
            synapses = b2.Synapses(
                groups[source],
                groups[target],
                on_pre="v_post += weight",
                delay=1.5 * b2.ms,
                clock=clock,
                namespace={"weight": WEIGHTS[source]},
                name=f"{source}_to_{target}",
            )
            post, pre = np.nonzero(random.random((SIZES[target], SIZES[source])) < 0.1)
            synapses.connect(i=pre, j=post)
            network.add(synapses)
    return network


def measure(seconds: float = 1.5) -> float:
    """Return seconds of model time per second of Brian2's loop, from its second run on; about so long."""
    network = build()
    network.run(100 * b2.ms, namespace={})
    began = time.perf_counter()
    network.run(500 * b2.ms, namespace={})
    pace = 0.5 / (time.perf_counter() - began)
    modelled = max(0.5, pace * seconds)
    network.run(modelled * b2.second, namespace={})
    return modelled / float(vars(b2.get_device())["_last_run_time"])


if __name__ == "__main__":
    print(f"{measure():.2f} s of model time per second")
