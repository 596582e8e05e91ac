"""What a page that was redirected to says about what was just done."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer

from crm.staff.sessions import Me

DID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "saved": "Saved",
        "stage_ended": "Saved. Their sequence has stopped: only enrolling starts one again.",
        "known": "They were here already.",
        "enrolled": "Enrolled",
        "converted": "Noted: they said yes. The lead is on its way.",
        "resolved": "Noted",
        "refused": "Recorded. Nothing more will be sent to them.",
        "paused": "Paused. Nothing leaves from now on.",
        "paused_leaving": "Paused. A mail that was leaving at this moment may still arrive.",
        "taken_back": "Taken back. Nothing was sent, and your text is still here.",
        "end_gone": "Saved. It waits until somebody resumes it.",
        "goes_on": "Nothing was changed: it goes on already.",
        "step_skipped": "Skipped. What comes next keeps its delay.",
        "approved": "Approved. They leave in office hours, as the readers have them.",
        "turned_down": "Not sent. Their sequence has stopped.",
        "some_were_done": "Noted. Some had changed, or a colleague was first: please look again.",
        "none_chosen": "Nothing was changed: choose at least one.",
        "first_wait": "The first mail to each person waits for approval from now on.",
        "first_go": "First mails go by themselves again.",
        "reworded": "Saved. This mail says your words; the sequence stays as it is.",
        "reworded_held": "Saved. It is written anew with your words, and waits here in a minute.",
        "as_written": "Changed back. This mail says what the sequence says.",
        "as_written_held": "Changed back. It is written anew, and waits here in a minute.",
        "nothing_to_try": "Nothing was sent: there is no mail in it yet.",
        "as_it_was": "A colleague did that before you.",
        "resumed": "Sending goes on",
        "published": "Published. New people get it; those on their way keep theirs.",
        "moved": "Done. Those on their way go on in the newest version.",
        "moved_but": "Done, but for those whose mail is leaving: they stay in their version.",
        "draft_saved": "Draft saved. Nothing changes until it is published.",
        "draft_gone": "Draft thrown away",
        "draft_newer": "A colleague saved this draft meanwhile, so it was kept.",
        "text_on": "In use again",
        "text_off": "Switched off. What it did so far stays.",
        "text_last": "It is the only text of its step that is in use, so it stays on.",
        "archived": "Archived. Nobody new is enrolled in it.",
        "brought_back": "Brought back",
        "deleted": "Deleted",
        "invited": "Invitation made",
        "stopped": "Stopped",
        "released": "The others at this company may be written to again.",
        "companys_no": "Nobody was released: their whole company asked us not to write.",
        "discarded": "The file is gone. Nothing was kept of it.",
        "left": "Too late: it was leaving already.",
        "erased": "Erased. The receipt is below.",
    }
)
"""What a page that was redirected to says about what was just done, by the word in its address."""

NOT_DONE: Final = frozenset(
    {
        "left", "some_were_done", "none_chosen", "nothing_to_try", "as_it_was", "goes_on",
        "draft_newer", "text_last", "companys_no",
    }
)  # fmt: skip
"""Those that say that it was not done, or not wholly: no tick stands beside them."""


def after(url: str, text: str, undo_url: str | None, me: Me) -> str:
    """The address of a page that says so, with a way back: for who works without script or outran it.

    The words ride in the address, signed for this session: nobody else's link puts a button on our page.
    They name nobody, since addresses are kept in histories.
    """
    parts = urlsplit(url)
    asked = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in {"did", "said"}
    ]
    query = urlencode([*asked, ("said", _signer(me).dumps([text, undo_url]))])
    return urlunsplit(parts._replace(query=query))


def shown(me: Me) -> list[dict[str, str | None]]:
    """What this request's page is to say, in the shape of the toast macro."""
    did = request.args.get("did", "")
    text, undo_url = DID.get(did), None
    if "said" in request.args:
        try:
            text, undo_url = _signer(me).loads(request.args["said"])
        except BadSignature:  # of an earlier session, or nobody's
            text = None
    kind = "wait" if did in NOT_DONE and "said" not in request.args else "done"
    return [{"text": text, "undo_url": undo_url, "kind": kind}] if text else []


def _signer(me: Me) -> URLSafeSerializer:
    return URLSafeSerializer(me.csrf_token, salt="said")
