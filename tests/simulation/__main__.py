"""Replay or search: `PYTHONPATH=. .venv/bin/python -m tests.simulation --seed 17 [--days 30] [--runs 1]`."""

import argparse
import cProfile
import sys

from crm.kernel.clock import monotonic
from tests.simulation.run import Simulation


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--runs", type=int, default=1, help="how many seeds, from there on")
    parser.add_argument("--days", type=int, default=30, help="days of each")
    parser.add_argument("--people", type=int, default=12, help="people in each")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    failed, started, left = 0, monotonic(), 0
    for seed in range(options.seed, options.seed + options.runs):
        simulation = Simulation(seed, options.days, options.people)
        if profile:
            profile.enable()
        findings = simulation.run()
        if profile:
            profile.disable()
        left += findings.hand_overs
        failed += bool(findings.wrong)
        if options.trace:
            print("\n".join(simulation.turns.trace))
        if findings.wrong or options.runs == 1:
            states = " ".join(f"{name} {count}" for name, count in sorted(findings.states.items()))
            deaths = sum(simulation.turns.deaths.values())
            print(f"seed {seed}: {findings.hand_overs} hand-overs, {deaths} deaths; {states}")
            print(findings)
    days, seconds = options.runs * options.days, monotonic() - started
    print(f"{days} days in {seconds:.1f} s ({days / seconds:.1f} a second), {left} hand-overs")
    print(f"{failed} runs went wrong")
    if profile:
        profile.print_stats("cumulative")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
