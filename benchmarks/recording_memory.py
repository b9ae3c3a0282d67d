"""How much memory a long recording takes: ten minutes of model time, 1,000 neurons, spikes, dopamine, some voltages.

    python benchmarks/recording_memory.py [--minutes 10] [--dt "1 ms"]

Prints one JSON document: peak resident memory, seconds, spikes, bytes on disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import neuro_rtrrl as nr

LIF = "size: 800, neuron: lif, tau: 20 ms, v_rest: -70 mV, v_threshold: -54 mV, v_reset: -60 mV, drive: 14 mV"
SETTINGS = (  # a thousand spiking neurons beside the rate-coded basal ganglia, whose dopamine is recorded
    "timing.dt={dt}",
    "timing.decision_interval={interval}",
    "populations.afferents={{size: 200, neuron: poisson, rate: 15 Hz}}",
    f"populations.neurons={{{{{LIF}}}}}",
    "projections.afferents_to_neurons={{source: afferents, target: neurons, weights: {{uniform: [0 mV, 0.5 mV]}}, "
    "connectivity: {{probability: 0.1}}}}",
    "record=[{{variable: afferents.spike}}, {{variable: neurons.spike}}, {{variable: dopamine}}, "
    "{{variable: neurons.v, neurons: 0-3, every: 1 ms}}]",
)


def measure(minutes: float, dt: str, interval: str, folder: Path) -> dict:
    settings = [each.format(dt=dt, interval=interval) for each in SETTINGS]
    circuit = nr.load(Path(__file__).parents[1] / "circuits" / "bg.yaml", settings)
    began = time.perf_counter()
    result = nr.simulate(circuit, duration=f"{60 * minutes} s", seeds=1, out=folder / "run")
    seconds = time.perf_counter() - began
    spikes = sum(result.recordings.sizes[f"{name}_spike"] for name in ("afferents", "neurons"))
    return {
        "minutes": minutes,
        "dt": dt,
        "peak_megabytes": round(_peak_kilobytes() / 1024),
        "seconds": round(seconds, 1),
        "spikes": spikes,
        "megabytes_on_disk": round((folder / "run" / "recordings.nc").stat().st_size / 1e6),
    }


def _peak_kilobytes() -> int:
    """Return the most memory that this program had resident.

    Linux's ``ru_maxrss`` would also count what the process that started this one had before it became this program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(
            int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--dt", default="1 ms")
    parser.add_argument("--interval", default="10 ms")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(given.minutes, given.dt, given.interval, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
