"""The commands and their options. Heavy modules are imported inside the command that needs them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

_application = typer.Typer(
    name="neuro-rtrrl",
    help="Real-time recurrent reinforcement learning: one circuit file, two simulators, one hardware ledger.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[str, typer.Argument(metavar="FILE", help="Circuit file, such as circuits/bg.yaml.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a value of the file: plasticity.cortical.trace_decay=0.9."
    ),
]


class Backend(StrEnum):
    """Machines that can run a circuit."""

    jax = "jax"
    brian2 = "brian2"


class Kernel(StrEnum):
    """What computes the network on JAX."""

    auto = "auto"
    native = "native"
    xla = "xla"


class Codegen(StrEnum):
    """What Brian2's code becomes."""

    auto = "auto"
    cython = "cython"
    numpy = "numpy"
    standalone = "standalone"


class Precision(StrEnum):
    """Floating-point widths."""

    float32 = "float32"
    float64 = "float64"


class ExportTarget(StrEnum):
    """What a circuit can be written as."""

    nir = "nir"
    c = "c"


class Format(StrEnum):
    """What results can be written as."""

    nwb = "nwb"
    neo = "neo"
    csv = "csv"


KernelOption = Annotated[
    Kernel,
    typer.Option(
        help="On jax, what computes the network: C built for this machine at first use, or XLA. "
        "auto takes the first where there is a compiler."
    ),
]


BitsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--bits",
        metavar="KIND=BITS[~]",
        help="Word lengths, sign included: weight=9~,local_trace=7; ~ rounds stochastically.",
    ),
]


def _version(asked: bool) -> None:
    if asked:
        from neuro_rtrrl import __version__

        print(f"neuro-rtrrl {__version__}")
        raise typer.Exit


@_application.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@_application.command()
def simulate(
    file: File,
    backend: Annotated[Backend, typer.Option(help="Machine that runs the circuit.")] = Backend.jax,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many seeds, side by side. Default: 5 on jax, 1 on brian2.")
    ] = None,
    decisions: Annotated[
        int | None,
        typer.Option(min=1, help="Decision ticks per seed. Default: 200000 on jax, 2000 on brian2."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Model time instead of --decisions, such as '5 s'.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The first seed. Default: 0.")] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Results folder. Default: a new one in results/.")
    ] = None,
    setting: Settings = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="RESULTS", help="Continue from the weights of a finished run."),
    ] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Run without plasticity.")] = False,
    intervention: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME", help="Apply an intervention that the file names."),
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Default: float32 on jax, float64 on brian2.")
    ] = None,
    kernel: KernelOption = Kernel.auto,
    codegen: Annotated[
        Codegen,
        typer.Option(
            help="On brian2, what its code becomes; standalone, for circuits without an environment, "
            "is one C++ program, built once for all seeds."
        ),
    ] = Codegen.auto,
    ledger: Annotated[
        bool,
        typer.Option(
            "--ledger", help="Count what the run really did, zeros left out, and keep it for cost --from."
        ),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Price the run on this hardware; with --quantise or --bits, run in its words.",
        ),
    ] = None,
    quantise: Annotated[
        bool,
        typer.Option(
            "--quantise", help="Run in words of fixed length, learning included: those of --profile."
        ),
    ] = False,
    bits: BitsOption = None,
    json: Json = False,
) -> int:
    """Run a circuit in closed loop, learning on, and keep what it did.

    Shows a live line (rate, return, time left), then a summary. Ctrl-C ends the run early and keeps what was recorded.
    """
    from neuro_rtrrl.cli.simulate import run_simulate

    return run_simulate(
        file,
        settings=setting or [],
        interventions=intervention or [],
        json=json,
        backend=backend.value,
        seeds=seeds,
        decisions=decisions,
        duration=duration,
        seed=seed,
        out=out,
        start_from=start,
        freeze=freeze,
        precision=precision.value if precision else None,
        kernel=kernel.value,
        codegen=codegen.value,
        ledger=ledger,
        profile=profile,
        quantise=quantise,
        bits=bits or [],
    )


@_application.command()
def check(
    file: File,
    biology: Annotated[
        bool,
        typer.Option(
            "--biology", help="Audit every plastic synapse group: local, online, free of weight transport?"
        ),
    ] = False,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Report every problem of a circuit file at once; exit code 2 if there is any."""
    from neuro_rtrrl.cli.check import run_check

    return run_check(file, setting or [], biology, json)


@_application.command()
def cost(
    file: File,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Hardware profile: loihi1, spinnaker2@0.8V, or a YAML file."),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECTION",
            help="Print every lowered line of a projection or population with its count.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare with exact RTRL and with BPTT over T steps, against n.")
    ] = False,
    steps: Annotated[int, typer.Option(min=1, help="T of the BPTT comparison.")] = 64,
    run: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RESULTS",
            help="Count also what a run really did, zeros left out: a results folder of simulate --ledger.",
        ),
    ] = None,
    criterion: Annotated[
        float | None,
        typer.Option(
            help="With --profile and --from: joules and seconds until the mean of 100 episodes reached this return."
        ),
    ] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Count without plasticity.")] = False,
    intervention: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME", help="Apply an intervention that the file names."),
    ] = None,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Count what one decision costs: operations, memory, reads, writes, messages, and energy where it has a source.

    Example: neuro-rtrrl simulate circuits/bg.yaml --ledger --out run, then neuro-rtrrl cost circuits/bg.yaml --from run
    """
    from neuro_rtrrl.cli.cost import run_cost

    return run_cost(
        file,
        setting or [],
        profile,
        explain,
        compare,
        steps,
        json,
        run,
        freeze,
        tuple(intervention or ()),
        criterion,
    )


@_application.command()
def fit(
    file: File,
    profile: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Hardware profile: loihi1, spinnaker2, or a YAML file.")
    ],
    bits: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Width of every word that the device leaves open. Default: 32."),
    ] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Judge the circuit without plasticity.")] = False,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Judge whether a device takes the circuit and what it learns by: what binds, and what would do instead.

    Example: neuro-rtrrl fit circuits/bg.yaml --profile loihi1
    """
    from neuro_rtrrl.cli.fit import run_fit

    return run_fit(file, setting or [], profile, bits, freeze, json)


@_application.command()
def compare(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="Circuit files, such as circuits/bg.yaml.")
    ] = None,
    profiles: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="all (at all operating points), none, or names with commas: loihi1,spinnaker2@0.8V.",
        ),
    ] = "all",
    rules: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Learning rules with commas: own, rflo, rtrl, one_step, local_mse, diagonal, bptt:T.",
        ),
    ] = "own,rtrl,bptt:64,diagonal",
    study_file: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="FILE",
            help="In place of circuits: what its rows took to reach a return, in joules and seconds.",
        ),
    ] = None,
    criterion: Annotated[
        float | None, typer.Option(help="That return. Default: the one that the study's rows name.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page that needs nothing else.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write page, picture, CSV and JSON into a folder.")
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV and nothing else on standard output.")
    ] = False,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Set circuits, learning rules and devices side by side: memory, operations, energy, time, and whether it fits.

    Example: neuro-rtrrl compare circuits/bg.yaml --profiles loihi1,spinnaker2 --rules own,rtrl,bptt:64,diagonal
    """
    from neuro_rtrrl.cli.compare import run_compare

    return run_compare(
        files or [], setting or [], profiles, rules, study_file, criterion, json, csv, html, out
    )


@_application.command()
def draw(
    file: File,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Picture to write (.svg or .png). Default: both, beside you."),
    ] = None,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Draw the circuit: populations, projections, feedback, dopamine."""
    from neuro_rtrrl.cli.draw import run_draw

    return run_draw(file, setting or [], out, json)


@_application.command()
def parity(
    file: File,
    decisions: Annotated[int, typer.Option(min=1, help="How many decision ticks to compare.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of both runs.")] = 0,
    tolerance: Annotated[float, typer.Option(min=0.0, help="Largest difference that passes.")] = 1e-9,
    kernel: KernelOption = Kernel.auto,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="Compare runs at the word lengths of this profile, to the last bit."
        ),
    ] = None,
    bits: BitsOption = None,
    intervention: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME", help="Apply an intervention that the file names."),
    ] = None,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Run both backends in float64, learning on, and report the largest difference of every variable.

    Exit code 1 if any exceeds the tolerance; the first tick and variable at which they part are named.
    """
    from neuro_rtrrl.cli.parity import run_parity

    return run_parity(
        file, setting or [], intervention or [], decisions, seed, tolerance, kernel.value, json, profile, bits
    )


@_application.command()
def study(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Study file, or the name of one in experiments/, such as memory_chain."
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ROW", help="Run this row; may be given more than once."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--anew", help="Go on: jobs that have finished never run twice; or run all again."
        ),
    ] = True,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Jobs side by side, one process a core. Default: all cores.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder of the results. Default: one beside the file, named as the study."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="See that it runs: a hundredth of the decisions, one seed, in results/."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Run a study: every row with every seed, side by side; then write its table and its figure.

    Each finished job is kept at once: a study that was stopped or killed goes on with the same command.
    """
    from neuro_rtrrl.cli.study import run_study_command

    return run_study_command(file, only or [], resume, jobs, out, quick, json)


@_application.command()
def export(
    file: File,
    target: Annotated[
        ExportTarget,
        typer.Option(help="What to write: nir, a graph that other tools read; c, a program for a chip."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File or folder. Default: beside you, named as the circuit file."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="RESULTS|NPZ", help="Learned weights: a results folder (its best seed) or an .npz file."
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="C in the words of this hardware: whole numbers, unless its own are float32.",
        ),
    ] = None,
    bits: BitsOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the initial weights, where none are given.")] = 0,
    setting: Settings = None,
    json: Json = False,
) -> int:
    """Write a circuit for another tool, or as C for a chip: in float32, or in a chip's words (--profile, --bits).

    Example: neuro-rtrrl export circuits/memory_words.yaml --target c --profile loihi1
    """
    from neuro_rtrrl.cli.export import Words, run_export

    words = Words(profile, tuple(bits or ()), seed)
    return run_export(file, setting or [], target.value, out, weights, json, words)


@_application.command()
def plot(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="Results folder of simulate.")],
    figure: Annotated[
        str | None,
        typer.Argument(
            metavar="FIGURE",
            help="learning, raster, psth, rates, voltages, dopamine, trials, values, weights, histogram, activity. "
            "Default: the first of raster, dopamine, learning for which there is something.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: the first of the run.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Picture (.png, .svg, .pdf). Default: within the results folder."),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            metavar="TIMES|NAME",
            help='What psth is aligned to: times such as "1 s, 2.5 s", or a stimulus, reward or trial of the protocol. '
            "Default: the beginnings of episodes.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Draw what was recorded.

    Example: neuro-rtrrl plot results/run psth --events "1 s, 2 s" --out psth.png
    """
    from neuro_rtrrl.cli.plot import run_plot

    return run_plot(results, figure, seed, out, json, events)


@_application.command()
def convert(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="Results folder of simulate.")],
    to: Annotated[
        Format, typer.Option("--to", help="nwb (one file a seed), neo (a .nix file) or csv (a folder).")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File or folder. Default: within the results folder.")
    ] = None,
    json: Json = False,
) -> int:
    """Write what was recorded for other tools: Neurodata Without Borders, Neo, CSV.

    Example: neuro-rtrrl convert results/run --to nwb
    """
    from neuro_rtrrl.cli.convert import run_convert

    return run_convert(results, to.value, out, json)


@_application.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE.nir", help="What 'export --target nir' wrote.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Circuit file to write. Default: beside you, named as FILE."),
    ] = None,
    json: Json = False,
) -> int:
    """Make a circuit file of a NIR file and its side file; weights that another tool changed go into an .npz beside it.

    Example: neuro-rtrrl import bg.nir --out again.yaml
    """
    from neuro_rtrrl.cli.importing import run_import

    return run_import(file, out, json)


@_application.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|FILE]...",
            help="Assays, or experiments (folders below experiments/). Default: all of experiments/.",
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show which assays there are; run nothing.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for tables and figures. Default: beside each assay."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Try fewer seeds, or more: nothing is written but into a folder of --out.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Run assays: what is expected must hold, and must fail where its mechanism is removed.

    Exit code 1 if any gate does not pass. Example: neuro-rtrrl verify Schultz_1997
    """
    from neuro_rtrrl.cli.verify import run_verify

    return run_verify(names or [], listed, out, json, seeds)


_profiles = typer.Typer(
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_application.add_typer(_profiles, name="profiles")


@_profiles.callback(invoke_without_command=True)
def profiles(context: typer.Context, json: Json = False) -> int:
    """List the hardware profiles: what each is, how it learns, how much is published, the weakest grade.

    Example: neuro-rtrrl profiles show truenorth
    """
    if context.invoked_subcommand is not None:
        return 0
    from neuro_rtrrl.cli.profiles import run_profiles

    return run_profiles(json)


@_profiles.command()
def show(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="A profile, with its operating point if it has several."),
    ],
    json: Json = False,
) -> int:
    """Show one profile: every figure with range, grade, source and arithmetic, and what is null and why.

    Example: neuro-rtrrl profiles show spinnaker2@0.8V
    """
    from neuro_rtrrl.cli.profiles import run_show

    return run_show(name, json)


app = typer.main.get_command(_application)
