"""The files of imports under `var/uploads`: personal data, for the program's user only, kept briefly."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

from crm.kernel.ids import new_public_id
from crm.prospects.imports import Upload
from crm.prospects.reading.faults import FileFault, FileFaultCode

FOLDER: Final = "uploads"
_CHUNK: Final = 1 << 20  # bytes


def folder_of(var: Path) -> Path:
    """Where uploads are; made with mode 0700 when it is not there yet."""
    folder = var / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(folder: Path, source: BinaryIO, *, file_name: str, most_bytes: int | None = None) -> Upload:
    """Copy a file into the folder under a name of our own; it is on the disk when this returns.

    Raises:
        FileFault: it is larger than `most_bytes`.
        OSError: the disk is full. Nothing is left behind then.
    """
    stored_as = f"{new_public_id()}.upload"
    path = folder / stored_as
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            digest = _copy(source, target, most_bytes)
            target.flush()
            os.fsync(target.fileno())
    except (OSError, FileFault):
        path.unlink(missing_ok=True)
        raise
    return Upload(Path(file_name).name[:200] or "file", digest, stored_as)


def _copy(source: BinaryIO, target: BinaryIO, most_bytes: int | None) -> str:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if most_bytes is not None and size > most_bytes:
            raise FileFault(
                FileFaultCode.TOO_LARGE,
                f"The file is larger than {most_bytes // 1024**2} MB. Split it, or use the command line.",
            )
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def path_of(folder: Path, stored_as: str) -> Path:
    """The file as it was uploaded; gone once its import is over."""
    return folder / stored_as


def broken_path(folder: Path, stored_as: str) -> Path:
    """The rows that could not be understood, to be mended and imported again."""
    return folder / f"{stored_as.removesuffix('.upload')}.broken.csv"


def forecast_path(folder: Path, stored_as: str) -> Path:
    """What an import of it would do with each row, where somebody asked."""
    return folder / f"{stored_as.removesuffix('.upload')}.forecast"


def forget(folder: Path, stored_as: str, *, broken_rows: bool) -> None:
    """Remove an upload, and with `broken_rows` the file made from it."""
    path_of(folder, stored_as).unlink(missing_ok=True)
    forecast_path(folder, stored_as).unlink(missing_ok=True)
    if broken_rows:
        broken_path(folder, stored_as).unlink(missing_ok=True)


def strangers(folder: Path, known: Iterable[str]) -> list[Path]:
    """Files that belong to no import: left behind by a crash between copying and registering."""
    ours = {
        name
        for stored in known
        for name in (stored, broken_path(folder, stored).name, forecast_path(folder, stored).name)
    }
    return [path for path in folder.iterdir() if path.name not in ours]
