"""`python -m acceptance`."""

from __future__ import annotations

import sys

from acceptance.cli import main

sys.exit(main())
