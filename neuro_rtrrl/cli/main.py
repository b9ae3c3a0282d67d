"""Entry point: runs a command and turns every failure into a message and an exit code, never a traceback.

Exit codes: 0 done · 1 the run or its results failed, or the backends disagree · 2 the file or the arguments cannot be
used · 130 interrupted with Ctrl-C (what was recorded is kept).
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback

from neuro_rtrrl.cli.app import app
from neuro_rtrrl.cli.output import print_error
from neuro_rtrrl.errors import NeuroRtrrlError, Problem

__all__ = ["main"]

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    json = "--json" in arguments
    code = 0
    try:
        code = app(args=arguments, standalone_mode=False) or 0
    except NeuroRtrrlError as error:
        print_error(error.problems, json)
        code = error.exit_code
    except KeyboardInterrupt:
        print_error([Problem("interrupted before anything was recorded")], json)
        code = INTERRUPTED
    except BrokenPipeError:  # `neuro-rtrrl cost … | head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as exit_request:
        code = exit_request.code if isinstance(exit_request.code, int) else 1
    except Exception as error:
        code = _other(error, json)
    sys.exit(code if isinstance(code, int) else 0)


def _other(error: Exception, json: bool) -> int:
    """Report what is no error of ours: a wrong option (click's message), or a bug, with its traceback in a file."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        hint = f"see '{context.command_path} --help'" if context else "see 'neuro-rtrrl --help'"
        print_error([Problem(error.format_message().rstrip("."), hint=hint)], json)  # type: ignore[attr-defined]
        return int(error.exit_code)  # type: ignore[attr-defined]
    if type(error).__name__ == "Abort":  # click's word for Ctrl-C
        print_error([Problem("interrupted")], json)
        return INTERRUPTED
    if os.environ.get("NEURO_RTRRL_DEBUG"):
        traceback.print_exc()
        return 1
    with tempfile.NamedTemporaryFile("w", prefix="neuro-rtrrl-", suffix=".log", delete=False) as log:
        traceback.print_exc(file=log)
    message = f"something went wrong inside neuro-rtrrl: {type(error).__name__}: {str(error)[:300]}"
    hint = f"this is a defect: please report it with the file {log.name}"
    print_error([Problem(message, hint=hint)], json)
    return 1
