"""Reading variables of the environment, with every problem remembered."""

import enum
from collections.abc import Callable, Mapping
from typing import TypeVar

from crm.kernel.text import whole_number

T = TypeVar("T")
E = TypeVar("E", bound=enum.StrEnum)


class Reader:
    """Reads variables and remembers what was wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def get(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def need(self, name: str) -> str:
        value = self.get(name, "")
        if not value:
            self.problems.append(f"{name} is not set.")
        return value

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(self.get(name, "").replace(",", " ").split())

    def parsed(self, name: str, parse: Callable[[str], T], *, default: str) -> T | None:
        try:
            return parse(self.get(name, default))
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return None

    def choice(self, name: str, kind: type[E], *, default: str) -> E | None:
        try:
            return kind(self.get(name, default))
        except ValueError:
            self.problems.append(f"{name}: one of {', '.join(one.value for one in kind)}.")
            return None

    def flag(self, name: str) -> bool:
        value = self.get(name, "no").lower()
        if value not in {"yes", "no", "true", "false", "1", "0"}:
            self.problems.append(f"{name}: say yes or no.")
        return value in {"yes", "true", "1"}


def between(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number, at least and at most so much."""

    def read(text: str) -> int:
        number = whole_number(text)
        if number is None or not least <= number <= most:
            raise ValueError(f"a whole number, {least} to {most}.")
        return number

    return read
