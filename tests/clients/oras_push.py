"""A program around the ORAS project's own Python SDK: `oras_push.py REFERENCE FILE`, with docker's file of logins."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

import oras.client


def main(reference: str, file: str) -> None:
    """Push one file as an artifact; if the registry refuses it, the program ends with the registry's message."""
    logins = json.loads((Path(os.environ["DOCKER_CONFIG"]) / "config.json").read_text(encoding="utf-8"))["auths"]
    user, _, password = base64.b64decode(logins[reference.partition("/")[0]]["auth"]).decode().partition(":")
    client = oras.client.OrasClient(insecure=True, auth_backend="basic")
    client.auth.set_basic_auth(user, password)
    client.push(target=reference, files=[f"{file}:text/plain"], disable_path_validation=True, quiet=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
