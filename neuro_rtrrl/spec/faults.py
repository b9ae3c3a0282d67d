"""How a validator says what is wrong: in plain words, with a hint, and possibly several things at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import PydanticCustomError

__all__ = ["FAULT", "Fault", "Refused", "refuse", "shown"]

FAULT = "circuit_fault"


@dataclass(frozen=True)
class Fault:
    """A problem inside one value, before its place in the file is known.

    Attributes
    ----------
    message : str
    at : tuple of str and int
        Path below the value that is being validated.
    found, hint : str
    available : tuple of str
    key : bool
        The problem is with the key in front of the value.
    """

    message: str
    at: tuple[str | int, ...] = ()
    found: str = ""
    available: tuple[str, ...] = ()
    hint: str = ""
    key: bool = False

    def below(self, *path: str | int) -> Fault:
        """Return the same fault seen from the value that holds this one."""
        return replace(self, at=(*path, *self.at))


class Refused(Exception):  # noqa: N818  (it never leaves this package)
    """Carries faults between our own functions, outside of pydantic."""

    def __init__(self, *faults: Fault):
        self.faults = faults
        super().__init__(*(fault.message for fault in faults))


def refuse(*faults: Fault) -> PydanticCustomError:
    """Return the exception with which a pydantic validator reports ``faults``."""
    return PydanticCustomError(FAULT, "refused", {"faults": faults})


def shown(value: Any) -> str:
    """Return a value as a user would write it, on one line and cut to a readable length."""
    if isinstance(value, str):
        text = value if value.isprintable() else repr(value)
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {shown(item)}" for key, item in list(value.items())[:8]) + "}"
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(shown(item) for item in list(value)[:8]) + "]"
    elif value is None:
        text = "nothing"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
