"""The program `deployer`: from its first line on, an interruption ends it with a message instead of a traceback.

Before `main` runs, only modules are imported that Python itself has loaded already.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; never returns. No traceback reaches a user without `--debug`."""
    try:
        code = _run()
    except KeyboardInterrupt:  # while modules are imported, or while an error is printed
        code = _interrupted()
    from deployer.cli.signals import die_at_once

    die_at_once()
    sys.exit(code)


def _run() -> int:
    from deployer.cli.signals import interrupted_by_sigterm
    from deployer.cli.streams import standard_streams

    with interrupted_by_sigterm(), standard_streams() as output:
        from deployer.cli.main import run

        code = run(sys.argv[1:])
    return output.exit_code(code)


def _interrupted() -> int:
    from deployer.errors import INTERRUPTED, INTERRUPTED_EXIT_CODE

    sys.stderr.write(f"{INTERRUPTED}\n")
    return INTERRUPTED_EXIT_CODE


if __name__ == "__main__":
    main()
