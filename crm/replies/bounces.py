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
from typing import Final, NamedTuple

from flufl.bounce import all_failures

from crm.replies.folding import fold
from crm.replies.parts import Fields
from crm.replies.reading import ReadMail
from crm.replies.tokens import TokenKind, find
from crm.replies.verdicts import Hardness, MailKind, Sub, Verdict

_FILE: Final = Path(__file__).with_name("bounces.toml")
_CODE: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
_DAEMONS: Final = frozenset({"mailer-daemon", "postmaster", "mailerdaemon", "mail-daemon"})
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
    words = fold(f"{mail.subject}\n{mail.parts.text[:_MOST]}")
    named = _rules().subjects.search(fold(mail.subject)) or mail.headers.get("x-failed-recipients")
    if not (temporary or permanent or named):
        return None
    code, sub, hardness = judge("", words)
    if (temporary and not permanent) or (not permanent and _rules().delays.search(words)):
        return Verdict(MailKind.BOUNCE, Sub.DELAYED, status=code, evidence=("bounce.delayed",))
    evidence = "bounce.library" if permanent else "bounce.words"
    return Verdict(MailKind.BOUNCE, sub, hardness, code, evidence=(evidence, f"bounce.{sub}"))


def judge(status: str, diagnostic: str) -> tuple[str, Sub, Hardness]:
    """What a failure means.

    Args:
        status: the enhanced code the report gives; may be empty or say nothing.
        diagnostic: what the server said, folded.

    Returns:
        The code that was used, and what it means.
    """
    code = next(iter(_CODE.findall(status)), "")
    said = next(iter(_CODE.findall(diagnostic)), "")
    if not code or (code in _rules().vague and said):
        code = said or code
    reply = next(iter(_REPLY.findall(diagnostic)), "")
    by_words = next((sub for sub, pattern in _rules().words if pattern.search(diagnostic)), None)
    is_passing = code.startswith("4") or (not code and reply.startswith("4"))
    if by_words and (not code or code in _rules().vague):
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
    diagnostic = fold(block.get("diagnostic-code", "")) or fold(mail.parts.text[:_MOST])
    code, sub, hardness = judge(block.get("status", ""), diagnostic)
    return Verdict(MailKind.BOUNCE, sub, hardness, code, evidence=("report.failed", f"bounce.{sub}"))


def _action(block: Fields) -> str:
    return fold(block.get("action", "")).split("(")[0].strip()


def _may_be_bounce(mail: ReadMail) -> bool:
    local = mail.sender.local.casefold() if mail.sender else ""
    is_ours = any(token.kind is TokenKind.BOUNCE for token in find(mail))
    return mail.has_null_sender or is_ours or local in _DAEMONS or "x-failed-recipients" in mail.headers


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
        words=tuple((Sub(sub), re.compile("|".join(words))) for sub, words in found["words"].items()),
        subjects=re.compile("|".join(found["legacy"]["subjects"])),
        delays=re.compile("|".join(found["legacy"]["delays"])),
    )
