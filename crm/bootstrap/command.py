"""The command line."""

import sys

from crm.cli.main import run


def main() -> int:
    """Run one command; 2 for a mistake in how it was called, 1 when it could not be done."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
