"""The register of refusals: only adding, in every spelling, under every key."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from crm.kernel.addresses import EmailAddress
from crm.kernel.db import Database
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.privacy import register
from crm.privacy.models import Refusal, RefusalKey, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from tests.conftest import NOW

OLD, NEW = b"1" * 32, b"2" * 32
RING = AddressKeys({1: OLD, 2: NEW})
MAX = EmailAddress.parse("Max.Müller@Bücher.example")


def no(
    scope: RefusalScope = RefusalScope.ADDRESS,
    *,
    reason: RefusalReason = RefusalReason.OBJECTION,
    at: datetime = NOW,
    scope_id: int | None = None,
    until: datetime | None = None,
) -> Wish:
    return Wish(scope=scope, reason=reason, channel="page", at=at, scope_id=scope_id, until=until)


@pytest.mark.both_databases
def test_a_no_is_found_in_every_spelling(database: Database) -> None:
    with database.transaction() as session:
        register.record(session, register.keys_of(RING, MAX), no())
    with database.reading() as session:
        for text in (
            "max.müller@bücher.example",
            "MAX.MÜLLER+shop@xn--bcher-kva.example.",
            "<Max.Müller@Bücher.example>;",
        ):
            assert register.standing(session, RING.digests(EmailAddress.parse(text))), text


def test_somebody_else_is_not_covered(database: Database) -> None:
    with database.transaction() as session:
        register.record(session, register.keys_of(RING, MAX), no())
    with database.reading() as session:
        for text in ("maxmüller@bücher.example", "max.müller@buecher.example", "m@bücher.example"):
            assert not register.standing(session, RING.digests(EmailAddress.parse(text))), text


def test_a_no_under_an_old_key_is_found_after_the_key_was_changed(database: Database) -> None:
    with database.transaction() as session:
        register.record(session, register.keys_of(AddressKeys({1: OLD}), MAX), no())
    with database.reading() as session:
        assert register.standing(session, RING.digests(MAX))


def test_keys_carry_their_versions() -> None:
    digests = {version: AddressKeys({version: key}).digests(MAX) for version, key in ((1, OLD), (2, NEW))}
    assert register.keys_of(RING, MAX) == tuple(
        (digest, version) for version in (2, 1) for digest in digests[version]
    )
    assert [version for _, version in register.domain_keys_of(RING, "x.example")] == [2, 1]


def test_saying_it_twice_is_the_same_as_once(database: Database) -> None:
    keys = register.keys_of(RING, MAX)
    with database.transaction() as session:
        first = register.record(session, keys, no())
        second = register.record(session, keys, no(at=NOW + timedelta(days=3)))
    assert first.is_news
    assert not second.is_news
    assert second.refusal == first.refusal
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Refusal)) == 1


@pytest.mark.parametrize(
    "more",
    [
        no(RefusalScope.MEASURING),
        no(reason=RefusalReason.ERASURE),
        no(RefusalScope.SEQUENCE, scope_id=4),
    ],
)
def test_saying_something_else_is_news(database: Database, more: Wish) -> None:
    keys = register.keys_of(RING, MAX)
    with database.transaction() as session:
        register.record(session, keys, no())
        register.record(session, keys, no(RefusalScope.SEQUENCE, scope_id=3))
        assert register.record(session, keys, more).is_news


def test_a_later_snooze_is_news_and_an_earlier_one_shortens_nothing(database: Database) -> None:
    keys = register.keys_of(RING, MAX)
    june, july = NOW + timedelta(days=90), NOW + timedelta(days=120)
    with database.transaction() as session:
        register.record(session, keys, no(RefusalScope.SNOOZE, until=june))
        assert register.record(session, keys, no(RefusalScope.SNOOZE, until=july)).is_news
        assert not register.record(session, keys, no(RefusalScope.SNOOZE, until=june)).is_news
        held = register.standing(session, RING.digests(MAX))
    assert max(one.until for one in held if one.until) == july
    assert any(one.holds_at(july - timedelta(seconds=1)) for one in held)
    assert not any(one.holds_at(july) for one in held)


def test_more_spellings_of_a_known_no_are_added(database: Database) -> None:
    keys = register.keys_of(RING, MAX)
    with database.transaction() as session:
        register.record(session, keys[:1], no())
        assert register.record(session, keys, no()).is_news
        assert set(session.scalars(select(RefusalKey.digest))) == {digest for digest, _ in keys}


def test_a_no_of_nobody_is_not_taken(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="digest"):
        register.record(session, [], no())


def test_nothing_in_the_register_takes_back_or_shortens() -> None:
    """I13: lifting is a workflow of two people that does not exist yet."""
    public = {name for name in vars(register) if not name.startswith("_")}
    assert not {
        name for name in public if any(word in name for word in ("lift", "remove", "delete", "unset"))
    }


@given(
    st.sampled_from(RefusalScope),
    st.sampled_from(RefusalReason),
    st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.text("0123456789abcdef", min_size=32, max_size=32),
)
def test_a_line_of_the_journal_says_what_was_written(
    scope: RefusalScope, reason: RefusalReason, at: datetime, digest: str
) -> None:
    wish = no(scope, reason=reason, at=at, until=at + timedelta(days=1), scope_id=7)
    keys = [(AddressDigest(digest), 2)]
    held = register.Standing(1, "x" * 26, scope, 7, reason, wish.until, at)
    line = register.line(register.Recorded(held, is_news=True), keys, wish)
    assert register.wish_of(line) == (keys, wish)
