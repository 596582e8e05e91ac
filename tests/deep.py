"""How much of the long tests is run: enough for every change, or what a release deserves."""

import os

IS_DEEP = os.environ.get("CRM_DEEP") == "1"
"""Set by `./scripts/test --deep`."""


def size(usual: int, deep: int) -> int:
    """A number of runs, days or kills."""
    return deep if IS_DEEP else usual
