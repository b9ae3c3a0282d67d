"""Entry point: runs a command and turns every failure into a message and an exit code, never a traceback.

Exit codes: 0 done · 1 the run or its results failed, or the backends disagree · 2 the file or the arguments
cannot be used · 130 interrupted with Ctrl-C or a polite kill (what was recorded is kept).
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from neuro_rtrrl.cli.output import forget_stdout, notice, print_error
from neuro_rtrrl.cli.start_up import quick_start
from neuro_rtrrl.errors import NeuroRtrrlError, Problem

__all__ = ["INTERRUPTED", "main"]

INTERRUPTED = 130
DEBUG = "NEURO_RTRRL_DEBUG"  # set it to see the traceback of a defect


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    with warnings.catch_warnings(), quick_start():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # of libraries: nothing that a user could mend
        with suppress(AttributeError, ValueError, OSError):
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  a terminal may lack a character
        code = _run(arguments, "--json" in arguments)
    sys.exit(code)


def _run(arguments: list[str], json: bool) -> int:
    with _interrupts() as received:
        try:
            from neuro_rtrrl.cli.app import app  # here, so that Ctrl-C is heard from the start

            code = app(args=arguments, standalone_mode=False)
            if code == INTERRUPTED and received:  # the parser of the command line caught it, and says nothing
                raise KeyboardInterrupt
            if sys.stdout is not None:
                sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except NeuroRtrrlError as error:
            print_error(error.problems, json)
            return error.exit_code
        except BrokenPipeError:  # `neuro-rtrrl cost … | head`
            forget_stdout()
            return 0
        except KeyboardInterrupt:
            print_error([Problem(_interruption(received))], json)
            return INTERRUPTED
        except SystemExit as exit_request:
            if isinstance(
                exit_request.__context__, BrokenPipeError
            ):  # met first by the parser, which gives 1
                forget_stdout()
                return 0
            return (
                exit_request.code
                if isinstance(exit_request.code, int)
                else int(exit_request.code is not None)
            )
        except Exception as error:
            if received:  # a library made something else of the interruption
                print_error([Problem(_interruption(received))], json)
                return INTERRUPTED
            return _other(error, json)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Let SIGTERM end a command as Ctrl-C does; yields the signals that arrived.

    What is raised while Python collects garbage is printed and lost: such an interruption is sent again.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def receive(signum: int, frame: object) -> None:
        received.append(signum)
        raise KeyboardInterrupt

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is not KeyboardInterrupt or not received:
            complain(unraisable)
            return
        again = threading.Timer(0.05, os.kill, (os.getpid(), received.pop()))
        again.daemon = True
        again.start()

    complain, sys.unraisablehook = sys.unraisablehook, lost
    before = {signum: signal.signal(signum, receive) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        sys.unraisablehook = complain
        for signum, handler in before.items():
            signal.signal(signum, handler if handler is not None else signal.SIG_DFL)


def _interruption(received: list[int]) -> str:
    return "terminated" if signal.SIGTERM in received else "interrupted"


def _other(error: Exception, json: bool) -> int:
    """Report what is no error of ours: a wrong option, a full disk, or a bug, with its traceback in a file."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        return _usage(error, json)
    if type(error).__name__ == "Abort":  # click's word for Ctrl-C
        print_error([Problem("interrupted")], json)
        return INTERRUPTED
    if isinstance(error, MemoryError):
        print_error(
            [Problem("there is not enough memory for this", hint="a smaller circuit, or a shorter run")], json
        )
        return 1
    if isinstance(error, OSError) and error.strerror:
        forget_stdout()
        place = f" ({error.filename})" if error.filename else " (standard output)"
        print_error([Problem(f"could not be written or read: {error.strerror.lower()}{place}")], False)
        return 1
    message = f"something went wrong inside neuro-rtrrl: {type(error).__name__}: {str(error)[:300]}"
    print_error([Problem(message, hint=f"this is a defect: please report it{_log()}")], json)
    return 1


def _usage(error, json: bool) -> int:
    """Show a mistake in the arguments in our form."""
    if type(error).__name__ == "NoArgsIsHelpError":  # no mistake: the help itself
        notice(error.format_message())
        return int(error.exit_code)
    context = getattr(error, "ctx", None)
    hint = f"see '{context.command_path} --help'" if context else "see 'neuro-rtrrl --help'"
    message = (
        error.format_message()
        .rstrip(".")
        .replace("Value error, ", "")
        .replace(": Input should", ": it should")
        .replace("integer, unable to parse string as an integer", "integer, such as 100000 or 100_000")
    )
    message = re.sub(
        r"Choose from:\s+(.*)", lambda found: "Choose from " + " ".join(found[1].split()), message, flags=re.S
    )
    print_error([Problem(message, hint=hint)], json)
    return int(error.exit_code)


def _log() -> str:
    """Keep the traceback of the current exception; return how to go on from there."""
    if os.environ.get(DEBUG):
        notice(traceback.format_exc())
        return ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="neuro-rtrrl-", suffix=".log", delete=False, encoding="utf-8", errors="replace"
        ) as log:
            traceback.print_exc(file=log)
    except OSError:
        return f" with what {DEBUG}=1 shows"
    return f" with the file {log.name}"
