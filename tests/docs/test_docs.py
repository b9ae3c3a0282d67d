"""The README and the pages of docs are true: every command and Python block that they show is run here."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest
import yaml

from neuro_rtrrl.models.registry import models, offered
from tests.docs.blocks import REPOSITORY, Block, Session, blocks, merged, page

PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")))
MARKERS = ("The main command:", "The test command:")


def _is_setup(block: Block) -> bool:
    return "pip install" in block.text and "python3 -m venv" in block.text


RUN = {name: tuple(block for block in blocks(name) if not _is_setup(block)) for name in PAGES}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """One reader for each page, in a folder with the circuits; programs are compiled little, and so fast."""
    import jax
    import matplotlib

    importlib.import_module("neuro_rtrrl.backends.brian")  # quietens Brian2 as it is imported
    from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject

    matplotlib.use("Agg")
    patch = pytest.MonkeyPatch()
    patch.setattr(CythonCodeObject, "is_available", classmethod(lambda cls: False))
    path, modules = list(sys.path), set(sys.modules)
    jax.config.update("jax_disable_most_optimizations", True)
    readers = {}
    for name in PAGES:
        folder = tmp_path_factory.mktemp(name.replace("/", "_").removesuffix(".md"))
        for each in ("circuits", "experiments") if name == "README.md" else ("circuits",):
            (folder / each).symlink_to(REPOSITORY / each)
        readers[name] = Session(folder, RUN[name])
    yield readers
    jax.config.update("jax_disable_most_optimizations", False)
    patch.undo()
    sys.path[:] = path
    for module in set(sys.modules) - modules:
        if module.startswith("my_"):
            del sys.modules[module]
    models.cache_clear()
    offered.cache_clear()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [block for name in PAGES for block in RUN[name]], ids=str)
def test_what_the_page_shows_works(sessions, block, monkeypatch):
    from matplotlib import pyplot

    reader = sessions[block.document]
    monkeypatch.chdir(reader.folder)
    monkeypatch.setenv("COLUMNS", "120")
    reader.follow(block)
    pyplot.close("all")


@pytest.mark.parametrize("marker", MARKERS)
def test_the_setup_commands_are_those_that_ci_runs(marker):
    ci = page(".ci/run")
    assert f'command_after "{marker}"' in ci
    program = re.search(r"awk -v marker=\"\$1\" '(.*)' README\.md", ci)
    assert program
    found = subprocess.run(
        ["awk", "-v", f"marker={marker}", program[1], "README.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = page("README.md").partition(marker)[2]
    assert found == re.search(r"```sh\n(.*?)```", after, re.DOTALL)[1]  # type: ignore[index]
    assert len(found.splitlines()) == 1
    assert found.startswith("python3 -m venv .venv && .venv/bin/pip install -q -e ")


def test_the_setup_commands_end_in_what_they_promise():
    main, tests = (block.text.strip().split(" && ")[-1] for block in blocks("README.md") if _is_setup(block))
    assert main == ".venv/bin/neuro-rtrrl simulate circuits/bg.yaml"
    assert tests == ".venv/bin/python -m pytest -n auto"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    folder = (REPOSITORY / name).parent
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page(name))
    missing = [link for link in links if "://" not in link and not (folder / link).exists()]
    assert not missing


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_is_named_exists(name):
    named = re.findall(r"`((?:neuro_rtrrl|tests|circuits|hardware_profiles|benchmarks)/[\w/.]*)`", page(name))
    assert not [path for path in named if not (REPOSITORY / path).exists()]


def test_what_the_tour_quotes_stands_in_the_circuit():
    quoted = [yaml.safe_load(block.text) for block in RUN["docs/tour.md"] if block.language == "yaml"]
    circuit = yaml.safe_load(page("circuits/bg.yaml"))
    assert quoted
    assert all(merged(circuit, part) == circuit for part in quoted)


def test_the_tour_is_short():
    assert len(page("docs/tour.md").splitlines()) <= 200


WRONG = {
    "another output": ("python", "print(1)\nprint(2)\n", "text", "1\n3\n"),
    "less output": ("python", "print(1)\nprint(2)\n", "text", "1\n"),
    "an unknown option": ("sh", "neuro-rtrrl check circuits/bg.yaml --unknown\n"),
    "a command of another program": ("sh", "ls\n"),
    "a file that is not there": ("sh", "neuro-rtrrl check missing.yaml\n"),
    "Python that raises": ("python", "assert False\n"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_page_that_is_wrong_is_noticed(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circuits").symlink_to(REPOSITORY / "circuits")
    parts = WRONG[case]
    wrong = tuple(Block("page", n, *parts[n : n + 2]) for n in range(0, len(parts), 2))
    with pytest.raises(AssertionError):
        Session(tmp_path, wrong).follow(wrong[-1])
