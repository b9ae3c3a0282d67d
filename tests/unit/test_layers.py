"""Imports point downward only, siblings do not know each other, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "neuro_rtrrl"

# From the bottom up; those in one row are siblings. A folder or file of the package stands in exactly one row.
LAYERS = (
    {"errors", "interrupts", "builds"},
    {"units", "randomness", "spike_trains"},
    {"language"},
    {"models"},
    {"spec"},
    {"graph"},
    {"lowering"},
    {"native"},
    {"environments", "backends.chunk"},
    {"backends.jax", "backends.brian", "ledger", "exchange", "deploy", "results", "divergence"},
    {"programs", "progress", "checkpoint", "extent", "continuation", "formats", "drawing", "baselines"},
    {"calibration", "plot"},
    {"agreement", "simulation"},
    {"studies", "assays"},
    {"api"},
    {"cli"},
)

# What does not follow from the rows, each with its reason. Nothing else may differ.
EXCEPTIONS = {
    (
        "graph",
        "environments",
    ): "a circuit's sizes follow from the task; the catalogue is plain data, without JAX",
}

SIMULATORS = {
    "jax": {"backends.jax", "backends.brian", "environments", "baselines"},
    "brian2": {"backends.brian"},
}
"""Who may import a simulator; Brian2's backend takes its noise and environments from JAX's streams."""


def part(module: str) -> str:
    """Return which part of the package a module (dotted, without the package's name) belongs to."""
    names = module.split(".")
    return ".".join(names[:2]) if names[0] == "backends" and len(names) > 1 else names[0]


def files() -> list[Path]:
    entrances = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
    return sorted(path for path in PACKAGE.rglob("*.py") if path not in entrances)


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """Return the modules that a file imports, wherever in it: (dotted name, line, only for type checkers)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, id(node) in for_types) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            if module in ("neuro_rtrrl", "neuro_rtrrl.backends"):
                found += [
                    (f"{module}.{alias.name}", node.lineno, id(node) in for_types) for alias in node.names
                ]
            else:
                found.append((module, node.lineno, id(node) in for_types))
    return found


def level(name: str) -> int:
    return next(index for index, row in enumerate(LAYERS) if name in row)


def test_every_part_of_the_package_has_its_layer():
    parts = {part(".".join(path.relative_to(PACKAGE).with_suffix("").parts)) for path in files()}
    parts -= {"backends.__init__"}
    assert parts == set().union(*LAYERS)


def test_imports_point_downward_only_and_siblings_do_not_know_each_other():
    wrong, used = [], set()
    for path in files():
        own = part(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
        if own == "backends.__init__":
            assert not imports(path)
            continue
        for module, line, _ in imports(path):
            if not module.startswith("neuro_rtrrl."):
                continue
            other = part(module.removeprefix("neuro_rtrrl."))
            if other == own or other == "__version__":
                continue
            if (own, other) in EXCEPTIONS:
                used.add((own, other))
            elif level(other) >= level(own):
                wrong.append(f"{path.relative_to(ROOT)}:{line} ({own}) imports {other}")
    assert not wrong, "\n".join(wrong)
    assert used == EXCEPTIONS.keys(), "an exception that nobody needs any more is to be removed"


def test_only_backends_and_environments_import_a_simulator():
    wrong = []
    for path in files():
        own = part(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
        for module, line, for_types in imports(path):
            allowed = SIMULATORS.get(module.split(".")[0])
            if allowed is not None and own not in allowed and not for_types:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_a_wrong_import_would_be_found(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("def f():\n    from neuro_rtrrl.cli import main\n    import jax.numpy\n")
    assert imports(file) == [("neuro_rtrrl.cli", 2, False), ("jax.numpy", 3, False)]
    assert level(part("cli.main")) > level(part("backends.jax.program")) > level(part("graph.build"))


CIRCUIT = str(ROOT / "circuits" / "bg.yaml")
COMMAND = [sys.executable, "-c", "from neuro_rtrrl.cli import main; main()"]
QUICK = {
    "import": None,
    "--help": ["--help"],
    "simulate --help": ["simulate", "--help"],
    "check": ["check", CIRCUIT, "--biology"],
    "cost": ["cost", CIRCUIT, "--profile", "loihi1", "--compare"],
    "compare": ["compare", CIRCUIT, "--profiles", "loihi1", "--out", "compared"],
    "export": ["export", CIRCUIT, "--target", "nir", "--out", "bg.nir"],
    "fit": ["fit", CIRCUIT, "--profile", "loihi1"],
    "draw": ["draw", CIRCUIT, "--out", "picture.svg"],
}


@pytest.mark.parametrize("name", QUICK)
def test_what_does_not_simulate_starts_no_simulator(name, tmp_path):
    arguments = QUICK[name]
    lines = ["import sys, neuro_rtrrl"]
    if arguments is not None:
        lines += ["from neuro_rtrrl.cli import main", "try:", f"    main({arguments!r})"]
        lines += ["except SystemExit as ended:", "    assert not ended.code, ended.code"]
    lines += ["print('loaded:', sorted({'jax', 'brian2', 'gymnax'} & sys.modules.keys()))"]
    if arguments is None:
        lines += ["print(sorted({'numpy', 'yaml', 'pydantic'} & sys.modules.keys()))"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "loaded: []" in done.stdout
    if arguments is None:
        assert done.stdout.endswith("[]\n"), "importing the package costs nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [(["--help"], 0.3), (["check", CIRCUIT], 0.7), (["cost", CIRCUIT, "--profile", "loihi1"], 1.0)],
    ids=["--help", "check", "cost"],
)
def test_the_first_answer_comes_at_once(arguments, seconds):
    # processor time, the best of three: what other programs do at the same time does not count
    best = min(processor_time([*COMMAND, *arguments]) for _ in range(3))
    assert best < seconds


def processor_time(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_no_public_name_is_that_of_a_module_of_ours():
    """The module would take the name's place as soon as somebody has imported it."""
    import neuro_rtrrl

    modules = {path.stem for path in Path(neuro_rtrrl.__file__).parent.iterdir()}
    assert set(neuro_rtrrl.__all__) & modules == {"plot"}, "plot is the module itself"
