"""Mail that came back: whether it did, and what that says about the next attempt.

The library first (D18), then the report's own fields (RFC 3464), then the words. Codes count only when
nothing but them stands there: 5.1.1 is a part of many addresses on the net.
"""

import logging
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

from flufl.bounce import all_failures

from crm.replies.folding import fold
from crm.replies.parts import Fields
from crm.replies.reading import ReadMail
from crm.replies.tokens import TokenKind, find
from crm.replies.verdicts import Hardness, MailKind, Sub, Verdict

_FILE: Final = Path(__file__).with_name("bounces.toml")
_CODE: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
_NUMBERS: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_OF_THEIRS: Final = re.compile(r"5\.7\.1\d\d$")
"""Exchange: who may write to a group or a mailbox; an outsider is called not authenticated there."""

_BETWEEN: Final = r".{0,60}?"
_TELLING: Final = re.compile(
    r"(?<![\d.])[45]\d\d[ -]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\.?\d)|\breason\b|\berror\b"
)
_DAEMONS: Final = ("mailerdaemon", "postmaster", "maildaemon", "mdaemon", "maildelivery")
_LIBRARY_ERRORS: Final = (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)
_MOST: Final = 20_000  # characters of text

# The library notes every attempt, with the traceback of its own failures; addresses may stand in it.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


class _Rules(NamedTuple):
    codes: Mapping[str, tuple[Sub, Hardness]]
    vague: frozenset[str]
    words: tuple[tuple[Sub, re.Pattern[str]], ...]
    subjects: re.Pattern[str]
    delays: re.Pattern[str]
    original: re.Pattern[str]


_VAGUE: Final = frozenset({Sub.SYSTEM, Sub.AMBIGUOUS})
_BY_WORDS: Final = {
    Sub.ADDRESS: Hardness.HARD,
    Sub.DOMAIN: Hardness.HARD,
    Sub.FULL: Hardness.SOFT,
    Sub.DISABLED: Hardness.SOFT,
    Sub.SYSTEM: Hardness.SOFT,
    Sub.POLICY: Hardness.BLOCK,
    Sub.AUTHENTICATION: Hardness.OURS,
    Sub.CONTENT: Hardness.CONTENT,
}


def bounce_of(mail: ReadMail) -> Verdict | None:
    """The verdict on a mail that came back; None when this is none."""
    if mail.parts.report == "delivery-status":
        return _reported(mail)
    if not _may_be_bounce(mail):
        return None
    temporary, permanent = _by_library(mail)
    text = fold(_without_original(mail.parts.text[:_MOST]))
    named = _rules().subjects.search(fold(mail.subject)) or mail.headers.get("x-failed-recipients")
    if not (temporary or permanent or named):
        return None
    code, sub, hardness = _judge_text(mail, text)
    words = f"{fold(mail.subject)}\n{text}"
    if (temporary and not permanent) or (not permanent and _rules().delays.search(words)):
        return Verdict(MailKind.BOUNCE, Sub.DELAYED, status=code, evidence=("bounce.delayed",))
    evidence = "bounce.library" if permanent else "bounce.words"
    return Verdict(MailKind.BOUNCE, sub, hardness, code, evidence=(evidence, f"bounce.{sub}"))


def _judge_text(mail: ReadMail, text: str) -> tuple[str, Sub, Hardness]:
    """The lines with a code first: what stands around them is said in every bounce."""
    lines = text.split("\n")
    telling = [place for place, line in enumerate(lines) if _TELLING.search(line)]
    near = sorted({near for place in telling for near in (place, place + 1) if near < len(lines)})
    judged = judge("", "\n".join(lines[place] for place in near))
    if near and judged != ("", Sub.SYSTEM, Hardness.SOFT):
        return judged
    return judge("", f"{fold(mail.subject)}\n{text}")


def _without_original(text: str) -> str:
    """What is said about the mail, without the mail itself."""
    lines = text.split("\n")
    original = _rules().original
    end = next((at for at, line in enumerate(lines) if at > 1 and original.match(fold(line).strip())), None)
    return "\n".join(lines[:end])


def judge(status: str, diagnostic: str) -> tuple[str, Sub, Hardness]:
    """What a failure means.

    Args:
        status: the enhanced code the report gives; may be empty or say nothing.
        diagnostic: what the server said, folded.

    Returns:
        The code that was used, and what it means.
    """
    diagnostic = " ".join(_NUMBERS.sub(" ", diagnostic).split())
    code = next(iter(_CODE.findall(status)), "")
    said = next(iter(_CODE.findall(diagnostic)), "")
    if not code or (code in _rules().vague and said):
        code = said or code
    reply = next(iter(_REPLY.findall(diagnostic)), "")
    by_words = next((sub for sub, pattern in _rules().words if pattern.search(diagnostic)), None)
    is_passing = code.startswith("4") or (not code and reply.startswith("4"))
    is_ours = by_words is Sub.AUTHENTICATION and ".7." in code and not _OF_THEIRS.match(code)
    if by_words and (not code or code in _rules().vague or is_ours):
        return code, by_words, _softened(_BY_WORDS[by_words], is_passing=is_passing)
    sub, hardness = _meaning(code) if code else (Sub.SYSTEM, Hardness.SOFT)
    return code, sub, _softened(hardness, is_passing=is_passing)


def _softened(hardness: Hardness, *, is_passing: bool) -> Hardness:
    return Hardness.SOFT if is_passing and hardness is Hardness.HARD else hardness


def _meaning(code: str) -> tuple[Sub, Hardness]:
    """What a code stands for; of two that fit, the one that names the subject (the middle number)."""
    fitting = (".".join(one) for one in product(*((part, "x") for part in code.split("."))))
    best = sorted(fitting, key=lambda one: (one.count("x"), one.split(".")[1] == "x"))
    known = _rules().codes
    return next((known[one] for one in best if one in known), (Sub.SYSTEM, Hardness.SOFT))


def _reported(mail: ReadMail) -> Verdict:
    """Judge the recipient blocks: a failure counts more than a delay, a delay more than an arrival."""
    blocks = [block for block in mail.parts.blocks if "action" in block or "status" in block]
    failed = next((block for block in blocks if _action(block) in {"failed", "fail", "error", ""}), None)
    if failed is None and any(_action(block) == "delayed" for block in blocks):
        return Verdict(MailKind.BOUNCE, Sub.DELAYED, evidence=("report.delayed",))
    if failed is None and blocks:
        return Verdict(MailKind.AUTOMATIC, Sub.DELIVERED, evidence=("report.delivered",))
    block = failed or {}
    said = fold(_without_original(mail.parts.text[:_MOST]))
    status = block.get("status", "")
    code, sub, hardness = judge(status, fold(block.get("diagnostic-code", "")) or said)
    if sub in _VAGUE and hardness is Hardness.SOFT and not code.startswith("4"):
        code, sub, hardness = judge(status, said)
    return Verdict(MailKind.BOUNCE, sub, hardness, code, evidence=("report.failed", f"bounce.{sub}"))


def _action(block: Fields) -> str:
    return fold(block.get("action", "")).split("(")[0].strip()


def _may_be_bounce(mail: ReadMail) -> bool:
    local = mail.sender.local.casefold() if mail.sender else ""
    is_ours = any(token.kind is TokenKind.BOUNCE for token in find(mail))
    is_program = bool(mail.first("auto-submitted")) and bool(_rules().subjects.search(fold(mail.subject)))
    is_daemon = local.replace("-", "").replace("_", "").startswith(_DAEMONS)
    return mail.has_null_sender or is_ours or is_program or is_daemon or "x-failed-recipients" in mail.headers


def _by_library(mail: ReadMail) -> tuple[bool, bool]:
    """Whether the library finds recipients that failed for now, and for good."""
    try:
        temporary, permanent = all_failures(mail.head)
    except _LIBRARY_ERRORS:
        return False, False
    return bool(temporary), bool(permanent)


@cache
def _rules() -> _Rules:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    return _Rules(
        codes={code: (Sub(sub), Hardness(hardness)) for code, (sub, hardness) in found["codes"].items()},
        vague=frozenset(found["vague"]["codes"]),
        words=tuple((Sub(sub), re.compile(_pattern(found, sub))) for sub in found["order"]["codes"]),
        subjects=re.compile("|".join(found["legacy"]["subjects"])),
        delays=re.compile("|".join(found["legacy"]["delays"])),
        original=re.compile("|".join(found["original"]["lines"])),
    )


def _pattern(found: Mapping[str, Any], sub: str) -> str:
    """One of its words, or what it is about near what is wrong with it."""
    words = list(found["words"].get(sub, ()))
    if sub in found["pairs"]:
        about, wrong = (f"\\b(?:{'|'.join(one)})\\b" for one in found["pairs"][sub])
        words += [f"{about}{_BETWEEN}{wrong}", f"{wrong}{_BETWEEN}{about}"]
    return "|".join(words)
