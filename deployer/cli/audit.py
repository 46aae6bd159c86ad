"""`deployer audit …`: the ledger, read."""

from __future__ import annotations

import typer

from deployer.cli import audit_export, audit_list, audit_repair, audit_report, audit_show, audit_verify

app = typer.Typer(name="audit", help="Read the ledger.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Read the ledger: who pushed what, where, when, and what came of it."""


app.command("list")(audit_list.list_records)
app.command("show")(audit_show.show)
app.command("export")(audit_export.export_records)
app.command("report")(audit_report.report)
app.command("verify")(audit_verify.verify)
app.command("repair")(audit_repair.repair)
