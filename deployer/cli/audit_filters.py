"""Options that select records: the same for every command that reads the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from deployer.cli.options import one_of
from deployer.cli.range_options import check_order, check_regions, since_of, until_of
from handler.creators import How
from handler.observed_calls import Action
from handler.reasons import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from deployer.audit.query import Query
    from deployer.organization import Organization

DEFAULT_SINCE = "7d"


Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="Start: 90m, 24h, 7d or 2w ago, a date, or a time in UTC.")
]
Accounts = Annotated[list[str] | None, typer.Option("--account", metavar="ID|NAME", help="Only this one; repeatable.")]
Ous = Annotated[
    list[str] | None, typer.Option("--ou", metavar="PATH|ID", help="Only this OU and everything below it; repeatable.")
]
WithoutChildren = Annotated[bool, typer.Option("--without-children", help="Leave out the OUs below --ou.")]
Regions = Annotated[list[str] | None, typer.Option("--region", metavar="REGION", help="Only this region; repeatable.")]
Repositories = Annotated[
    list[str] | None,
    typer.Option("--repository", metavar="GLOB", help="Only matching repositories, such as team-a/**; repeatable."),
]
Principals = Annotated[
    list[str] | None,
    typer.Option(
        "--principal", metavar="GLOB", help="Only callers whose ARN, or whose role's ARN, matches; repeatable."
    ),
]
Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        parser=one_of(get_args(Outcome)),
        metavar="OUTCOME",
        help="Only created, exists, refused, ignored, failed, violation, observed, adopted or released; repeatable. "
        "Else all but exists and ignored.",
    ),
]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="CODE", help="Only this reason, such as name-denied; repeatable."),
]
Hows = Annotated[
    list[str] | None,
    typer.Option(
        "--how",
        parser=one_of(get_args(How)),
        metavar="WAY",
        help="Only repositories that others created or deleted this way: deployer, native (ECR, by our templates), "
        "pull-through, replication, 'by hand' or unknown; repeatable.",
    ),
]
Actions = Annotated[
    list[str] | None,
    typer.Option(
        "--action",
        parser=one_of(get_args(Action)),
        metavar="ACTION",
        help="Only repositories that others created, or deleted.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every outcome, including exists and ignored.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The options as they were typed."""

    since: str = DEFAULT_SINCE
    until: str | None = None
    accounts: Sequence[str] | None = None
    ous: Sequence[str] | None = None
    without_children: bool = False
    regions: Sequence[str] | None = None
    repositories: Sequence[str] | None = None
    principals: Sequence[str] | None = None
    outcomes: Sequence[str] | None = None
    reasons: Sequence[str] | None = None
    hows: Sequence[str] | None = None
    actions: Sequence[str] | None = None
    every_outcome: bool = False

    @property
    def selects_outcomes(self) -> bool:
        """Whether an option selects outcomes."""
        return bool(self.outcomes or self.reasons or self.hows or self.actions or self.every_outcome)

    def query(self, *, now: datetime, organization: Callable[[], Organization]) -> Query:
        """The query; `organization` is read only if a name or an OU's id needs it."""
        from deployer.audit.names import account_ids, ou_paths
        from deployer.audit.query import Query

        self._check_values()
        check_regions(self.regions or ())
        since = since_of(self.since, now=now)
        until = until_of(self.until, now=now) if self.until else _second_after(now)
        check_order(since, until)
        return Query(
            since=since,
            until=until,
            outcomes=self._outcomes(),
            reasons=tuple(self.reasons or ()),
            accounts=account_ids(self.accounts or (), organization),
            ous=ou_paths(self.ous or (), organization),
            include_children=not self.without_children,
            regions=tuple(self.regions or ()),
            repositories=tuple(self.repositories or ()),
            principals=tuple(self.principals or ()),
            hows=tuple(how for how in get_args(How) if how in (self.hows or ())),
            actions=tuple(action for action in get_args(Action) if action in (self.actions or ())),
        )

    def _check_values(self) -> None:
        """Raise wrong usage for an empty value: it would match nothing, or AWS would reject it."""
        for option, values in (
            ("--account", self.accounts),
            ("--ou", self.ous),
            ("--region", self.regions),
            ("--repository", self.repositories),
            ("--principal", self.principals),
        ):
            if values and not all(values):
                raise typer.BadParameter("must not be empty", param_hint=option)

    def _outcomes(self) -> tuple[Outcome, ...]:
        from difflib import get_close_matches

        from deployer.audit.query import ALL, NOTABLE, outcomes_of
        from handler.reasons import SENTENCES

        if unknown := [code for code in self.reasons or () if code not in SENTENCES]:
            near = get_close_matches(unknown[0], SENTENCES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the codes are {', '.join(sorted(SENTENCES))}"
            raise typer.BadParameter(f"{unknown[0]} is not a reason code: {hint}", param_hint="--reason")
        if self.every_outcome:
            return ALL
        if self.outcomes:
            return tuple(outcome for outcome in ALL if outcome in self.outcomes)
        if "native" in (self.hows or ()):
            return ("created", "violation", "observed")
        if self.hows or self.actions:
            return ("observed",)
        return outcomes_of(self.reasons) if self.reasons else NOTABLE


def _second_after(now: datetime) -> datetime:
    """Includes events of the current second; CloudTrail's times are whole seconds."""
    from datetime import timedelta

    return now.replace(microsecond=0) + timedelta(seconds=1)


def organization_reader(config: Path, organization: Path | None, *, profile: str | None) -> Callable[[], Organization]:
    """Reads the organization when it is first needed: from a snapshot, or from AWS."""
    from functools import cache

    from deployer.cli.sources import read_snapshot

    @cache
    def read() -> Organization:
        if organization is not None:
            return read_snapshot(organization)
        from deployer.composition.installation import Installation

        return Installation.connect(config, profile=profile).organization

    return read


def report_departed_ous(query: Query, organization: Callable[[], Organization]) -> None:
    """If nothing was found, name the OUs that do not exist today, since they may be typos."""
    from deployer.audit.names import departed_ous
    from deployer.errors import DeployerError

    if not query.ous:
        return
    try:
        sentences = list(departed_ous(query.ous, organization()))
    except DeployerError:
        return
    for sentence in sentences:
        typer.echo(sentence, err=True)
