"""The day's keys: one for all processes of a machine, and gone within 48 hours."""

import multiprocessing
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

from crm.tracking.addresses import IpPurpose, ip_digest
from crm.tracking.dying_keys import LIFETIME, DyingKeys

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
OUTREACH = IpPurpose.OUTREACH


def test_a_key_stays_the_same_all_day(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    assert keys.key(OUTREACH, MIDNIGHT) == keys.key(OUTREACH, MIDNIGHT + timedelta(hours=23, minutes=59))


def test_a_key_is_32_random_bytes(tmp_path: Path) -> None:
    one, two = DyingKeys(tmp_path / "a").key(OUTREACH, NOW), DyingKeys(tmp_path / "b").key(OUTREACH, NOW)
    assert len(one) == 32
    assert one != two


def test_the_next_day_has_another_key(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    assert keys.key(OUTREACH, NOW) != keys.key(OUTREACH, NOW + timedelta(days=1))


def test_days_are_those_of_utc(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    late = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert keys.key(OUTREACH, late) == keys.key(OUTREACH, NOW)


def test_every_purpose_has_its_own_key(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    assert len({keys.key(purpose, NOW) for purpose in IpPurpose}) == len(IpPurpose)


def test_a_second_process_finds_the_same_key(tmp_path: Path) -> None:
    assert DyingKeys(tmp_path).key(OUTREACH, NOW) == DyingKeys(tmp_path).key(OUTREACH, NOW)


def test_only_the_user_can_read_folder_and_keys(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o755)
    DyingKeys(folder).key(OUTREACH, NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_making_a_key_leaves_one_file(tmp_path: Path) -> None:
    DyingKeys(tmp_path).key(OUTREACH, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11-23.outreach.key"]


def test_half_a_key_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "2026-11-23.outreach.key").write_bytes(b"short")
    assert len(DyingKeys(tmp_path).key(OUTREACH, NOW)) == 32


def test_a_job_every_hour_destroys_a_key_within_48_hours() -> None:
    assert LIFETIME + timedelta(hours=1) <= timedelta(hours=48)


def test_a_key_lives_until_its_time(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    keys.key(OUTREACH, NOW)
    assert keys.destroy_old(MIDNIGHT + LIFETIME - timedelta(seconds=1)) == 0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_is_destroyed_after_its_time(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    for purpose in IpPurpose:
        keys.key(purpose, NOW)
    assert keys.destroy_old(MIDNIGHT + LIFETIME) == len(IpPurpose)
    assert list(tmp_path.iterdir()) == []


def test_a_destroyed_key_is_forgotten_in_memory_too(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    first = keys.key(OUTREACH, NOW)
    keys.destroy_old(MIDNIGHT + LIFETIME)
    assert keys.key(OUTREACH, NOW) != first


def test_after_49_hours_no_key_makes_the_old_digest(tmp_path: Path) -> None:
    keys, address = DyingKeys(tmp_path), IPv4Address("192.0.2.44")
    stored = ip_digest(address, keys.key(OUTREACH, NOW), OUTREACH)
    later = NOW + timedelta(hours=49)
    for hour in range(50):
        keys.key(OUTREACH, NOW + timedelta(hours=hour))
        keys.destroy_old(NOW + timedelta(hours=hour))
    left = [path.read_bytes() for path in tmp_path.iterdir()]
    assert left
    assert stored not in {ip_digest(address, key, OUTREACH) for key in left}
    assert keys.key(OUTREACH, later) in left


def test_a_key_of_a_clock_that_ran_ahead_is_destroyed(tmp_path: Path) -> None:
    keys = DyingKeys(tmp_path)
    keys.key(OUTREACH, NOW + timedelta(days=400))
    assert keys.destroy_old(NOW) == 1


def test_what_a_crash_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / "0011223344556677.new").write_bytes(b"half")
    DyingKeys(tmp_path).destroy_old(datetime(2090, 1, 1, tzinfo=UTC))
    assert list(tmp_path.iterdir()) == []


def test_two_processes_destroying_at_once_count_each_key_once(tmp_path: Path) -> None:
    DyingKeys(tmp_path).key(OUTREACH, NOW)
    keys = [DyingKeys(tmp_path) for _ in range(4)]
    found: list[int] = []
    jobs = [
        threading.Thread(target=lambda one=one: found.append(one.destroy_old(MIDNIGHT + LIFETIME)))
        for one in keys
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert sum(found) == 1


def _take(folder: str, rounds: int, start: "multiprocessing.synchronize.Barrier", out: str) -> None:
    keys = DyingKeys(Path(folder))
    found = []
    for day in range(rounds):
        start.wait(timeout=60)
        found.append(keys.key(OUTREACH, NOW + timedelta(days=day)).hex())
    Path(out).write_text("\n".join(found), "ascii")


def test_processes_that_start_together_agree_on_every_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    folder, count, rounds = tmp_path / "keys", 4, 40
    start = context.Barrier(count)
    outs = [tmp_path / f"out{number}" for number in range(count)]
    workers = [context.Process(target=_take, args=(str(folder), rounds, start, str(out))) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    answers = {out.read_text("ascii") for out in outs}
    assert len(answers) == 1
    assert len(set(answers.pop().split())) == rounds
