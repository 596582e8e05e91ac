"""How many inbound mails are read and classified a second, in one process.

usage: replies.py [SECONDS]

Every mail of the labelled corpus in turn, as bytes, until the time is up; the second column is the reading
alone (the library's parser, parts, quotes), so that the difference is what the rules cost. No database: with
one, each mail is a transaction of its own beside this.
"""

import itertools
import sys
import time
from collections.abc import Callable, Sequence

from crm.replies.classify import classify
from crm.replies.reading import ReadMail, read
from scripts.replies_corpus import HALVES, Sample, samples
from scripts.replies_table import letters

SECONDS = 5.0


def rate(mails: Sequence[Sample], act: Callable[[bytes], object], seconds: float) -> float:
    """Mails a second of this process's own time, whatever else the machine does."""
    began = time.process_time()
    for done, mail in enumerate(itertools.cycle(mails), start=1):
        act(mail.raw)
        passed = time.process_time() - began
        if passed >= seconds:
            return done / passed
    return 0.0


def both(raw: bytes) -> ReadMail:
    """Read and classify."""
    mail = read(raw)
    classify(mail)
    return mail


def main(seconds: float) -> None:
    """Print the figures: all mails, then bounces and answers apart."""
    every = [*letters(), *(sample for half in HALVES for sample in samples(half))]
    kinds = {
        "all": every,
        "bounces": [one for one in every if one.kind == "bounce"],
        "answers": [one for one in every if one.kind != "bounce"],
    }
    rate(every, both, 1.0)
    size = sum(len(one.raw) for one in every) / len(every) / 1024
    print(f"{len(every)} mails of {size:.1f} KiB on average, {seconds:.0f} s each")
    print(f"{'':>10} {'classified/s':>14} {'read only/s':>14}")
    for name, mails in kinds.items():
        print(f"{name:>10} {rate(mails, both, seconds):>14.0f} {rate(mails, read, seconds):>14.0f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
