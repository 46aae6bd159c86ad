"""The form of a region's code, the same for events, config files and addresses.

It covers every partition: `us-gov-west-1`, `us-isob-east-1`, and `eusc-de-east-1` of the European Sovereign Cloud.
"""

from __future__ import annotations

import re

PATTERN = r"[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}"
"""A part of ARNs, and of the hosts that AWS is called at: letters, digits and hyphens only."""

REGION = re.compile(PATTERN, re.ASCII)
