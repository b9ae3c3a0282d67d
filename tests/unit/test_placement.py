"""Where neurons go: within what a core holds, and with as few messages between cores as the search finds."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from neuro_rtrrl.ledger.fit.extent import Extent
from neuro_rtrrl.ledger.fit.placement import Load, Room, Task, place


def network(mask: np.ndarray, inputs: int = 0) -> Extent:
    """One population onto itself, and perhaps one of inputs onto all of it."""
    size = len(mask)
    return Extent(
        {"cortex": size, "sensory": inputs},
        {"recurrent": int(mask.sum()), "afferent": inputs * size},
        {"recurrent": ("cortex", "cortex"), "afferent": ("sensory", "cortex")},
        {"recurrent": mask},
        frozenset({"sensory"}),
    )


def task(extent: Extent, bits: int = 8, columns: int | None = None, times: int = 1) -> Task:
    received = extent.received("recurrent") + extent.received("afferent")
    loads = {"cortex": Load.of(extent.neurons["cortex"], received, received * bits, 16)}
    return Task(extent, loads, {"recurrent": times, "afferent": times}, columns)


def sparse(size: int, probability: float = 0.2) -> np.ndarray:
    return np.random.default_rng(1).random((size, size)) < probability


def interleaved_halves(size: int) -> np.ndarray:
    """Even neurons speak to even ones, odd to odd."""
    parity = np.arange(size) % 2
    return parity[:, None] == parity[None, :]


def by_hand(mask: np.ndarray, core: np.ndarray) -> tuple[int, int]:
    """Return messages within and between cores, counted one by one."""
    reached = {(pre, core[post]) for post, pre in np.argwhere(mask)}
    within = sum(core[pre] == where for pre, where in reached)
    return within, len(reached) - within


@pytest.mark.parametrize(
    "room", [Room(neurons=7), Room(synapses=60), Room(synaptic_bits=500), Room(bits=700)]
)
def test_no_core_holds_more_than_it_can(room):
    placed = place(task(network(sparse(40), inputs=3)), room)
    assert placed.cores > 1
    for what, most in vars(room).items():
        assert most is None or placed.most[what] <= most


def test_a_core_listens_to_no_more_sources_than_it_has_axons_for():
    extent = network(sparse(40), inputs=3)
    placed = place(task(extent), Room(in_axons=20), refine=False)
    core = placed.core["cortex"]
    heard = [
        3 + len(set(np.argwhere(extent.masks["recurrent"][core == c])[:, 1])) for c in range(placed.cores)
    ]
    assert max(heard) == placed.most["in_axons"] <= 20


@pytest.mark.parametrize("refine", [False, True])
def test_messages_are_counted_once_for_each_source_and_core(refine):
    mask = sparse(30)
    placed = place(task(network(mask), times=4), Room(neurons=8), refine=refine)
    within, between = by_hand(mask, placed.core["cortex"])
    assert (placed.within, placed.across) == (4 * within, 4 * between)


@pytest.fixture(params=["metis", "kernighan_lin"])  # of which the first is optional
def partitioner(request, monkeypatch):
    """Each of the two, whether or not the package of the first is installed."""
    if request.param == "metis":
        pytest.importorskip("pymetis")
    else:
        monkeypatch.setitem(sys.modules, "pymetis", None)
    return request.param


def test_groups_that_speak_only_among_themselves_come_to_lie_together(partitioner, capfd):
    extent = network(interleaved_halves(24))
    blocks = place(task(extent), Room(neurons=12), refine=False)
    placed = place(task(extent), Room(neurons=12))
    assert blocks.across == 24
    assert placed.across == 0
    assert placed.partitioner == partitioner
    assert capfd.readouterr() == ("", "")  # METIS speaks to the terminal where it is asked for the impossible
    parity = np.arange(24) % 2
    assert len(set(zip(parity, placed.core["cortex"], strict=True))) == 2


def test_a_core_with_room_left_takes_neurons_from_a_full_one(partitioner):
    group = np.repeat([0, 1, 2], [8, 7, 5])[np.random.default_rng(3).permutation(20)]
    extent = network(group[:, None] == group[None, :])
    placed = place(task(extent), Room(neurons=8))
    assert placed.cores == 3
    assert placed.most["neurons"] <= 8
    assert placed.across < place(task(extent), Room(neurons=8), refine=False).across


def test_the_same_circuit_goes_to_the_same_place(partitioner):
    first, second = (place(task(network(sparse(40))), Room(neurons=8)) for _ in range(2))
    assert np.array_equal(first.core["cortex"], second.core["cortex"])


def test_one_core_is_used_where_one_does_and_nothing_crosses():
    placed = place(task(network(sparse(40))), Room(neurons=40))
    assert (placed.cores, placed.across, placed.hops) == (1, 0, None)


def test_all_neurons_lie_together_where_they_have_to():
    assert place(task(network(sparse(40))), Room(neurons=8), together=True).cores == 1


def test_hops_are_links_of_the_mesh():
    ring = np.roll(np.eye(4, dtype=bool), 1, axis=0)  # 0 to 1 to 2 to 3 to 0, each on a core of its own
    square = place(task(network(ring), columns=2), Room(neurons=1), refine=False)
    row = place(task(network(ring), columns=4), Room(neurons=1), refine=False)
    assert square.hops == (1 + 2 + 1 + 2) / 4
    assert row.hops == (1 + 1 + 1 + 3) / 4


def test_ten_thousand_sparse_neurons_are_placed():
    mask = np.zeros((10_000, 10_000), dtype=bool)
    mask[tuple(np.random.default_rng(0).integers(0, 10_000, size=(2, 200_000)))] = True
    placed = place(task(network(mask)), Room(neurons=1024))
    assert placed.cores == 10
    assert placed.within + placed.across == sum(
        int(mask[placed.core["cortex"] == core].any(axis=0).sum()) for core in range(10)
    )
