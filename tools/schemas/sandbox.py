"""What `deployer sandbox` prints with --json."""

from __future__ import annotations

from tools.schemas.parts import ACCOUNT, TEXTS, Schema, count, document, list_of, object_of, or_null, text, text_or_null


def status() -> Schema:
    """The document of `sandbox status --json`."""
    properties = {
        "pid": count("Of the process"),
        "endpoint_url": text("Where it listens"),
        "organization": text(),
        "accounts": count(),
        "central_account": ACCOUNT,
        "home_region": text(),
        "calls": count("Calls to AWS"),
        "pending": count("Tasks in progress"),
        "defects": TEXTS,
    }
    return document("sandbox status") | object_of(properties)


def list_faults() -> Schema:
    """The document of `sandbox fault list --json`."""
    anything = "null for any"
    fault = object_of({
        **{key: text_or_null(anything) for key in ("service", "operation", "account", "region")},
        "error": text("AWS's code, or the kind of fault"),
        "count": or_null(count(), "How many calls it hits; null for all"),
        "hits": count("How many calls it has hit"),
    })  # fmt: skip
    return document("sandbox fault list") | object_of({"faults": list_of(fault)})


SCHEMAS = {"sandbox-status": status, "sandbox-fault-list": list_faults}
