"""The first code in a function's process: `python -I -S bootstrap.py TASK_ROOT RUNTIME_ROOT HANDLER`.

It gives the function the imports that it has in Lambda, which are the zip's, the runtime's (RUNTIME_ROOT: the SDK and
the runtime interface client) and the standard library's, and nothing of the virtual environment around it. It ends the
process when its standard input closes, so that no function outlives the sandbox. Imports nothing of this project.
"""

from __future__ import annotations

import os
import sys
import threading


def _end_with_the_sandbox() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _main(task_root: str, runtime_root: str, handler: str) -> None:
    threading.Thread(target=_end_with_the_sandbox, name="end-with-the-sandbox", daemon=True).start()
    sys.path[:] = [task_root, runtime_root, *(entry for entry in sys.path if "site-packages" not in entry)]
    os.chdir(task_root)

    from awslambdaric.__main__ import main  # noqa: PLC0415 - importable only after the path is set

    sys.argv = ["awslambdaric", handler]
    main(sys.argv)


if __name__ == "__main__":
    _main(*sys.argv[1:])
