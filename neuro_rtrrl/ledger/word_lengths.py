"""The word lengths of a device, for a run that emulates them.

A profile names the words of its chip; a circuit has kinds of words (:data:`neuro_rtrrl.lowering.words.KINDS_OF_WORD`).
Which word holds which kind is said here; lengths include the sign. A kind has one length in the whole circuit, while
:mod:`neuro_rtrrl.ledger.fit` places word by word: a second trace of a synapse of Loihi 1 goes into its delay (6 bit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile
from neuro_rtrrl.lowering.words import ACCUMULATOR, KINDS_OF_WORD, WordLengths

__all__ = ["HOLDS", "parse_bits", "word_lengths"]

HOLDS: dict[str, tuple[str, ...]] = {
    "weight": ("weight", "word"),
    "parameter": ("decay", "constant", "word"),
    "local_trace": ("trace", "trace_post", "tag", "word"),
    "eligibility_trace": ("tag", "trace_output", "trace", "word"),
    "membrane": ("voltage", "word"),
    "activation": ("activation", "trace", "trace_pre", "word"),
    "modulator": ("modulator", "trace", "trace_post", "word"),
    "optimiser": ("learning_accumulator", "word"),
}
"""Kind of word -> the chip's words that can hold it, the first that a profile states a length of."""

FEWEST, MOST = 2, 32


def word_lengths(
    profile: HardwareProfile | str | None = None, bits: Mapping[str, int] | str | Sequence[str] = ()
) -> WordLengths:
    """Return the word lengths of a profile, some of them replaced.

    Parameters
    ----------
    profile : HardwareProfile or str, optional
        Kinds that it states no length of have 32 bits, as have all without a profile, and all of one whose numbers are
        float32.
    bits : mapping of str to int, or str
        Kind of word -> bits; or as on the command line, ``"weight=9~,local_trace=7"``, where ``~`` asks for stochastic
        rounding and its absence for rounding to the nearest.

    Raises
    ------
    CircuitError
        If a kind is unknown, a length is not from 2 to 32, or neither says anything; of a profile whose numbers are
        float32, without ``bits``.
    """
    if isinstance(profile, str):
        profile = load_profile(profile)
    nearest_ones: set[str] = set()
    asked: frozenset[str] = frozenset()
    if not isinstance(bits, Mapping):
        bits, asked = parse_bits([bits] if isinstance(bits, str) else list(bits)) if bits else ({}, asked)
        nearest_ones = set(bits) - asked
    bits = dict(bits)
    problems = [_problem(kind, length) for kind, length in bits.items()]
    if found := [problem for problem in problems if problem is not None]:
        raise CircuitError(found)
    stated: dict[str, int] = {}
    stochastic: set[str] = set()
    if profile is not None and profile.arithmetic == "float32":
        if not bits:
            message = f"{profile.name} computes in float32, which is no word of fixed length"
            hint = "run in float32: leave --quantise out; or give lengths, as a program may choose: --bits weight=16"
            raise CircuitError(Problem(message, hint=hint))
    elif profile is not None:
        rounding = profile.learning_engine.rounding if profile.learning_engine else {}
        for kind, words in HOLDS.items():
            word = next((name for name in words if _length(profile, name)), None)
            if word is None:
                continue
            stated[kind] = min(_length(profile, word), ACCUMULATOR)
            if rounding.get(word) == "stochastic":
                stochastic.add(kind)
    if not stated and not bits:
        message = f"{profile.name} states no word length" if profile else "no word lengths are given"
        chip = "" if profile else "name a chip, as with --profile loihi1, or "
        hint = f"{chip}give some: --bits weight=8,local_trace=16; kinds are {', '.join(KINDS_OF_WORD)}"
        raise CircuitError(Problem(message, hint=hint))
    rounded = frozenset((stochastic - nearest_ones) | asked)
    return WordLengths({**stated, **bits}, rounded, profile.name if profile else "")


def parse_bits(texts: list[str]) -> tuple[dict[str, int], frozenset[str]]:
    """Read ``weight=9,local_trace=7~``; a ``~`` asks for stochastic rounding of that kind.

    Raises
    ------
    CircuitError
        Where it is not written so.
    """
    found: dict[str, int] = {}
    stochastic: set[str] = set()
    for part in ",".join(texts).split(","):
        kind, equals, length = (piece.strip() for piece in part.partition("="))
        if length.endswith("~"):
            stochastic.add(kind)
            length = length[:-1]
        if not equals or not length.isdigit():
            hint = "write kind=bits, such as --bits weight=9~,local_trace=7; ~ rounds stochastically"
            raise CircuitError(Problem("not a word length", where="--bits", found=part.strip(), hint=hint))
        found[kind] = int(length)
    return found, frozenset(stochastic)


def _length(profile: HardwareProfile, word: str) -> int:
    figure = profile.word_widths.get(word)
    return int(figure.nominal) if figure is not None and figure.nominal is not None else 0


def _problem(kind: str, length: int) -> Problem | None:
    if kind not in KINDS_OF_WORD:
        hint = nearest(kind, KINDS_OF_WORD)
        return Problem(
            f"there is no kind of word '{kind}'", "--bits", available=tuple(KINDS_OF_WORD), hint=hint
        )
    if not FEWEST <= length <= MOST:
        return Problem(
            f"a word has {FEWEST} to {MOST} bits, sign included", f"--bits {kind}", found=str(length)
        )
    return None
