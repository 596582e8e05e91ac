"""Fuzz what reads bytes from outside, guided by coverage (T12): `scripts/fuzz.py NAME [--seconds 60]`.

Wants atheris (`.venv/bin/python -m pip install atheris`), which nothing else here needs. An input that is not
answered, or takes over a second, ends it and is kept in a file that it names. Without a NAME it takes each
in turn.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MEGABYTES = 1_024
"""Of memory at most; the program itself takes a third of it."""


def main() -> int:
    """0 when nothing was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="one reader; each in turn when left out")
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415 - not among what the program is installed with
    except ImportError:
        sys.exit("atheris is not installed: .venv/bin/python -m pip install atheris")
    with atheris.instrument_imports(include=["crm"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - instrumented
    if chosen.name is None:
        return max(_alone(name, chosen.seconds) for name in TARGETS)
    if chosen.name not in TARGETS:
        parser.error(f"there is no reader {chosen.name}: {', '.join(TARGETS)}")
    target = TARGETS[chosen.name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={chosen.seconds}", "-timeout=1", f"-rss_limit_mb={MEGABYTES}"]
        atheris.Setup([sys.argv[0], corpus, *limits, "-print_final_stats=1"], target)
        atheris.Fuzz()
    return 0


def _alone(name: str, seconds: int) -> int:
    """In a process of its own: it ends with what it has found."""
    print(f"== {name}", flush=True)
    again = [sys.executable, __file__, name, "--seconds", str(seconds)]
    return subprocess.run(again, check=False).returncode  # noqa: S603 - our own script


if __name__ == "__main__":
    sys.exit(main())
