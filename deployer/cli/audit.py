"""`deployer audit …`: reads the ledger, and compares repositories with the settings that apply to them."""

from __future__ import annotations

import typer

from deployer.cli import (
    audit_adopt,
    audit_export,
    audit_list,
    audit_repair,
    audit_report,
    audit_show,
    audit_usage,
    audit_verify,
)

app = typer.Typer(
    name="audit",
    help="Search the ledger for decisions and their callers; verify and repair repositories, and show their usage.",
    no_args_is_help=True,
)

app.command("list")(audit_list.list_records)
app.command("show")(audit_show.show)
app.command("export")(audit_export.export_records)
app.command("report")(audit_report.report)
app.command("verify")(audit_verify.verify)
app.command("repair")(audit_repair.repair)
app.command("adopt")(audit_adopt.adopt)
app.command("usage")(audit_usage.usage)
