"""Which open pixel a message gets (D4): nothing is ever decided by an opening, only whether there is one."""

from typing import Final

from crm.kernel.mail import MANNERS, MailKind, TrackingMode
from crm.kernel.settings import Tracking
from crm.permission.countries import load
from crm.permission.facts import Facts

_LESS: Final = (TrackingMode.OFF, TrackingMode.AGGREGATE, TrackingMode.INDIVIDUAL)


def tracking_mode(
    *,
    setting: Tracking,
    country: str | None,
    consent: bool,
    objected: bool,
    kind: MailKind,
    at_most: TrackingMode = TrackingMode.INDIVIDUAL,
) -> TrackingMode:
    """The mode of one message: what the setting gives, never more than `at_most`.

    An objection always wins, also over consent. Without recorded consent there is no pixel where a
    regulator's published text asks for it, nor where the country is unknown.
    """
    if objected or not MANNERS[kind].pixel or setting is Tracking.OFF:
        return TrackingMode.OFF
    if not consent and (setting is not Tracking.POLICY or not country or load().pixel_ruling(country)):
        return TrackingMode.OFF
    return min(TrackingMode.INDIVIDUAL, at_most, key=_LESS.index)


def mode_of(facts: Facts, setting: Tracking) -> TrackingMode:
    """The mode for the mail these facts are about."""
    return tracking_mode(
        setting=setting,
        country=facts.firm.country,
        consent=facts.measuring_consent,
        objected=facts.measuring_refused,
        kind=facts.kind,
    )
