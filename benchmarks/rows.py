"""The rows that are ratios of two contestants, in the order of the table."""

from __future__ import annotations

from dataclasses import dataclass

ONE, TWO = 1, 2
BATCH_1 = "batch 1, 32 neurons, one core"
SEEDS = "many seeds, two cores"
SIZE = "larger and sparser networks, batch 1, one core"
BRIAN = "Brian2, one core"
GPU = "GPU"

C_LOOP = "the C loop"
TWO_LOOPS = "two C loops at once, added"


@dataclass(frozen=True)
class Row:
    """``contestant`` against ``peer``; ``goal`` is the ratio (ours over theirs) that the project asks of itself.

    Without a peer the contestant's own number is the value: a share, say. ``cores`` is how many are pinned to.
    """

    name: str
    section: str
    title: str
    contestant: str
    peer: str
    peer_title: str
    goal: float | None = None
    stretch: float | None = None
    cores: int = ONE
    at_most: bool = False
    unit: str = "x"


HAND = "hand-written JAX"
HAND_BRIAN = "hand-written Brian2"
OVERHEAD = "environment and bookkeeping"
LIF = "1,000 LIF neurons, 10 s"
ROWS = (
    Row("auto", BATCH_1, "generated", "generated", "yardstick", C_LOOP, 0.55, 0.8),
    Row("native", BATCH_1, "generated, native kernel", "native", "yardstick", C_LOOP),
    Row("xla", BATCH_1, "generated, XLA as one kernel", "xla", "yardstick", C_LOOP),
    Row("plain", BATCH_1, "generated, plain XLA", "plain", "yardstick", C_LOOP, 0.28),
    Row(
        "hand",
        BATCH_1,
        "generated",
        "generated",
        "handwritten",
        f"{HAND}, one kernel",
    ),
    Row("hand_plain", BATCH_1, "generated, plain XLA", "plain", "handwritten_plain", f"{HAND}, plain"),
    Row("linear_td", BATCH_1, "linear TD(λ), no cortex", "linear", "generated", "generated RFLO", 1.5),
    Row("memory_chain", BATCH_1, "MemoryChain, native kernel", "memory_chain", "yardstick", C_LOOP, 0.55),
    Row(
        "own_rule", BATCH_1, "a user's own rule in YAML, native kernel", "own_rule", "yardstick", C_LOOP, 0.55
    ),
    *(
        Row(
            cell,
            BATCH_1,
            f"{cell}, MemoryChain, native kernel",
            cell,
            "memory_chain",
            "CT-RNN, the same task",
            0.8,
        )
        for cell in ("lru", "rtu", "mingru")
    ),
    Row("seeds_5", SEEDS, "5 seeds", "seeds_5", "yardstick_two_cores", TWO_LOOPS, 0.8, cores=TWO),
    Row("seeds_64", SEEDS, "64 seeds", "seeds_64", "yardstick_two_cores", TWO_LOOPS, 0.8, cores=TWO),
    Row("sparse", SIZE, "n = 1024, 10 % connectivity", "sparse_1024", "generated_1024", "dense", 3.0),
    Row(
        "brian_1", BRIAN, "CartPole, k = 1", "brian_closed_loop", "brian_closed_loop_by_hand", HAND_BRIAN, 1.0
    ),
    Row(
        "brian_20",
        BRIAN,
        "CartPole, k = 20",
        "brian_closed_loop_20",
        "brian_closed_loop_20_by_hand",
        HAND_BRIAN,
        1.0,
    ),
    Row("overhead_1", BRIAN, f"{OVERHEAD}, k = 1", "brian_overhead_1", "", "a tick", at_most=True, unit=""),
    Row(
        "overhead_20",
        BRIAN,
        f"{OVERHEAD}, k = 20",
        "brian_overhead_20",
        "",
        "a tick",
        0.15,
        at_most=True,
        unit="",
    ),
    Row(
        "standalone",
        BRIAN,
        f"{LIF}, stand-alone C++",
        "brian_standalone",
        "brian_open_loop",
        "our Cython run",
        5.0,
    ),
    Row(
        "standalone_hand",
        BRIAN,
        f"{LIF}, stand-alone C++",
        "brian_standalone",
        "brian_open_loop_by_hand",
        HAND_BRIAN,
    ),
    Row("open_loop", BRIAN, f"{LIF}, Cython", "brian_open_loop", "brian_open_loop_by_hand", HAND_BRIAN),
    Row("gpu", GPU, "4,096 seeds of 32 neurons", "gpu", "yardstick", "the C loop on one core", 100.0),
)
