"""What a study file may hold: one frozen model for the study, one for a row, one for a published score.

The schema judges each value by itself. Whether a row's circuit exists and takes the row's overrides is for
:mod:`neuro_rtrrl.studies.load` to say.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from neuro_rtrrl.spec.document import Kind
from neuro_rtrrl.spec.faults import Fault, Refused, shown
from neuro_rtrrl.spec.sections import Section
from neuro_rtrrl.spec.values import AsTuple, Name, validated

__all__ = ["STUDY_FILE", "Evaluation", "Published", "RowSpec", "StudySpec", "Target", "WordsSpec"]

STUDY_FILE = Kind("study file", "study")
MOST_SEEDS = 1_000
MOST_EPISODES = 1_000
LARGEST_COUNT = 2**32 - 1  # the streams of noise count decisions in 32 bits

_GROUPED = re.compile(r"[0-9]{1,3}(_[0-9]{3})+")


def _read_seeds(value: Any) -> int:
    """Read how many seeds; each is a job of its own."""
    count = _read_count(value)
    if count > MOST_SEEDS:
        raise Refused(Fault(f"a row has at most {MOST_SEEDS:,} seeds", found=shown(value)))
    return count


def _read_count(value: Any) -> int:
    """Read a whole number from 1, which may be written ``500_000``."""
    if isinstance(value, str) and _GROUPED.fullmatch(value) and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_COUNT:
        raise Refused(
            Fault("a whole number from 1 is due here", found=shown(value), hint="write 500_000 or 500000")
        )
    return value


Count = Annotated[int, validated(_read_count)]
OptionalCount = Annotated[int | None, validated(_read_count, optional=True)]
SeedCount = Annotated[int, validated(_read_seeds)]
OptionalSeedCount = Annotated[int | None, validated(_read_seeds, optional=True)]


def _read_episodes(value: Any) -> int:
    """Read how many episodes run side by side; each has a copy of the circuit."""
    count = _read_count(value)
    if count > MOST_EPISODES:
        raise Refused(Fault(f"an evaluation has at most {MOST_EPISODES:,} episodes", found=shown(value)))
    return count


EpisodeCount = Annotated[int, validated(_read_episodes)]


class Published(Section):
    """What others report for a row: medians over their runs, and where that stands."""

    median_best: float | None = None
    median_final: float | None = None
    source: str = ""
    note: str = ""


class Target(Section):
    """What a row is to reach: returns at least as high, of the median over its seeds or in so many of them."""

    best: Annotated[float | None, Field(allow_inf_nan=False)] = None
    final: Annotated[float | None, Field(allow_inf_nan=False)] = None
    seeds: OptionalSeedCount = None

    @property
    def returns(self) -> dict[str, float]:
        """The returns by the score that they are of."""
        known = {"best": self.best, "final": self.final}
        return {name: value for name, value in known.items() if value is not None}


class Evaluation(Section):
    """Evaluation apart from training: ``episodes`` first episodes after ``every`` so many decisions, weights frozen.

    ``patience`` evaluations without a new best end a run.
    """

    every: Count
    episodes: EpisodeCount = 10
    patience: OptionalCount = None


class WordsSpec(Section):
    """Words of fixed length to run in: those of a hardware profile, some of them replaced (``weight=4~``)."""

    profile: str | None = None
    bits: str = ""


class RowSpec(Section):
    """One row: a circuit file (relative to the study's folder), overrides, and where it differs from the study.

    ``set`` holds ``path.to.key=value`` each, as the command line's ``--set``, ``interventions`` those of the circuit's
    own that are applied; ``budget: reduced`` marks a row that runs fewer decisions than what it is compared with,
    ``note`` says how many that were; ``target`` is what it is to reach. With ``baseline`` the circuit only gives the
    task, and another learner, with its ``settings``, takes it on. ``words`` runs the circuit at the word lengths of a
    chip.
    """

    circuit: str = Field(min_length=1)
    set: Annotated[tuple[str, ...], AsTuple] = ()
    interventions: Annotated[tuple[str, ...], AsTuple] = ()
    baseline: str | None = None
    settings: dict[str, float] = Field(default_factory=dict)
    words: WordsSpec | None = None
    criterion: Annotated[float | None, Field(allow_inf_nan=False)] = None
    seeds: OptionalSeedCount = None
    decisions: OptionalCount = None
    budget: Literal["full", "reduced"] | None = None
    published: Published | None = None
    target: Target | None = None
    note: str = ""


class StudySpec(Section):
    """A study file that obeys the schema.

    Attributes
    ----------
    study : str
        Its name, also that of the folder and of the markers in the README.
    format : int
        The version of the file format, 1.
    title, source, description : str
        For people: the heading, what it repeats, what it shows.
    seeds, first_seed : int
        Every row runs the seeds ``first_seed, first_seed + 1, ...``.
    decisions : int
        Decisions of each seed.
    window : int
        Episodes in one of the windows of which the best is reported.
    criterion : float, optional
        A return; told is after how many decisions the mean of a window first reaches it.
    evaluation : Evaluation, optional
    precision : {"float32", "float64"}
    budget : {"full", "reduced"}
        Whether the decisions are those of what the study repeats.
    minutes : float, optional
        Estimated time on two cores.
    rows : dict of str to RowSpec
    """

    study: Name
    format: Literal[1]
    title: str = ""
    source: str = ""
    description: str = ""
    seeds: SeedCount = 5
    first_seed: int = Field(default=0, ge=0, le=2**62)
    decisions: Count
    window: Count = 100
    criterion: Annotated[float | None, Field(allow_inf_nan=False)] = None
    evaluation: Evaluation | None = None
    precision: Literal["float32", "float64"] = "float32"
    budget: Literal["full", "reduced"] = "full"
    minutes: float | None = Field(default=None, gt=0)
    rows: Annotated[dict[Name, RowSpec], BeforeValidator(lambda value: {} if value is None else value)] = (
        Field(min_length=1)
    )
