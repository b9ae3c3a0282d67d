"""Problems of the schema and of the circuit behind it are told together, and none that is only a consequence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from neuro_rtrrl.api import check
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit

BASAL_GANGLIA = Path("circuits/bg.yaml").read_text(encoding="utf-8")


def problems(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CircuitError) as caught:
        load_circuit(str(path))
    return [problem.where for problem in caught.value.problems]


CASES = {
    "bare number and misspelt neuron": (
        [("dt: 20 ms", "dt: 20"), ("neuron: ctrnn", "neuron: ctrn")],
        ["timing.dt", "populations.cortex.neuron"],
    ),
    "misspelt section and misspelt environment": (
        [("\nplasticity:", "\nplastisity:"), ("name: MemoryChain-bsuite", "name: MemoryChian-bsuite")],
        ["environment.name", "plastisity"],
    ),
    "negative size and dangling source": (
        [("size: 32", "size: -32"), ("{source: sensory,", "{source: sensori,")],
        ["populations.cortex.size", "projections.sensory_to_cortex.source"],
    ),
    "unknown key and bad discount": (
        [("discount: 0.99}", "discount: 1.5}"), ("description:", "descriptoin:")],
        ["descriptoin", "neuromodulators.dopamine.discount"],
    ),
    "missing clock only": (
        [("timing: {dt: 20 ms, decision_interval: 20 ms, method: euler}", "")],
        ["timing"],
    ),
    "wrong unit of the clock only": ([("dt: 20 ms, decision", "dt: 20 mV, decision")], ["timing.dt"]),
}


@pytest.mark.parametrize("name", CASES)
def test_all_problems_and_only_those_are_told(name, tmp_path):
    edits, expected = CASES[name]
    text = BASAL_GANGLIA
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    assert problems(text, tmp_path) == expected


def test_no_mutation_of_a_file_breaks_the_search_for_more_problems(tmp_path):
    draw, path = random.Random(7), tmp_path / "c.yaml"
    for _ in range(120):
        lines = BASAL_GANGLIA.splitlines()
        for _ in range(draw.randint(1, 3)):
            row = draw.randrange(len(lines))
            words = lines[row].split(" ")
            words[draw.randrange(len(words))] = draw.choice(
                ["", "7", "x y", "{a: 1}", "[1, 2]", "-3 ms", "null", "a.b"]
            )
            lines[row] = " ".join(words)
        path.write_text("\n".join(lines), encoding="utf-8")
        found = check(path)
        assert all(problem.location is not None for problem in found)
