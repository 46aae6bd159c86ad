"""The format of region codes in events, config files and endpoints.

It covers every partition: `us-gov-west-1`, `us-isob-east-1`, and `eusc-de-east-1` of the European Sovereign Cloud.
"""

from __future__ import annotations

import re

PATTERN = r"[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}"
"""Region codes become parts of ARNs and endpoint hosts, so only letters, digits and hyphens are allowed."""

REGION = re.compile(PATTERN, re.ASCII)
