"""How a fault is put into the program for one run, and what is expected of the judge."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from crm.permission import decide
from crm.permission.case import Check
from tests.simulation.installation import Installation
from tests.simulation.turns import CALM, Weather

Put = Callable[[Installation], AbstractContextManager[None]]


@dataclass(frozen=True)
class Plant:
    """One fault: what is taken out, which check must see it, and in which weather it shows soon."""

    invariant: str
    check: str
    put: Put
    weather: Weather = CALM


@contextmanager
def replaced(*changes: tuple[Any, str, object]) -> Iterator[None]:
    """Replace parts of modules and classes for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


@contextmanager
def put(*changes: tuple[Any, str, object]) -> Iterator[None]:
    """The same for a fault: an address read under it would otherwise be known by a wrong name for ever."""
    try:
        with replaced(*changes):
            _forget()
            yield
    finally:
        _forget()


_CACHED = type(lru_cache(lambda: None))


def _forget() -> None:
    """Empty every cache of the program."""
    for name, module in list(sys.modules.items()):
        if name.startswith("crm."):
            for one in list(vars(module).values()):
                if (
                    type(one) is _CACHED
                ):  # asking a proxy of Flask's for anything is an error outside a request
                    one.cache_clear()


def swap(*changes: tuple[ModuleType | type, str, object]) -> Put:
    return lambda _made: put(*changes)


def nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def without(*checks: Check) -> Put:
    """The gate no longer asks something."""
    kept = {kind: tuple(one for one in asked if one not in checks) for kind, asked in decide.CHECKS.items()}
    return swap((decide, "CHECKS", kept))


def both(*puts: Put) -> Put:
    @contextmanager
    def put_all(made: Installation) -> Iterator[None]:
        with ExitStack() as stack:
            for one in puts:
                stack.enter_context(one(made))
            yield

    return put_all
