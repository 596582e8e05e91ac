"""What stands in a log line, and what never does."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import logging
from crm.kernel.logs import configure
configure()
log = logging.getLogger("crm.somewhere")
{}
"""


def line_of(statement: str) -> dict[str, Any]:
    """What a process of its own writes: the log of this one belongs to pytest."""
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PROGRAM.format(statement)], capture_output=True, text=True, check=True
    )
    [line] = ran.stderr.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_an_object_with_its_ids_and_codes() -> None:
    line = line_of('log.info("lead tried", extra={"lead": 7, "answer": "accepted"})')
    assert (line["event"], line["lead"], line["answer"], line["level"]) == (
        "lead tried",
        7,
        "accepted",
        "info",
    )
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("value", ["'ann@winkel.example'", "['ann@winkel.example']", "{'to': 'a@b.example'}"])
def test_an_address_never_stands_in_it_however_it_got_there(value: str) -> None:
    assert line_of(f'log.info("sent", extra={{"what": {value}}})')["what"] == "[removed]"


def test_a_value_is_short_and_on_one_line() -> None:
    assert line_of('log.info("sent", extra={"what": "a\\nb " + "x" * 999})')["what"] == "a b " + "x" * 196


def test_an_error_is_told_by_its_class_and_place_and_never_by_its_words() -> None:
    line = line_of(
        "try:\n    raise ValueError('ann@winkel.example')\nexcept ValueError:\n    log.exception('it failed')"
    )
    assert line["exception"].startswith("ValueError at ")
    assert "winkel" not in json.dumps(line)
