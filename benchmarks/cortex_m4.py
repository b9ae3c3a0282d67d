"""An exported circuit on an emulated Cortex-M4, beside what the ledger predicts: ``python -m benchmarks.cortex_m4``.

Builds the circuit's C with Debian's gcc-arm-none-eabi, runs it in qemu-system-arm (board mps2-an386) on a recorded run
of the emulation, and counts instructions with the board's own clock: qemu gives each instruction a fixed time. It
models no pipeline, so these are instructions, not cycles.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.exported import Recorded, Tick, record
from neuro_rtrrl.calibration import calibrate
from neuro_rtrrl.deploy import Sources, write_sources
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.word_lengths import word_lengths

__all__ = [
    "TOOLS",
    "Firmware",
    "Replayed",
    "build",
    "executed",
    "inputs_as_c",
    "main",
    "missing_tools",
    "replay",
]

TOOLS = ("arm-none-eabi-gcc", "arm-none-eabi-size", "qemu-system-arm")
FIRMWARE = Path(__file__).parent / "firmware"
CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
COUNTS_PER_INSTRUCTION = 1.6  # 64 ns of a clock of 25 MHz
BOARD = ("qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none")
SEMIHOSTING = ("-semihosting-config", "enable=on,target=native", "-kernel")
DECISIONS = 300
WORDS = "weight=9~,local_trace=16,eligibility_trace=16,membrane=16,activation=16,modulator=16,parameter=16"
ROOT = Path(__file__).parents[1]
CIRCUIT = ROOT / "circuits" / "memory_words.yaml"
DOCUMENT = ROOT / "docs" / "deploy.md"
BEGIN, END = "<!-- table: python -m benchmarks.cortex_m4 -->", "<!-- end of table -->"
CLASSES = {
    "multiplications": r"mul|mla|mls|smul|smla|smmul|umul|umla|smull|umull|vmul|vmla|vmls|vfma|vfms|vfnm|vnmul",
    "divisions and roots": r"[su]div|vdiv|vsqrt",
    "loads": r"ldr|ldm|vldr|vldm|pop|vpop",
    "stores": r"str|stm|vstr|vstm|push|vpush",
    "jumps": r"b(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|x|l|lx)?$|cb|tb",
    "comparisons and choices": r"cmp|cmn|it|tst|teq|(mov|mvn|neg|rsb)(lt|ge|gt|le|eq|ne)|vcmp|vmrs|clz|usat|ssat",
    "additions": r"add|adc|sub|sbc|rsb|neg|uxta|sxta|vadd|vsub|vneg",
    "shifts, masks and moves": r"",
}
"""What instructions do, by the beginning of their name; the first that matches."""


def missing_tools() -> list[str]:
    """Return what is not installed here."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


@dataclass(frozen=True)
class Firmware:
    """A program for the board.

    Attributes
    ----------
    path : Path
    code, constants : int
        Bytes of the tick's instructions, and of its tables; what only starts it (initial weights) among the tables.
    """

    path: Path
    code: int
    constants: int


@dataclass(frozen=True)
class Replayed:
    """What the board said.

    Attributes
    ----------
    state_bytes : int
    actions : array (decisions, slots)
    hashes : array (decisions,), uint32
        Of the state after each tick.
    instructions : array (decisions,)
        Of each tick.
    """

    state_bytes: int
    actions: np.ndarray
    hashes: np.ndarray
    instructions: np.ndarray


def build(sources: Sources, recorded: str, folder: Path, optimise: str = "-O2") -> Firmware:
    """Compile and link a tick with its recorded inputs.

    Parameters
    ----------
    sources : Sources
    recorded : str
        Text of ``recorded.h``, from :func:`inputs_as_c`.
    folder : Path
        New.
    """
    sources.write(folder)
    (folder / "recorded.h").write_text(recorded, encoding="utf-8")
    common = [*CORE, optimise, "-std=c99", "-ffunction-sections", "-fdata-sections", "-Wall", f"-I{folder}"]
    tick, program = folder / "tick.o", folder / "program.elf"
    _run("arm-none-eabi-gcc", *common, "-c", str(folder / "tick.c"), "-o", str(tick))
    rest = [str(FIRMWARE / "startup.c"), str(FIRMWARE / "replay.c")]
    link = ["-nostartfiles", "-T", str(FIRMWARE / "link.ld"), "-Wl,--gc-sections", "--specs=nosys.specs"]
    _run("arm-none-eabi-gcc", *common, "-std=gnu99", *rest, str(tick), *link, "-o", str(program), "-lm")
    sections = re.findall(r"^(\.\S+)\s+(\d+)", _run("arm-none-eabi-size", "-A", str(tick)), re.MULTILINE)
    size = {
        kind: sum(int(n) for name, n in sections if name.startswith(kind)) for kind in (".text", ".rodata")
    }
    return Firmware(program, size[".text"], size[".rodata"])


def replay(firmware: Firmware, slots: int) -> Replayed:
    """Run a program on the emulated board."""
    said = _run(*BOARD, "-icount", "shift=6", *SEMIHOSTING, str(firmware.path))
    head, overhead, *rows = said.split("\n")
    table = np.array([row.split() for row in rows if row], np.int64)
    instructions = np.rint((table[:, slots + 1] - int(overhead)) / COUNTS_PER_INSTRUCTION).astype(int)
    return Replayed(int(head), table[:, :slots], table[:, slots], instructions)


def inputs_as_c(tick: Tick, recorded: Recorded) -> tuple[str, np.ndarray]:
    """Return ``recorded.h`` and what the state of the same tick on this machine hashes to after each decision."""
    rows, hashes = [], []
    for _ in recorded.inputs(tick):
        rows.append(
            "  {" + ", ".join(_value(getattr(tick.input, name)) for name, _ in tick.input._fields_) + "},"
        )
        tick()
        hashes.append(tick.hash())
    text = "\n".join(["static const struct neuro_rtrrl_input recorded[] = {", *rows, "};", ""])
    return text, np.array(hashes, np.int64)


def executed(firmware: Firmware, log: Path) -> list[Counter[str]]:
    """Run a program instruction by instruction; return, for each tick, how often each instruction was executed.

    The log takes a hundred bytes for every instruction: a program of few ticks.
    """
    listing = _run("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(firmware.path))
    names = {int(at, 16): name for at, name in re.findall(r"^ +([0-9a-f]+):\s+(\S+)", listing, re.MULTILINE)}
    entry = re.search(r"^([0-9a-f]+) <neuro_rtrrl_tick>:", listing, re.MULTILINE)
    assert entry
    _run(*BOARD, "-singlestep", "-d", "exec,nochain", "-D", str(log), *SEMIHOSTING, str(firmware.path))
    found: list[Counter[str]] = []
    inside = False
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("Trace"):
                continue
            place, _, function = line.partition("[")[2].partition("] ")
            at = int(place.split("/")[1], 16)
            if at == int(entry[1], 16):
                found.append(Counter())
                inside = True
            elif function.strip() == "main":
                inside = False
            if inside:
                found[-1][names[at]] += 1
    return found


def classed(counts: Counter[str]) -> dict[str, int]:
    """Return how many instructions are of each class."""
    found = dict.fromkeys(CLASSES, 0)
    for name, count in counts.items():
        plain = name.removesuffix(".w").removesuffix(".n")
        found[next(kind for kind, pattern in CLASSES.items() if re.match(pattern, plain))] += count
    return found


# --- the table --------------------------------------------------------------------------------------------------------


def measure(folder: Path) -> dict[str, dict[str, Any]]:
    """Build and run the variants of the table; column → row → value."""
    circuit = load_circuit(CIRCUIT, ["record=[]"])
    point = calibrate(circuit, word_lengths(None, WORDS))
    recorded = record(circuit, point, DECISIONS)
    columns: dict[str, dict[str, Any]] = {}
    for title, words, optimise in (
        ("float32, `-O2`", None, "-O2"),
        ("words, `-O2`", point, "-O2"),
        ("words, `-Os`", point, "-Os"),
    ):
        name = title.replace("`", "").replace(", ", "")
        sources = write_sources(circuit, 0, words)
        text, hashes = inputs_as_c(Tick(sources, folder / f"host{name}"), recorded)
        firmware = build(sources, text, folder / name, optimise)
        played = replay(firmware, 1)
        if words is not None and not (
            np.array_equal(played.actions, recorded.action) and np.array_equal(played.hashes, hashes)
        ):
            raise RuntimeError(f"{title}: the board does not do what the emulation did")
        rows = text.split("\n")
        short = build(sources, "\n".join([*rows[:3], *rows[-2:]]), folder / f"short{name}", optimise)
        mix = classed(executed(short, folder / "log")[1])
        columns[title] = {
            "firmware": firmware,
            "played": played,
            "mix": mix,
            "sources": sources,
            "first": recorded.first,
        }
    return columns


def table(columns: dict[str, dict[str, Any]]) -> list[str]:
    """Return the lines of the table: measured, predicted by the ledger, and their ratio."""
    report = cost(load_circuit(CIRCUIT), "cortex_m4").as_dict()
    operations = {
        kind: sum(phase[kind] for phase in report["operations"].values())
        for kind in report["operations"]["forward"]
    }
    predicted = sum(operations.values())
    reads, writes = (sum(report[side].values()) for side in ("reads", "writes"))
    lines = [f"| {CIRCUIT.stem} | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]

    def row(title: str, value: Callable[[dict[str, Any]], Any]) -> None:
        texts = [value(column) for column in columns.values()]
        lines.append(f"| {title} | {' | '.join(f'{t:,}' if isinstance(t, int) else str(t) for t in texts)} |")

    def usual(column: dict[str, Any]) -> int:
        return int(np.median(column["played"].instructions[~column["first"]]))

    row("code, bytes", lambda c: c["firmware"].code)
    row("constants, bytes", lambda c: c["firmware"].constants)
    row("– of them tables of functions", lambda c: c["sources"].table_bytes)
    row("**state, bytes**", lambda c: c["played"].state_bytes)
    row("ledger: words that last, bits / 8", lambda c: _predicted_bytes(c["sources"], report))
    row("ratio", lambda c: f"{c['played'].state_bytes / _predicted_bytes(c['sources'], report):.2f}")
    row("**instructions a tick**", usual)
    row("– on the first of an episode", lambda c: int(np.median(c["played"].instructions[c["first"]])))
    row("ledger: operations", lambda c: predicted)
    row("ratio", lambda c: f"{usual(c) / predicted:.1f}")
    noted = {
        "multiplications": operations["multiply"] + operations["mac"],
        "additions": operations["add"] + operations["mac"],
    }
    noted |= {"loads": reads, "stores": writes}
    for kind in CLASSES:
        title = f"– {kind}" + (f" (ledger: {noted[kind]:,})" if kind in noted else "")
        row(title, lambda c, kind=kind: c["mix"][kind])
    return lines


def _predicted_bytes(sources: Sources, report: dict[str, Any]) -> int:
    """Return what the ledger says of what the struct holds: each word with its own bits."""
    held = {
        name: int(bits) for name, bits in re.findall(r"/\* (\S+): (\d+) bit, steps", sources.files["tick.h"])
    }
    if not held:
        names = re.findall(r"\[?\d*\]?;  /\* (\S+) \*/", sources.files["tick.h"])
        held = dict.fromkeys((name for name in names if "." in name), 32)
    return round(sum(report["memory_words"].get(name, 0) * bits for name, bits in held.items()) / 8)


def main() -> None:
    """Measure, and write the table into the document."""
    if missing := missing_tools():
        raise SystemExit(f"not installed here: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        lines = table(measure(Path(folder)))
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]), encoding="utf-8")
    print(*lines, sep="\n")


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "{" + ", ".join(map(str, list(value))) + "}"


def _run(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if ended.returncode != 0:
        raise RuntimeError(
            f"{command[0]} ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-2000:]}"
        )
    return ended.stdout or ended.stderr


if __name__ == "__main__":
    main()
