"""Pictures of circuits."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.drawing import draw
from neuro_rtrrl.drawing.labels import Box
from neuro_rtrrl.drawing.layout import LABEL_SIZE, lay_out, text_width
from neuro_rtrrl.drawing.page import Page
from neuro_rtrrl.drawing.paint import write_labels
from neuro_rtrrl.errors import CircuitError, RunError
from neuro_rtrrl.graph import Circuit, Distribution, Population, Port, Projection, Timing, load_circuit
from neuro_rtrrl.models.neurons.ctrnn import CTRNN
from neuro_rtrrl.models.plasticity.fixed import FIXED
from neuro_rtrrl.models.plasticity.rflo_td import RFLO_TD

CIRCUITS = Path(__file__).parents[2] / "circuits"
SHIPPED = sorted(CIRCUITS.glob("*.yaml"))

LOOPS = (
    ("visual_cortex", "association_cortex"), ("association_cortex", "association_cortex"),
    ("association_cortex", "hippocampus"), ("hippocampus", "association_cortex"),
    ("association_cortex", "prefrontal_cortex"), ("prefrontal_cortex", "striatum_d1"),
    ("prefrontal_cortex", "striatum_d2"), ("striatum_d2", "globus_pallidus_externus"),
    ("globus_pallidus_externus", "subthalamic_nucleus"), ("subthalamic_nucleus", "globus_pallidus_externus"),
    ("striatum_d1", "globus_pallidus_internus"), ("subthalamic_nucleus", "globus_pallidus_internus"),
    ("globus_pallidus_internus", "thalamus"), ("thalamus", "prefrontal_cortex"), ("thalamus", "motor_cortex"),
    ("prefrontal_cortex", "subthalamic_nucleus"),
)  # fmt: skip


def basal_ganglia_loops() -> Circuit:
    names = dict.fromkeys(name for pair in LOOPS for name in pair)
    populations = {name: Population(name, 20, CTRNN) for name in (*names, "bystander")}
    projections = {}
    for number, (source, target) in enumerate(LOOPS):
        name, rule = f"{source}_to_{target}", RFLO_TD if number % 3 else FIXED
        ends = Port(source, "r"), Port(target, "u")
        projections[name] = Projection(name, *ends, rule, Distribution("lecun_normal"), probability=0.5)
    return Circuit("loops", Timing(1e-3, 1e-3, 1), populations, projections)


def label_boxes(circuit: Circuit) -> dict[str, Box]:
    """Return the boxes of the labels as painted."""
    from matplotlib.figure import Figure

    page = Page(circuit)
    ax = Figure().add_subplot()
    write_labels(page, ax)
    boxes = {}
    for text in ax.texts:
        lines = text.get_text().split("\n")
        width = max(text_width(line, LABEL_SIZE) for line in lines)
        boxes[text.get_text()] = Box(*text.get_position(), width, 0.1 * len(lines))
    return boxes


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_circuit_is_drawn_the_same_each_time(path):
    circuit = load_circuit(path)
    first, second = draw(circuit), draw(circuit)
    assert first.svg == second.svg
    assert first.svg.lstrip().startswith("<?xml")
    assert first._repr_svg_() == first.svg


@pytest.mark.parametrize("path", [*SHIPPED, None], ids=lambda path: path.stem if path else "loops")
def test_no_label_covers_a_population_or_another_label(path):
    circuit = load_circuit(path) if path else basal_ganglia_loops()
    labels = list(label_boxes(circuit).values())
    assert len(labels) == len(circuit.projections)
    nodes = [Box(node.x, node.y, node.width, node.height) for node in Page(circuit).layout.nodes.values()]
    for index, label in enumerate(labels):
        assert not any(label.overlap(other) > 1e-9 for other in (*labels[:index], *nodes))


def test_populations_never_overlap_and_signals_run_from_left_to_right():
    circuit = basal_ganglia_loops()
    layout = lay_out(circuit, dict.fromkeys(circuit.projections, "label"))
    nodes = list(layout.nodes.values())
    assert {node.name for node in nodes} == set(circuit.populations)
    boxes = [Box(node.x, node.y, node.width, node.height) for node in nodes]
    assert not any(a.overlap(b) for index, a in enumerate(boxes) for b in boxes[:index])
    for edge in layout.edges:
        if not edge.loop:
            source, target = (
                layout.nodes[end.population] for end in (edge.projection.source, edge.projection.target)
            )
            assert (target.x > source.x) != edge.backward
    assert sum(edge.backward for edge in layout.edges) == 3  # three cycles were closed


def test_sensory_stands_left_of_cortex_left_of_striatum_and_errors_run_back():
    circuit = load_circuit(CIRCUITS / "bg.yaml")
    layout = lay_out(circuit, dict.fromkeys(circuit.projections, ""))
    x = {name: node.x for name, node in layout.nodes.items()}
    assert x["sensory"] < x["cortex"] < min(x["dorsal_striatum"], x["ventral_striatum"])
    assert {edge.projection.name for edge in layout.edges if edge.error} == {
        "dorsal_feedback",
        "ventral_feedback",
    }


def test_a_curve_starts_at_its_source_and_ends_at_its_target():
    circuit = basal_ganglia_loops()
    layout = lay_out(circuit, dict.fromkeys(circuit.projections, ""))
    for edge in (each for each in layout.edges if not each.loop):
        for end, point in (
            (edge.projection.source, edge.curve()[0]),
            (edge.projection.target, edge.curve()[-1]),
        ):
            node = layout.nodes[end.population]
            assert abs(abs(point[0] - node.x) - node.width / 2) < 1e-9
            assert abs(point[1] - node.y) < node.height / 2


@pytest.mark.parametrize(("name", "start"), [("c.svg", b"<?xml"), ("c.png", b"\x89PNG"), ("c.pdf", b"%PDF")])
def test_the_format_follows_the_name(tmp_path, name, start):
    draw(load_circuit(CIRCUITS / "stdp.yaml"), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_an_unknown_format_and_a_missing_folder_are_said(tmp_path):
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    with pytest.raises(CircuitError, match="did you mean 'png'"):
        draw(circuit, tmp_path / "c.pgn")
    with pytest.raises(RunError, match="could not be written"):
        draw(circuit, tmp_path / "nowhere" / "c.svg")
