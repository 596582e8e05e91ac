"""Print how a folder of labelled mails is judged: what each is (rows) against what was said (columns).

usage: replies_table.py [FOLDER]

A mail's label is its file name up to the second full stop: `opt_out.declined.nl.no_thanks.eml`.
"""

import sys
from collections import Counter
from pathlib import Path

from crm.replies.classify import classify
from crm.replies.reading import read
from crm.replies.verdicts import MailKind

CORPUS = Path(__file__).parents[1] / "tests" / "replies" / "corpus"


def main(folder: Path) -> int:
    """Print the table and every mail that was judged otherwise; return how many those are."""
    table: Counter[tuple[str, str]] = Counter()
    wrong = []
    for path in sorted(folder.glob("*.eml")):
        kind, sub = path.name.split(".")[:2]
        verdict = classify(read(path.read_bytes()))
        table[kind, verdict.kind] += 1
        if (kind, sub) != (verdict.kind, verdict.sub):
            wrong.append(f"{path.name}: {verdict.kind}.{verdict.sub} {' '.join(verdict.evidence)}")
    kinds = [kind.value for kind in MailKind]
    print(" ".join(f"{name:>10}" for name in ("", *kinds)))
    for row in kinds:
        print(" ".join(f"{cell:>10}" for cell in (row, *(table[row, column] or "." for column in kinds))))
    print(f"\n{table.total()} mails, {len(wrong)} judged otherwise")
    print("\n".join(wrong))
    return len(wrong)


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS) else 0)
