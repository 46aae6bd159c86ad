"""Who created the new repositories of each OU: deployer, by either engine, or others; and in how many accounts. Pure.

Memory grows with the accounts of the organization, not with the records.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.reporting.coverage import Coverage
from handler.records import Record


@dataclass(slots=True, kw_only=True)
class NewRepositories:
    """New repositories by creator, and the accounts in which deployer created any."""

    by_handler: int = 0
    by_ecr: int = 0
    """By a creation template of deployer, during the push; violations included."""
    by_others: int = 0
    accounts: set[str] = field(default_factory=set)

    @property
    def by_deployer(self) -> int:
        return self.by_handler + self.by_ecr

    @property
    def total(self) -> int:
        return self.by_deployer + self.by_others

    def add_all(self, other: NewRepositories) -> None:
        """Add the counts and accounts of another OU."""
        self.by_handler += other.by_handler
        self.by_ecr += other.by_ecr
        self.by_others += other.by_others
        self.accounts |= other.accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRow:
    """An OU; `enabled` is the number of accounts that the config files enable, None if unknown."""

    ou: str
    enabled: int | None
    new: NewRepositories


@dataclass(slots=True)
class Adoption:
    """New repositories by OU."""

    by_ou: dict[str, NewRepositories] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one record, if it is of a new repository."""
        if record.outcome == "observed" and record.how != "deployer":
            if record.action == "created":
                self._of(record).by_others += 1
        elif record.outcome in {"created", "violation"}:
            new = self._of(record)
            new.accounts.add(record.account)
            if record.engine == "native":
                new.by_ecr += 1
            else:
                new.by_handler += 1

    def _of(self, record: Record) -> NewRepositories:
        return self.by_ou.setdefault(record.ou_path or "", NewRepositories())

    @property
    def total(self) -> NewRepositories:
        """All OUs together."""
        total = NewRepositories()
        for new in self.by_ou.values():
            total.add_all(new)
        return total

    def rows(self, coverage: Coverage | None) -> list[AdoptionRow]:
        """Every OU with new repositories or, if coverage is known, with enabled accounts; by path."""
        enabled = {ou: cell.desired for ou, cell in coverage.roles.items()} if coverage else {}
        return [
            AdoptionRow(
                ou=ou or "not known",
                enabled=enabled.get(ou, 0) if coverage else None,
                new=self.by_ou.get(ou, NewRepositories()),
            )
            for ou in sorted({*self.by_ou, *enabled})
        ]
