"""The notebook runs from its first cell to its last and shows what its text says."""

from __future__ import annotations

import json
import os

import pytest

from tests.docs.blocks import REPOSITORY

nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
FILE = REPOSITORY / "docs" / "schultz_1997.ipynb"


def test_the_notebook_is_kept_small_and_without_outputs():
    assert FILE.stat().st_size < 100_000
    cells = nbformat.read(FILE, 4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_shows_what_it_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(FILE, 4)
    notebook.cells.append(nbformat.v4.new_code_cell("import json; print(json.dumps(numbers))"))
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    numbers = json.loads(notebook.cells[-1].outputs[0].text)
    assert numbers["juice, before learning"] == pytest.approx(1)
    assert numbers["light, before learning"] == pytest.approx(0)
    assert abs(numbers["juice, after learning"]) < 0.2
    assert 0.65 < numbers["light, after learning"] < 0.85, (
        "0.98**10 of the juice, which comes nine times in ten"
    )
    assert numbers["omitted juice"] < -0.65
    fifth = 0.2 * numbers["light, after learning"]
    assert numbers["light, 80 % of the neurons lost"] == pytest.approx(fifth, rel=0.25)
    assert numbers["light, antagonist, 100 trials"] < 0.05
    pictures = sum(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())
    )
    assert pictures == 9
