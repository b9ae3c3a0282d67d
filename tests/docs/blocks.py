"""What a page shows, run as a reader would: files written, commands and Python typed, output compared."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from neuro_rtrrl.cli.main import main
from neuro_rtrrl.models.registry import models, offered

__all__ = ["REPOSITORY", "Block", "Session", "blocks", "merged", "page", "run"]

REPOSITORY = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WHOLE_FILE = re.compile(r"# ([\w/]+\.(?:yaml|py|toml))(?: .*)?\n")
_PART_OF_FILE = re.compile(r"# in (\w+\.yaml)(?:: .*)?\n")

# Small budgets: what is tested is that the page is true, not that the circuit learns.
_PYTHON = (
    ("decisions=200_000", "decisions=300"),
    ('duration="30 s"', 'duration="1 s"'),
    ("seeds=8", "seeds=2"),
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; ``line`` is where its fence stands."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def page(name: str) -> str:
    """Return the text of a page of the repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")


def blocks(name: str) -> tuple[Block, ...]:
    """Return all fenced blocks of a page, in order."""
    text = page(name)
    return tuple(
        Block(name, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for match in _FENCE.finditer(text)
    )


@dataclass
class Session:
    """A reader who follows one page from top to bottom in one folder.

    A block that begins with ``# name.yaml`` is written to that file, one with ``# in name.yaml`` is added to
    it. A ``text`` block is what the block before it printed, with ``…`` for lines left out.
    """

    folder: Path
    pages: tuple[Block, ...]
    done: int = 0
    output: str = ""
    namespace: dict = field(default_factory=lambda: {"__name__": "__page__"})

    def follow(self, block: Block) -> None:
        """Run the page up to and including ``block``, from where it was left."""
        end = self.pages.index(block) + 1
        while self.done < end:
            current, self.done = self.pages[self.done], self.done + 1
            self._run(current)

    def _run(self, block: Block) -> None:
        if match := _PART_OF_FILE.match(block.text):
            self._add(self.folder / match[1], yaml.safe_load(block.text))
        elif match := _WHOLE_FILE.match(block.text):
            self._write(match[1], block.text)
        elif block.language == "python":
            self.output = self._python(block)
        elif block.language == "sh":
            self.output = "".join(self._command(line) for line in _commands(block.text))
        elif block.language == "text":
            assert shows(self.output, block.text), f"{block} is not what was printed:\n{self.output}"

    def _write(self, name: str, text: str) -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if name == "pyproject.toml":
            _install(self.folder, tomllib.loads(text))
            models.cache_clear()
            offered.cache_clear()

    def _add(self, target: Path, part: dict) -> None:
        whole = yaml.safe_load(target.read_text(encoding="utf-8"))
        target.write_text(yaml.safe_dump(merged(whole, part), sort_keys=False), encoding="utf-8")

    def _python(self, block: Block) -> str:
        text = block.text
        for shown, small in _PYTHON:
            text = text.replace(shown, small)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, str(block), "exec"), self.namespace)
        return printed.getvalue()

    def _command(self, line: str) -> str:
        words = shlex.split(line, comments=True)
        if words == ["pip", "install", "-e", "."]:
            assert (self.folder / "pyproject.toml").exists()
            return ""  # done when the file was written
        assert words[0] == "neuro-rtrrl", f"no test runs '{line}'"
        code, output = run([*words[1:], *budget(words)])
        if "--json" in words:
            json.loads(output)  # one document and nothing else
        assert code == 0, f"'{line}' ended with exit code {code}:\n{output}"
        return output


def run(arguments: list[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it printed."""
    printed, said, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, printed.getvalue() if code == 0 or printed.getvalue() else said.getvalue()


def budget(words: list[str]) -> list[str]:
    """Return options that make a command small; of an option given twice, the last one counts."""
    if words[1] == "parity":
        return ["--decisions", "20"]
    if words[1] != "simulate":
        return []
    if "brian2" in words:
        return ["--decisions", "20"]
    return ["--decisions", "200", "--seeds", "2" if "--seeds" in words else "1"]


def shows(output: str, expected: str) -> bool:
    """Whether the expected lines are the output's, where a line ``…`` stands for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, output if output.endswith("\n") else output + "\n") is not None


def _commands(text: str) -> list[str]:
    return [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]


def merged(whole: dict, part: dict) -> dict:
    """Return ``whole`` with the keys of ``part``, as one adds a few lines to a section of a file."""
    result = dict(whole)
    for key, value in part.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def _install(folder: Path, project: dict) -> None:
    """Leave what ``pip install -e .`` leaves: the package's metadata, on the path."""
    name, version = project["project"]["name"].replace("-", "_"), project["project"]["version"]
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, entries in project["project"]["entry-points"].items():
        lines += [f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    os.environ.setdefault("COLUMNS", "120")
