"""Print how the labelled mails are judged: what each is (rows) against what was said (columns), and figures.

usage: replies_table.py [tuning | heldout | letters]...

`letters` are the single files of the corpus; with the two halves they are everything there is. A mail that
was judged otherwise is named; the rule that spoke stands beside it.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from crm.replies.classify import classify
from crm.replies.reading import read
from crm.replies.verdicts import MailKind, Verdict
from scripts.replies_corpus import CORPUS, HALVES, Sample, samples

LETTERS: Final = "letters"
SAFE: Final = frozenset({MailKind.OPT_OUT, MailKind.RIGHTS, MailKind.UNCLEAR})
NOES: Final = frozenset({"opt_out", "rights"})


@dataclass
class Figures:
    """What the table comes down to."""

    mails: int = 0
    bounces: int = 0
    bounces_agreed: int = 0
    noes: int = 0
    missed: int = 0
    """Said no, and neither stopped nor paused."""

    others: int = 0
    false_stops: int = 0
    absences: int = 0
    absences_as_replies: int = 0
    days: int = 0
    days_right: int = 0
    table: Counter[tuple[str, str]] = field(default_factory=Counter)
    otherwise: list[str] = field(default_factory=list)

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Count one mail."""
        self.mails += 1
        self.table[sample.kind, verdict.kind] += 1
        agrees = verdict.kind == sample.kind
        if sample.kind == "bounce":
            agrees = agrees and verdict.hardness == sample.hardness
            self.bounces += 1
            self.bounces_agreed += agrees
        elif sample.kind in NOES:
            self.noes += 1
            self.missed += verdict.kind not in SAFE
        else:
            self.others += 1
            self.false_stops += verdict.kind in NOES
        if sample.sub == "out_of_office" and sample.kind == "automatic":
            self.absences += 1
            self.absences_as_replies += verdict.kind in {MailKind.PERSON, *NOES}
        if sample.until:
            self.days += 1
            self.days_right += str(verdict.until).lower() == sample.until
        if not agrees:
            found = f"{verdict.kind}.{verdict.sub} {verdict.hardness} {' '.join(verdict.evidence)}"
            self.otherwise.append(f"{sample.name} {sample.hardness}: {found}")

    def lines(self) -> list[str]:
        """The figures as they are printed."""
        agreed = f"{self.bounces_agreed} of {self.bounces} ({share(self.bounces_agreed, self.bounces):.1%})"
        days = f"day of return right {self.days_right} of {self.days}"
        return [
            f"bounces: hard, soft, block, ours, content agreed {agreed}",
            f"no or a request about data: {self.noes}, missed (neither stopped nor paused) {self.missed}",
            f"false stops: {self.false_stops} of {self.others} ({share(self.false_stops, self.others):.1%})",
            f"absences taken for an answer: {self.absences_as_replies} of {self.absences}; {days}",
        ]


def share(part: int, whole: int) -> float:
    """A part of a whole; 0 of nothing."""
    return part / whole if whole else 0.0


def letters() -> list[Sample]:
    """The single files; a mail's label is its file name up to the second full stop."""
    found = []
    for path in sorted(CORPUS.glob("*.eml")):
        kind, sub, more = path.name.split(".")[:3]
        hardness = more if kind == "bounce" else ""
        found.append(Sample(path.stem, kind, sub, path.read_bytes(), hardness))
    return found


def judged(half: str) -> Figures:
    """Judge every mail of one part of the corpus."""
    figures = Figures()
    for sample in letters() if half == LETTERS else samples(half):
        figures.add(sample, classify(read(sample.raw)))
    return figures


def main(parts: Sequence[str]) -> None:
    """Print each part's table and figures."""
    kinds = [kind.value for kind in MailKind]
    for part in parts:
        figures = judged(part)
        print(f"\n{part}: {figures.mails} mails")
        print(" ".join(f"{name:>10}" for name in ("", *kinds)))
        for row in kinds:
            print(
                " ".join(f"{cell:>10}" for cell in (row, *(figures.table[row, one] or "." for one in kinds)))
            )
        print("\n".join(figures.lines()))
        print("\n".join(f"  {line}" for line in figures.otherwise))


if __name__ == "__main__":
    main(sys.argv[1:] or [LETTERS, *HALVES])
