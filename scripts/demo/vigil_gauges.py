"""What the vigil measures from outside: memory and open files of processes, the log beside the database."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from crm.kernel.clock import monotonic

SLOPE: Final = 1024
"""Kibibytes in ten minutes by which a process may grow once it is warm."""

GROWTH: Final = 24 * 1024
"""Kibibytes by which it may grow in a run too short to tell a slope."""

TELLS: Final = 1800.0
"""Seconds after which a slope says something."""

WARM: Final = 1 / 3
"""Of the time: until then caches fill, and what is loaded at its first use is loaded."""

MORE_FILES: Final = 9
"""Beyond what was usual: three connections more, each with the database, its log and that one's index."""

KEPT: Final = "vigil.jsonl"
"""Every look, one line each, in the folder of the database."""

WAL: Final = 64 * 1024 * 1024  # bytes


class Sample(NamedTuple):
    """One look."""

    at: float
    resident: int
    """Kibibytes."""

    files: int


@dataclass
class Gauges:
    """Everything that was read off."""

    wal: Path
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    longest_wal: int = 0

    def look(self, name: str, process: int) -> None:
        """At a process that may have ended meanwhile; and at the log."""
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
            files = len(list(Path(f"/proc/{process}/fd").iterdir()))
            sample = Sample(monotonic(), resident, files)
            self.samples[name].append(sample)
            with self.wal.with_name(KEPT).open("a") as kept:
                kept.write(json.dumps({"process": name, **sample._asdict()}) + "\n")
        with suppress(FileNotFoundError):
            self.longest_wal = max(self.longest_wal, self.wal.stat().st_size)

    def faults(self) -> Iterator[str]:
        """What is more than it should be."""
        if self.longest_wal > WAL:
            yield f"the write-ahead log had {self.longest_wal} bytes"
        for name, samples in self.samples.items():
            warm = self.warm(name)
            if len(warm) < 3:
                yield f"{name} was not looked at"
                continue
            if warm[-1].at - warm[0].at >= TELLS:
                if slope(warm) > SLOPE:
                    yield f"{name} grows by {slope(warm):.0f} KiB in ten minutes"
            elif warm[-1].resident - warm[0].resident > GROWTH:
                yield f"{name} grew from {warm[0].resident} to {warm[-1].resident} KiB"
            usual = statistics.median(one.files for one in samples[: len(samples) - len(warm)] or warm)
            late = statistics.median(one.files for one in warm[-max(len(warm) // 3, 1) :])
            if late > usual + MORE_FILES:
                yield f"{name} has {late} files open, and had {usual}"

    def warm(self, name: str) -> Sequence[Sample]:
        """What was seen after the first third."""
        samples = self.samples[name]
        since = samples[0].at + WARM * (samples[-1].at - samples[0].at)
        return [one for one in samples if one.at >= since]

    def lines(self) -> Iterator[tuple[str, str]]:
        """For the report."""
        yield "longest log, bytes", str(self.longest_wal)
        for name, samples in self.samples.items():
            warm, files = self.warm(name), [one.files for one in samples]
            grown = f"{samples[0].resident} to {samples[-1].resident} KiB, warm {warm[0].resident}"
            yield name, f"{grown}, {slope(warm):+.0f} in ten minutes, {min(files)} to {max(files)} files"


def slope(samples: Sequence[Sample]) -> float:
    """Kibibytes in ten minutes, by least squares."""
    if len({one.at for one in samples}) < 2:
        return 0.0
    line = statistics.linear_regression([one.at for one in samples], [one.resident for one in samples])
    return 600 * line.slope
