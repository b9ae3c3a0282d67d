"""How the tests of what users are told run the command line."""

from __future__ import annotations

import pytest

from neuro_rtrrl.cli import main


@pytest.fixture
def run(capsys):
    """Return a function that runs the command line in this process: (exit code, standard output, standard error)."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return ended.value.code, out, err

    return command


@pytest.fixture
def run_elsewhere(run, tmp_path, monkeypatch):
    """As ``run``, in an empty folder; nothing that is told may call itself a defect of ours."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code, out, err = run(*arguments)
        assert "defect" not in out + err
        return code, out, err

    return command
