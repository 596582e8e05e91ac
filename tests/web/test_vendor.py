"""What the browser gets from others is exactly what was fetched and recorded."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import vendor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(vendor.FOLDER, tmp_path / "vendor"))


def test_the_committed_files_are_the_recorded_ones() -> None:
    assert vendor.faults() == []


def test_a_changed_file_is_told(folder: Path) -> None:
    (folder / "htmx.min.js").write_bytes((folder / "htmx.min.js").read_bytes() + b" ")
    assert vendor.faults(folder) == ["htmx: htmx.min.js was changed"]


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "inter-latin.woff2").unlink()
    assert vendor.faults(folder) == ["inter: inter-latin.woff2 is missing"]


def test_a_file_that_nobody_recorded_is_told(folder: Path) -> None:
    (folder / "extra.js").write_text("", encoding="utf-8")
    assert vendor.faults(folder) == ["extra.js is not recorded"]


def test_another_version_than_the_wanted_one_is_told(folder: Path) -> None:
    wanted = vendor.read_wanted()
    wanted["htmx"] = replace(wanted["htmx"], version="9.9.9")
    assert vendor.faults(folder, wanted) == ["htmx: vendor.toml asks for 9.9.9, recorded is 4.0.1"]


def test_a_recorded_package_that_is_no_longer_wanted_is_told(folder: Path) -> None:
    wanted = vendor.read_wanted()
    del wanted["htmx"]
    assert vendor.faults(folder, wanted) == ["htmx: recorded but not in vendor.toml"]


def test_the_sprite_holds_exactly_the_icons_that_were_asked_for() -> None:
    sprite = (vendor.FOLDER / vendor.SPRITE).read_text(encoding="utf-8")
    assert tuple(re.findall(r'<symbol id="([^"]+)"', sprite)) == vendor.read_wanted()["lucide"].icons


def test_every_package_brings_its_licence() -> None:
    record = json.loads((vendor.FOLDER / vendor.RECORD).read_text(encoding="utf-8"))
    for key, package in record.items():
        assert package["licence"]
        assert f"{key}.LICENSE.txt" in package["files"]
