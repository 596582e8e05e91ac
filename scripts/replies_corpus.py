"""The labelled corpus of inbound mail, written down in a short form and made into whole mails.

`tests/replies/corpus/` has two halves of one form: the rules were tuned on `tuning`; `heldout` was written
before anybody looked at a result, and is only measured.
"""

import html
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parents[1] / "tests" / "replies" / "corpus"
LETTERS: Final = Path(__file__).parents[1] / "tests" / "compose" / "golden"
HALVES: Final = ("tuning", "heldout")
TOKEN: Final = "mfrggzdfmztwq2lknnwg23tpobyxe43uov3hcy3dmvzxi"  # noqa: S105 - a shape, no secret
DATE: Final = "Mon, 23 Nov 2026 10:31:08 +0100"
MESSAGE_ID: Final = "ona3iv3ifnjvbixy@mail.produfoto.example"
RECIPIENT: Final = "j.devries@klant.example"
BOUNCES_TO: Final = f"b+{TOKEN}@mail.produfoto.example"

_WROTE: Final = {
    "nl": "Op ma 23 nov 2026 om 09:30 schreef Sanne de Wit <sanne@produfoto.example>:",
    "en": "On Mon, 23 Nov 2026 at 09:30, Sanne de Wit <sanne@produfoto.example> wrote:",
    "de": "Am Mo., 23. Nov. 2026 um 09:30 Uhr schrieb Sanne de Wit <sanne@produfoto.example>:",
    "fr": "Le lun. 23 nov. 2026 à 09:30, Sanne de Wit <sanne@produfoto.example> a écrit :",
}
_FIELDS: Final = {
    "nl": "Van: Sanne de Wit <sanne@produfoto.example>\nVerzonden: maandag 23 november 2026 09:30\nAan: Jan",
    "en": "From: Sanne de Wit <sanne@produfoto.example>\nSent: Monday, November 23, 2026 9:30 AM\nTo: Jan",
    "de": "Von: Sanne de Wit <sanne@produfoto.example>\nGesendet: Montag, 23. November 2026 09:30\nAn: Jan",
    "fr": "De : Sanne de Wit <sanne@produfoto.example>\nEnvoyé : lundi 23 novembre 2026 09:30\nÀ : Jan",
}
_DEVICE: Final = {
    "nl": "Verstuurd vanaf mijn iPhone",
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
}
_FORWARDED: Final = {
    "nl": "---------- Doorgestuurd bericht ---------",
    "en": "---------- Forwarded message ---------",
    "de": "---------- Weitergeleitete Nachricht ---------",
    "fr": "---------- Message transféré ---------",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One whole mail, and what it is."""

    name: str
    kind: str
    sub: str
    """Of a bounce, how hard it is stands in `hardness`."""

    raw: bytes
    hardness: str = ""
    style: str = ""
    until: str = ""
    """Of an absence: the first day they are back as `2026-12-01`, or `none`."""


def samples(half: str) -> list[Sample]:
    """Every mail of one half."""
    found: list[Sample] = []
    for name, made in (("bounces", _bounces), ("replies", _replies), ("sayings", _sayings)):
        if (CORPUS / half / f"{name}.txt").exists():
            found += made(half)
    return found


def written(label: str, language: str, client: str, text: str, *, subject: str = "") -> bytes:
    """One answer as a mail program would send it, the whole of our first letter quoted where it quotes."""
    shell = _shells(CORPUS / "clients.txt")[client]
    ours = (LETTERS / f"first.{language}.txt").read_text("utf-8")
    ours = ours.replace("Xk3v9-Zz_0", TOKEN).replace("/about-you/", "/about/")
    quoted = "\n".join(
        f"> {line}" for paragraph in ours.split("\n") for line in textwrap.wrap(paragraph, 72) or [""]
    )
    ours_subject = ours.split("\n", 1)[0]
    common = f"From: Jan <jan@klant.example>\nDate: {DATE}\nMessage-ID: <{len(text)}.a@klant.example>"
    values = {
        "head": f"{common}\nTo: r+{TOKEN}@mail.produfoto.example\nSubject: {subject or 'Re: ' + ours_subject}"
        f"\nIn-Reply-To: <{MESSAGE_ID}>\nReferences: <{MESSAGE_ID}>\nMIME-Version: 1.0",
        "fresh": f"{common}\nTo: sanne@produfoto.example\nSubject: {subject or label}\nMIME-Version: 1.0",
        "text": text,
        "html": html.escape(text).replace("\n", "<br>\n"),
        "wrote": _WROTE[language],
        "fields": _FIELDS[language],
        "fields_html": html.escape(_FIELDS[language]).replace("\n", "<br>\n"),
        "device": _DEVICE[language],
        "forwarded": _FORWARDED[language],
        "ours": ours,
        "ours_html": html.escape(ours).replace("\n", "<br>\n"),
        "quoted": quoted,
    }
    return _filled(shell, values, charset="iso-8859-1" if client == "latin1" else "utf-8")


def _bounces(half: str) -> Iterator[Sample]:
    shells = _shells(CORPUS / half / "shells.txt")
    original = (
        f"Return-Path: <{BOUNCES_TO}>\nFrom: Sanne de Wit <sanne@produfoto.example>\nTo: <{RECIPIENT}>\n"
        f"Subject: Foto's van uw eigen voorraad\nMessage-ID: <{MESSAGE_ID}>\n"
        f"List-Unsubscribe: <mailto:u+{TOKEN}@mail.produfoto.example>\n\nGoedemiddag,"
    )
    for number, line in enumerate(_lines(CORPUS / half / "bounces.txt"), start=1):
        label, shell, status, said = (part.strip() for part in line.split("|", 3))
        values = {
            "to": BOUNCES_TO,
            "date": DATE,
            "subject": "Foto's van uw eigen voorraad",
            "status": status,
            "said": said.replace("{rcpt}", RECIPIENT),
            "rcpt": RECIPIENT,
            "mid": MESSAGE_ID,
            "original": original,
        }
        sub, hardness = label.split(".")
        name = f"{half}.bounces.{number}.{shell}"
        yield Sample(name, "bounce", sub, _filled(shells[shell], values), hardness)


def _replies(half: str) -> Iterator[Sample]:
    written_down = (CORPUS / half / "replies.txt").read_text("utf-8").split("\n### ")[1:]
    for number, entry in enumerate(written_down, start=1):
        title, _, text = entry.partition("\n")
        label, language, client, *more = title.split()
        first, _, rest = text.partition("\n")
        subject = first.removeprefix("Subject: ") if first.startswith("Subject: ") else ""
        raw = written(label, language, client, (rest if subject else text).strip(), subject=subject)
        kind, sub = label.split(".")
        style = more[0] if more else ""
        until = style.removeprefix("until=") if style.startswith("until=") else ""
        yield Sample(f"{half}.replies.{number}.{label}.{client}", kind, sub, raw, style=style, until=until)


def _sayings(half: str) -> Iterator[Sample]:
    for number, line in enumerate(_lines(CORPUS / half / "sayings.txt"), start=1):
        kind, language, text = (part.strip() for part in line.split("|", 2))
        yield Sample(f"{half}.sayings.{number}.{kind}", kind, "", written(kind, language, "bare", text))


def _filled(shell: str, values: dict[str, str], *, charset: str = "utf-8") -> bytes:
    for name, value in values.items():
        shell = shell.replace(f"{{{name}}}", value)
    return shell.replace("\n", "\r\n").encode(charset, "replace")


def _shells(path: Path) -> dict[str, str]:
    parts = ("\n" + path.read_text("utf-8")).split("\n#=== ")[1:]
    return {name: body for name, _, body in (part.partition("\n") for part in parts)}


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line
