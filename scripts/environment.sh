# Makes .venv from the hash-pinned lock file; sourced by the commands beside it. POSIX shell.
# $1: the lock file. Sets PYTHON.

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
cd "$here" || exit 2

# What Python compiled is kept: without it every start compiles everything anew, and takes twice as long.
unset PYTHONDONTWRITEBYTECODE

fail() {
    printf '%s\n' "$1" >&2
    exit 2
}

find_python() {
    for candidate in "${CRM_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return 0
        fi
    done
    return 1
}

make_environment() {
    lock=$1
    PYTHON="$here/.venv/bin/python"
    mark="$here/.venv/.made-from-$(basename "$lock")"
    if [ -x "$PYTHON" ] && cmp -s "$lock" "$mark"; then
        return 0
    fi
    found=$(find_python) || fail "Python 3.11 or newer is needed and was not found. Install it, then run this again."
    if [ ! -x "$PYTHON" ]; then
        printf 'Making the environment (once, about a minute)...\n' >&2
        "$found" -m venv "$here/.venv" >/dev/null 2>&1 ||
            fail "The folder $here/.venv could not be made. Is the disk full, or Python's venv module missing (Debian: python3-venv)?"
    else
        printf 'Bringing the environment up to date...\n' >&2
    fi
    # The lock file is complete. Left to resolve, an older pip asks for the newest release of what it finds named
    # with an extra, and stops there.
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" >&2 ||
        fail "Packages could not be installed. Is this machine online? Run the command again; it goes on where it stopped."
    cp "$lock" "$mark"
}
