from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from aws_org_sandbox.sandbox import Sandbox
from handler.errors import PermanentError
from handler.organization import FALLBACK_LIFETIME, LOOKUP_LIFETIME, Accounts
from handler.ports import Membership
from handler.settings_file import SettingsFile
from tests.handler.fakes import ACCOUNT, PROD, ROOT, WORKLOADS, settings_document

NEW = "300000000099"
SETTINGS = SettingsFile.from_json(json.dumps(settings_document()).encode())
PATH = f"o-exampleorg1/{ROOT}/{WORKLOADS}/{PROD}/{ACCOUNT}/"
CHAIN = (ROOT, WORKLOADS, PROD)


@dataclass
class FakeOrganizations:
    """Organizations, with the calls that the handler makes."""

    account: Mapping[str, Any] = field(default_factory=lambda: {"Paths": [PATH]})
    parents: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    error: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def describe_account(self, *, AccountId: str) -> Any:  # noqa: N803 - AWS's name
        self.calls.append(f"describe {AccountId}")
        if self.error:
            raise self.error
        return {"Account": self.account}

    def list_parents(self, *, ChildId: str) -> Any:  # noqa: N803 - AWS's name
        self.calls.append(f"parents {ChildId}")
        id_, kind = self.parents[ChildId]
        return {"Parents": [{"Id": id_, "Type": kind}]}


class Clock:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def accounts(fake: Any, clock: Clock | None = None, *, organization_id: str = "o-exampleorg1") -> Accounts:
    return Accounts(fake, settings=SETTINGS, organization_id=organization_id, clock=clock or Clock())


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeAccount")


def test_the_path_has_every_ou_in_one_call() -> None:
    fake = FakeOrganizations()
    assert accounts(fake).membership(ACCOUNT) == Membership(chain=CHAIN, source="asked")
    assert fake.calls == [f"describe {ACCOUNT}"]


def test_the_name_is_returned_with_the_path() -> None:
    fake = FakeOrganizations(account={"Paths": [PATH], "Name": "orders\x1b[31m-prod"})
    membership = accounts(fake).membership(ACCOUNT)
    assert membership is not None
    assert membership.account_name.endswith("-prod")
    assert "\x1b" not in membership.account_name


def test_without_a_path_the_parents_are_looked_up() -> None:
    ou = "ORGANIZATIONAL_UNIT"
    parents = {ACCOUNT: (PROD, ou), PROD: (WORKLOADS, ou), WORKLOADS: (ROOT, "ROOT")}
    fake = FakeOrganizations(account={}, parents=parents)
    assert accounts(fake).membership(ACCOUNT) == Membership(chain=CHAIN, source="asked")


def test_an_account_of_another_organization_has_no_membership() -> None:
    assert accounts(FakeOrganizations(), organization_id="o-other").membership(ACCOUNT) is None


def test_an_account_that_left_has_no_membership_even_if_it_is_in_the_settings() -> None:
    fake = FakeOrganizations(error=refusal("AccountNotFoundException"))
    assert accounts(fake).membership(ACCOUNT) is None


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refusal("TooManyRequestsException"), id="throttled"),
        pytest.param(refusal("AccessDeniedException"), id="denied"),
        pytest.param(ReadTimeoutError(endpoint_url="x"), id="no response"),
    ],
)
def test_if_organizations_is_unavailable_the_settings_are_used_and_marked_as_the_source(error: Exception) -> None:
    membership = accounts(FakeOrganizations(error=error)).membership(ACCOUNT)
    assert membership is not None
    assert (membership.chain, membership.source) == (CHAIN, "remembered")
    assert membership.problem.startswith(
        "AWS Organizations could not be read, so the OU at the last roll-out was used: "
    )
    assert membership.is_denied is ("AccessDenied" in str(error))


def test_an_unknown_account_is_an_error_if_organizations_is_unavailable() -> None:
    with pytest.raises(ClientError):
        accounts(FakeOrganizations(error=refusal("TooManyRequestsException"))).membership(NEW)
    with pytest.raises(PermanentError) as raised:
        accounts(FakeOrganizations(error=refusal("AccessDeniedException"))).membership(NEW)
    assert raised.value.reason == "organization-not-readable"


def test_a_look_up_is_cached_for_five_minutes_and_a_fallback_for_half_a_minute() -> None:
    clock, fake = Clock(), FakeOrganizations()
    asked = accounts(fake, clock)
    asked.membership(ACCOUNT)
    clock.now += LOOKUP_LIFETIME - timedelta(seconds=1)
    asked.membership(ACCOUNT)
    assert len(fake.calls) == 1
    clock.now += timedelta(seconds=1)
    fake.error = refusal("TooManyRequestsException")
    assert (asked.membership(ACCOUNT) or Membership(chain=(), source="asked")).source == "remembered"
    clock.now += FALLBACK_LIFETIME
    fake.error = None
    assert (asked.membership(ACCOUNT) or Membership(chain=(), source="remembered")).source == "asked"


def test_a_delegated_administrator_can_look_up_every_account(sandbox: Sandbox) -> None:
    asked = accounts(sandbox.client("organizations"), organization_id=sandbox.organization.id)
    chains = {id_: asked.membership(id_) for id_ in sandbox.organization.accounts}
    assert chains == {
        id_: Membership(
            chain=sandbox.organization.account_chain(id_),
            source="asked",
            account_name=account.name,
        )
        for id_, account in sandbox.organization.accounts.items()
    }
    assert asked.membership("999999999999") is None
