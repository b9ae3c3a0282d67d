"""A command loads what it needs and no more, and what a start-up puts aside is whole for everybody else."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from neuro_rtrrl.cli import start_up
from neuro_rtrrl.environments import lazy_imports
from neuro_rtrrl.results import libraries

CIRCUIT = str(Path(__file__).parents[2] / "circuits" / "bg.yaml")


def answer(*lines: str):
    """Run lines of Python in a process of their own; return the JSON value that the last one writes."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def loaded_by(*arguments: str) -> set[str]:
    return set(
        answer(
            "import json, sys",
            "from neuro_rtrrl.cli import main",
            "try:",
            f"    main({list(arguments)!r})",
            "except SystemExit as ended:",
            "    assert not ended.code, ended.code",
            "print(json.dumps(sorted(sys.modules)))",
        )
    )


# --- commands that run nothing


@pytest.mark.parametrize(
    ("arguments", "most", "without"),
    [
        (["--help"], 250, {"numpy", "yaml", "pydantic", "rich"}),
        (["check", CIRCUIT], 500, {"numpy", "rich", "networkx", "sympy"}),
        (["profiles"], 500, {"numpy", "networkx", "sympy"}),
        (["cost", CIRCUIT, "--profile", "loihi1"], 750, {"networkx", "sympy", "xarray", "matplotlib"}),
        (["compare", CIRCUIT, "--profiles", "loihi1"], 760, {"networkx", "sympy", "xarray", "matplotlib"}),
    ],
    ids=["--help", "check", "profiles", "cost", "compare"],
)
def test_a_command_that_runs_nothing_loads_little(arguments, most, without):
    # with the libraries of the day 165, 361 and 531 modules; JAX alone would be 700
    loaded = loaded_by(*arguments)
    assert not loaded & without
    assert len(loaded) < most


def test_a_run_says_what_it_does_before_anything_heavy_is_loaded():
    loaded = answer(
        "import contextlib, io, json, sys",
        "from neuro_rtrrl import load",
        "from neuro_rtrrl.cli.simulate import _Live",
        "from neuro_rtrrl.simulation import simulate",
        "class Enough(Exception): pass",
        "with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.suppress(Enough), _Live() as live:",
        "    def started():",
        "        live.begin()",
        "        raise Enough",
        f"    simulate(load({CIRCUIT!r}), decisions=4, started=started)",
        "assert said.getvalue() == 'compiling ...\\n', said.getvalue()",
        "print(json.dumps(sorted(sys.modules)))",
    )
    assert not {"jax", "brian2", "gymnax", "xarray", "matplotlib"} & set(loaded)


# --- one environment without the rest


@cache
def one_environment() -> dict:
    """Make one environment that draws and one that does not, then use the packages they come from as others do."""
    return answer(
        "import json, sys",
        "from neuro_rtrrl.environments import make",
        "heavy = {'gymnax', 'flax', 'gymnasium', 'matplotlib', 'seaborn', 'pandas'}",
        "make('CartPole-v1')",
        "first = sorted(heavy & {name.split('.')[0] for name in sys.modules})",
        "make('Catch-bsuite')",
        "second = sorted({'flax', 'gymnax', 'gymnasium', 'matplotlib.figure', 'pandas'} & set(sys.modules))",
        "import gymnax, flax.linen, gymnasium.wrappers, matplotlib.pyplot",
        "from gymnax.environments.classic_control import CartPole",
        "whole = [isinstance(gymnax.make('CartPole-v1')[0], CartPole), callable(flax.linen.Dense),",
        "         flax.struct is sys.modules['flax.struct'], callable(gymnasium.make),",
        "         callable(matplotlib.pyplot.figure)]",
        "print(json.dumps({'first': first, 'second': second, 'whole': whole}))",
    )


def test_an_environment_is_imported_without_the_rest_of_gymnax():
    assert one_environment()["first"] == []


def test_an_environment_that_draws_is_imported_without_the_plotting_library():
    assert one_environment()["second"] == []


def test_what_is_imported_aside_leaves_the_packages_whole_for_others():
    assert all(one_environment()["whole"])


def test_every_model_is_the_one_that_gymnax_would_make():
    gymnax = pytest.importorskip("gymnax")
    from neuro_rtrrl.environments.catalogue import names
    from neuro_rtrrl.environments.gymnax_models import MODELS

    def kinds(path: str) -> tuple[str, str]:
        module, _, leaf = path.rpartition(".")
        return f"gymnax.environments.{module}", leaf

    assert set(MODELS) == {name for name in names() if not name.endswith("-popgym")}
    for name, place in MODELS.items():
        made = type(gymnax.make(name)[0])
        assert (made.__module__, made.__qualname__) == kinds(place), name


def test_a_gymnax_that_keeps_its_models_elsewhere_is_imported_whole(monkeypatch):
    gymnax = pytest.importorskip("gymnax")
    from neuro_rtrrl.environments import gymnax_models

    monkeypatch.setitem(gymnax_models.MODELS, "CartPole-v1", "elsewhere.cartpole.CartPole")
    model, defaults = gymnax_models.make_model("CartPole-v1", {})
    expected, parameters = gymnax.make("CartPole-v1")
    assert (type(model), defaults) == (type(expected), parameters)


def test_a_package_that_is_loaded_already_is_left_as_it_is(monkeypatch):
    package = ModuleType("json")
    monkeypatch.setitem(sys.modules, "json", package)
    with lazy_imports.aside("json", "a_package_that_nobody_has"):
        assert sys.modules["json"] is package
    assert sys.modules["json"] is package


def test_what_was_imported_aside_is_forgotten_even_after_an_error(tmp_path, monkeypatch):
    folder = tmp_path / "half_a_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('heavy')\n")
    (folder / "light.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)

    def open_it():
        with lazy_imports.aside("half_a_package"):
            from half_a_package.light import VALUE  # type: ignore[import-not-found]

            assert VALUE == 1
            raise KeyError

    with pytest.raises(KeyError):
        open_it()
    assert not any(name.startswith("half_a_package") for name in sys.modules)
    with pytest.raises(RuntimeError, match="heavy"):
        import half_a_package  # type: ignore[import-not-found]  # noqa: F401


def test_nothing_half_open_stays_where_a_package_is_not_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "wsgiref", raising=False)
    with (
        pytest.raises(ModuleNotFoundError),
        lazy_imports.aside("wsgiref", "a_package_that_nobody_has.inside"),
    ):
        pass
    assert "wsgiref" not in sys.modules


def test_the_types_of_an_environment_are_worked_out_once_for_each_precision(monkeypatch):
    jax = pytest.importorskip("jax")
    from neuro_rtrrl.environments import gymnax_adapter, make

    asked, original = [], gymnax_adapter._stable_types
    monkeypatch.setattr(gymnax_adapter, "_stable_types", lambda *given: asked.append(1) or original(*given))
    environment = make("CartPole-v1")
    for precision in (False, True, False, True):
        with jax.enable_x64(precision):
            _, state = environment.reset(jax.random.key(0))
            observation, *_ = environment.step(jax.random.key(1), state, jax.numpy.int32(1))
            assert observation.dtype == ("float64" if precision else "float32")
    assert len(asked) == 2


# --- the collector of garbage


def test_garbage_is_collected_rarely_only_while_a_command_starts():
    usual = gc.get_threshold()
    assert usual == start_up.USUAL
    with start_up.quick_start():
        assert gc.get_threshold()[0] > 100 * usual[0]
        assert gc.isenabled()
        start_up.collect_as_usual()
        assert gc.get_threshold() == usual
    with start_up.quick_start():
        pass
    assert gc.get_threshold() == usual


def test_a_threshold_that_somebody_has_chosen_stays():
    usual = gc.get_threshold()
    gc.set_threshold(5_000)
    try:
        with start_up.quick_start():
            assert gc.get_threshold()[0] == 5_000
        assert gc.get_threshold()[0] == 5_000
    finally:
        gc.set_threshold(*usual)


# --- what the end of a run needs


def test_the_end_of_a_run_waits_for_libraries_that_are_on_their_way(monkeypatch):
    done = []
    monkeypatch.setattr(libraries, "_loading", None)
    monkeypatch.setattr(libraries, "_load", lambda: (time.sleep(0.05), done.append(1)))
    libraries.wait_until_loaded()  # nothing is on its way
    libraries.load_meanwhile()
    libraries.load_meanwhile()
    libraries.wait_until_loaded()
    assert done == [1]


def test_a_library_that_cannot_be_loaded_meanwhile_ends_no_run(monkeypatch):
    monkeypatch.setattr(libraries, "_LIBRARIES", ("a_library_that_nobody_has", "json"))
    libraries._load()
