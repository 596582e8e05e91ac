"""Bring the browser's third-party files into crm/web/static/vendor, recorded and repeatable.

Without arguments: fetch the versions named in vendor.toml with `npm pack` (no package script runs, nothing is
installed), verify each archive against the registry's integrity, unpack what we asked for and record version,
licence and SHA-384 in vendor.json. With `--check`: offline; a changed, missing or unlisted file, or a version
other than vendor.toml's, is exit code 1.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WANTED = HERE / "vendor.toml"
FOLDER = HERE.parent / "crm" / "web" / "static" / "vendor"
RECORD = "vendor.json"
SPRITE = "icons.svg"


class VendorError(Exception):
    """A package is not what was asked for; the message names it."""


@dataclass(frozen=True)
class Wanted:
    npm: str
    version: str
    licence: str
    files: Mapping[str, str]
    """Path inside the package to name in our folder."""
    icons: tuple[str, ...] = ()


def digest(data: bytes, *, algorithm: str = "sha384") -> str:
    """Subresource Integrity notation: algorithm, hyphen, base64."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def read_wanted(path: Path = WANTED) -> dict[str, Wanted]:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        key: Wanted(
            npm=table["npm"],
            version=table["version"],
            licence=table["licence"],
            files=table.get("files", {}),
            icons=tuple(sorted(set(table.get("icons", "").split()))),
        )
        for key, table in tables.items()
    }


def fetch_archive(wanted: Wanted, into: Path) -> tuple[Path, str]:
    """The downloaded archive and its integrity; raises VendorError when the two disagree."""
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError("npm is needed to fetch; --check works without it")
    command = [
        npm,
        "pack",
        f"{wanted.npm}@{wanted.version}",
        "--json",
        "--ignore-scripts",
        "--pack-destination",
        str(into),
    ]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - names from our own file
    told = json.loads(answer.stdout)[0]
    archive = into / Path(told["filename"]).name
    if digest(archive.read_bytes(), algorithm="sha512") != told["integrity"]:
        raise VendorError(f"{wanted.npm}: the archive does not match its integrity")
    return archive, told["integrity"]


def member(archive: tarfile.TarFile, name: str) -> bytes:
    try:
        stream = archive.extractfile(f"package/{name}")
    except KeyError:
        stream = None
    if stream is None:
        raise VendorError(f"the package has no file {name}")
    return stream.read()


def make_sprite(archive: tarfile.TarFile, wanted: Wanted) -> bytes:
    symbols = []
    for name in wanted.icons:
        svg = member(archive, f"icons/{name}.svg").decode()
        drawing = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if drawing is None:
            raise VendorError(f"{name} is not a drawing")
        strokes = " ".join(drawing[1].split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{strokes}</symbol>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg"><!-- {wanted.npm} {wanted.version}, {wanted.licence} -->'
    return "\n".join([head, *symbols, "</svg>", ""]).encode()


def unpack(archive: Path, wanted: Wanted) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        files = {ours: member(opened, theirs) for theirs, ours in wanted.files.items()}
        if wanted.icons:
            files[SPRITE] = make_sprite(opened, wanted)
    return files


def entry(wanted: Wanted, integrity: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "npm": wanted.npm,
        "version": wanted.version,
        "licence": wanted.licence,
        "integrity": integrity,
        "files": {name: {"bytes": len(data), "sha384": digest(data)} for name, data in sorted(files.items())},
    }


def read_record(folder: Path) -> dict[str, Any]:
    record = folder / RECORD
    if not record.exists():
        return {}
    told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return told


def fetch(folder: Path = FOLDER) -> None:
    """Raises VendorError when a version we have now has other content: a published one never changes."""
    folder.mkdir(parents=True, exist_ok=True)
    before = read_record(folder)
    record: dict[str, Any] = {}
    for key, wanted in read_wanted().items():
        with tempfile.TemporaryDirectory() as scratch:
            archive, integrity = fetch_archive(wanted, Path(scratch))
            known = before.get(key)
            if known and known["version"] == wanted.version and known["integrity"] != integrity:
                raise VendorError(f"{key}: version {wanted.version} has other content than before")
            files = unpack(archive, wanted)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        record[key] = entry(wanted, integrity, files)
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def faults(folder: Path = FOLDER, wanted: Mapping[str, Wanted] | None = None) -> list[str]:
    """What is wrong with the committed files, in words; empty when nothing is."""
    wanted = read_wanted() if wanted is None else wanted
    record = read_record(folder)
    found = []
    listed = {RECORD}
    for key, package in record.items():
        for name, told in package["files"].items():
            listed.add(name)
            path = folder / name
            if not path.exists():
                found.append(f"{key}: {name} is missing")
            elif digest(path.read_bytes()) != told["sha384"]:
                found.append(f"{key}: {name} was changed")
    found += [f"{path.name} is not recorded" for path in sorted(folder.iterdir()) if path.name not in listed]
    for key, package in wanted.items():
        recorded = record.get(key, {}).get("version")
        if recorded != package.version:
            found.append(f"{key}: vendor.toml asks for {package.version}, recorded is {recorded}")
    found += [f"{key}: recorded but not in vendor.toml" for key in record if key not in wanted]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="offline: compare the committed files with vendor.json"
    )
    if not parser.parse_args().check:
        try:
            fetch()
        except VendorError as error:
            print(error, file=sys.stderr)
            return 1
    found = faults()
    print("\n".join(found) or "vendor: every file is the one recorded")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
