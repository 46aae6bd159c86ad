from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeServiceAccess,
    OrganizationsBackend,
)

from aws_org_sandbox.credentials import issue_administrator
from aws_org_sandbox.faults import Fault, Throttle
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.organizations.accounts import EXAMPLE, STACK_SETS_PRINCIPAL
from aws_org_sandbox.sandbox import Sandbox

MANAGEMENT, CENTRAL, SHOP = "100000000000", "200000000001", "300000000001"
PROD, DEV, PAYMENTS = "ou-exam-prod0001", "ou-exam-dev00001", "ou-exam-paym0001"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_account_has_paths_and_a_state_but_no_status(sandbox: Sandbox) -> None:
    account = sandbox.client("organizations").describe_account(AccountId="300000000004")["Account"]
    assert account["Paths"] == ["o-exampleorg1/r-exam/ou-exam-work0001/ou-exam-prod0001/ou-exam-paym0001/300000000004/"]
    assert account["State"] == "ACTIVE"
    assert "Status" not in account
    assert sandbox.client("organizations").describe_account(AccountId="600000000001")["Account"]["State"] == "SUSPENDED"


def test_accounts_are_listed_in_pages_of_at_most_20(sandbox: Sandbox) -> None:
    for number in range(15):
        sandbox.create_account(f"more-{number:02d}", DEV)
    client = sandbox.client("organizations")
    first = client.list_accounts()
    assert len(first["Accounts"]) == 20
    second = client.list_accounts(NextToken=first["NextToken"])
    assert "NextToken" not in second
    listed = {account["Id"] for account in first["Accounts"] + second["Accounts"]}
    assert listed == set(sandbox.organization.accounts)
    for wrong in ({"MaxResults": 21}, {"NextToken": "made-up"}):
        with pytest.raises(ClientError) as error:
            client.list_accounts(**wrong)
        assert code(error) == "InvalidInputException"
    with pytest.raises(ClientError) as error:
        client.list_accounts_for_parent(ParentId=DEV, NextToken=first["NextToken"])
    assert code(error) == "InvalidInputException"


READS: list[Any] = [
    pytest.param(lambda client: client.describe_account(AccountId=SHOP), id="DescribeAccount"),
    pytest.param(lambda client: client.list_accounts(), id="ListAccounts"),
    pytest.param(lambda client: client.list_roots(), id="ListRoots"),
    pytest.param(lambda client: client.list_parents(ChildId=SHOP), id="ListParents"),
    pytest.param(lambda client: client.list_children(ParentId=PROD, ChildType="ACCOUNT"), id="ListChildren"),
    pytest.param(lambda client: client.describe_organizational_unit(OrganizationalUnitId=PROD), id="DescribeOU"),
    pytest.param(lambda client: client.list_organizational_units_for_parent(ParentId="r-exam"), id="ListOUs"),
    pytest.param(lambda client: client.list_delegated_administrators(), id="ListDelegatedAdministrators"),
]


@pytest.mark.parametrize("read", READS)
def test_reads_work_from_management_and_delegated_administrators_only(
    sandbox: Sandbox, read: Callable[[Any], dict[str, Any]]
) -> None:
    answers = [read(sandbox.client("organizations", account=account)) for account in (MANAGEMENT, CENTRAL)]
    for answer in answers:
        del answer["ResponseMetadata"]
    assert answers[0] == answers[1]
    with pytest.raises(ClientError) as error:
        read(sandbox.client("organizations", account=SHOP))
    assert code(error) == "AccessDeniedException"


def test_every_member_may_describe_its_organization(sandbox: Sandbox) -> None:
    described = sandbox.client("organizations", account=SHOP).describe_organization()["Organization"]
    assert (described["Id"], described["MasterAccountId"]) == (EXAMPLE.id, MANAGEMENT)


def test_changes_are_for_the_management_account(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as error:
        sandbox.client("organizations").create_organizational_unit(ParentId="r-exam", Name="Mine")
    assert code(error) == "AccessDeniedException"


def test_an_account_is_created_in_the_background_and_starts_in_the_root(sandbox: Sandbox) -> None:
    client = sandbox.client("organizations", account=MANAGEMENT)
    status = client.create_account(AccountName="new", Email="new@example.com")["CreateAccountStatus"]
    assert status["State"] == "IN_PROGRESS"
    sandbox.settle()
    status = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    assert client.list_parents(ChildId=status["AccountId"])["Parents"] == [{"Id": "r-exam", "Type": "ROOT"}]
    arn = sandbox.client("sts", account=status["AccountId"]).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{status['AccountId']}:user/administrator"


def test_a_closed_account_becomes_suspended(sandbox: Sandbox) -> None:
    client = sandbox.client("organizations", account=MANAGEMENT)
    with sandbox.held():
        client.close_account(AccountId=SHOP)
        assert client.describe_account(AccountId=SHOP)["Account"]["State"] == "PENDING_CLOSURE"
    sandbox.settle()
    assert client.describe_account(AccountId=SHOP)["Account"]["State"] == "SUSPENDED"


MISTAKES: list[Any] = [
    pytest.param(
        "describe_account", {"AccountId": "999999999999"}, "AccountNotFoundException", id="an unknown account"
    ),
    pytest.param("list_parents", {"ChildId": "999999999999"}, "ChildNotFoundException", id="an unknown child"),
    pytest.param(
        "list_accounts_for_parent", {"ParentId": "ou-exam-nowhere1"}, "ParentNotFoundException", id="an unknown parent"
    ),
    pytest.param(
        "move_account",
        {"AccountId": SHOP, "SourceParentId": DEV, "DestinationParentId": PROD},
        "SourceParentNotFoundException",
        id="a move from another parent",
    ),
    pytest.param(
        "move_account",
        {"AccountId": SHOP, "SourceParentId": PROD, "DestinationParentId": PROD},
        "DuplicateAccountException",
        id="a move to its own parent",
    ),
    pytest.param(
        "move_account",
        {"AccountId": SHOP, "SourceParentId": PROD, "DestinationParentId": "ou-exam-nowhere1"},
        "DestinationParentNotFoundException",
        id="a move to an unknown parent",
    ),
    pytest.param(
        "create_organizational_unit",
        {"ParentId": "r-exam", "Name": "Workloads"},
        "DuplicateOrganizationalUnitException",
        id="a second OU with the same name",
    ),
    pytest.param(
        "delete_organizational_unit",
        {"OrganizationalUnitId": PROD},
        "OrganizationalUnitNotEmptyException",
        id="an OU that is not empty",
    ),
    pytest.param(
        "close_account", {"AccountId": MANAGEMENT}, "ConstraintViolationException", id="closing the management account"
    ),
    pytest.param(
        "remove_account_from_organization",
        {"AccountId": MANAGEMENT},
        "MasterCannotLeaveOrganizationException",
        id="removing the management account",
    ),
    pytest.param(
        "remove_account_from_organization",
        {"AccountId": CENTRAL},
        "ConstraintViolationException",
        id="removing a delegated administrator",
    ),
    pytest.param(
        "remove_account_from_organization",
        {"AccountId": "999999999999"},
        "AccountNotFoundException",
        id="removing an unknown account",
    ),
    pytest.param(
        "invite_account_to_organization",
        {"Target": {"Type": "ACCOUNT", "Id": SHOP}},
        "HandshakeConstraintViolationException",
        id="inviting a member",
    ),
    pytest.param(
        "invite_account_to_organization",
        {"Target": {"Type": "ACCOUNT", "Id": "999999999999"}},
        "InvalidInputException",
        id="inviting an account that the sandbox does not have",
    ),
    pytest.param(
        "accept_handshake",
        {"HandshakeId": "h-examplehandshake"},
        "HandshakeNotFoundException",
        id="an unknown handshake",
    ),
    pytest.param(
        "register_delegated_administrator",
        {"AccountId": CENTRAL, "ServicePrincipal": STACK_SETS_PRINCIPAL},
        "AccountAlreadyRegisteredException",
        id="delegating twice",
    ),
]


@pytest.mark.parametrize(("operation", "parameters", "expected"), MISTAKES)
def test_mistakes_get_the_errors_of_aws(
    sandbox: Sandbox, operation: str, parameters: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(sandbox.client("organizations", account=MANAGEMENT), operation)(**parameters)
    assert code(error) == expected


def test_an_account_that_leaves_keeps_its_resources_and_returns_to_the_root(sandbox: Sandbox) -> None:
    management, shop = (sandbox.client("organizations", account=account) for account in (MANAGEMENT, SHOP))
    sandbox.client("ecr", account=SHOP).create_repository(repositoryName="team-a/api")
    management.tag_resource(ResourceId=SHOP, Tags=[{"Key": "team", "Value": "a"}])
    management.remove_account_from_organization(AccountId=SHOP)
    assert SHOP not in sandbox.organization.accounts
    for read in (shop.describe_organization, shop.leave_organization):
        with pytest.raises(ClientError) as error:
            read()
        assert code(error) == "AWSOrganizationsNotInUseException"
    with pytest.raises(ClientError) as error:
        management.describe_account(AccountId=SHOP)
    assert code(error) == "AccountNotFoundException"
    assert membership.scps_for(SHOP) == []

    target = {"Type": "ACCOUNT", "Id": SHOP}
    invited = management.invite_account_to_organization(Target=target)["Handshake"]
    with pytest.raises(ClientError) as error:
        management.invite_account_to_organization(Target=target)
    assert code(error) == "DuplicateHandshakeException"
    assert [one["Id"] for one in shop.list_handshakes_for_account()["Handshakes"]] == [invited["Id"]]
    with pytest.raises(ClientError) as error:
        sandbox.client("organizations", account="400000000001").accept_handshake(HandshakeId=invited["Id"])
    assert code(error) == "HandshakeNotFoundException"
    assert shop.accept_handshake(HandshakeId=invited["Id"])["Handshake"]["State"] == "ACCEPTED"
    with pytest.raises(ClientError) as error:
        shop.accept_handshake(HandshakeId=invited["Id"])
    assert code(error) == "HandshakeAlreadyInStateException"
    account = management.describe_account(AccountId=SHOP)["Account"]
    assert (account["Paths"], account["JoinedMethod"]) == ([f"o-exampleorg1/r-exam/{SHOP}/"], "INVITED")
    assert management.list_tags_for_resource(ResourceId=SHOP)["Tags"] == []
    assert len(membership.scps_for(SHOP)) == 2
    (repository,) = sandbox.client("ecr", account=SHOP).describe_repositories()["repositories"]
    assert repository["repositoryName"] == "team-a/api"


def test_a_member_can_leave_the_organization(sandbox: Sandbox) -> None:
    sandbox.client("organizations", account=SHOP).leave_organization()
    assert SHOP not in sandbox.organization.accounts
    assert sandbox.readmit_account(SHOP, PROD).parent_id == PROD


def test_a_delegated_administrator_can_leave_after_deregistration_and_returns_as_a_member(sandbox: Sandbox) -> None:
    management = sandbox.client("organizations", account=MANAGEMENT)
    management.deregister_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=STACK_SETS_PRINCIPAL)
    management.remove_account_from_organization(AccountId=CENTRAL)
    sandbox.readmit_account(CENTRAL)
    assert management.list_delegated_administrators()["DelegatedAdministrators"] == []
    with pytest.raises(ClientError, match="not a delegated administrator"):
        sandbox.client("cloudformation", account=CENTRAL).list_stack_sets(CallAs="DELEGATED_ADMIN")


def test_ous_are_at_most_five_levels_deep(sandbox: Sandbox) -> None:
    parent = PAYMENTS
    for level in (4, 5):
        parent = sandbox.create_ou(f"Level {level}", parent).id
    with pytest.raises(ClientError) as error:
        sandbox.client("organizations", account=MANAGEMENT).create_organizational_unit(ParentId=parent, Name="Level 6")
    assert code(error) == "ConstraintViolationException"


def test_a_new_delegated_administrator_may_read(sandbox: Sandbox) -> None:
    management = sandbox.client("organizations", account=MANAGEMENT)
    management.register_delegated_administrator(AccountId=SHOP, ServicePrincipal=STACK_SETS_PRINCIPAL)
    assert sandbox.client("organizations", account=SHOP).list_roots()["Roots"]
    management.deregister_delegated_administrator(AccountId=SHOP, ServicePrincipal=STACK_SETS_PRINCIPAL)
    with pytest.raises(ClientError):
        sandbox.client("organizations", account=SHOP).list_roots()


def test_scps_are_collected_by_level(sandbox: Sandbox) -> None:
    management = sandbox.client("organizations", account=MANAGEMENT)
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]}
    policy = management.create_policy(
        Name="no-ecr", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(content)
    )
    management.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=PROD)
    levels = membership.scps_for("300000000004")
    assert [len(level) for level in levels] == [1, 1, 2, 1, 1]
    assert json.dumps(content) in levels[2]
    assert membership.scps_for(MANAGEMENT) == []


def test_organizations_is_throttled_with_its_own_error(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="organizations", times=1, effect=Throttle()))
    client = sandbox.client("organizations")
    with pytest.raises(ClientError) as error:
        client.list_accounts()
    assert code(error) == "TooManyRequestsException"
    assert client.list_accounts()["Accounts"]


def test_an_account_outside_the_organization_cannot_describe_one(sandbox: Sandbox) -> None:
    issue_administrator("999999999999")
    with pytest.raises(ClientError) as error:
        sandbox.client("organizations", account="999999999999").describe_organization()
    assert code(error) == "AWSOrganizationsNotInUseException"


# What moto does by itself, and why the seam exists: when one of these fails, review the seam.
def test_canary_moto_has_neither_paths_nor_pages(sandbox: Sandbox) -> None:
    backend = OrganizationsBackend("aws", "123456789012")
    backend.create_organization(region="us-east-1")
    (account,) = backend.accounts
    assert isinstance(account, FakeAccount)
    assert {"Status", "State"} <= account.describe().keys()
    assert "Paths" not in account.describe()
    assert vars(account).keys() >= {
        "id",
        "name",
        "email",
        "parent_id",
        "state",
        "status",
        "attached_policies",
        "create_time",
    }
    assert vars(backend).keys() >= {"org", "accounts", "ou", "policies", "services", "admins"}


def test_canary_moto_cannot_delegate_stack_sets() -> None:
    assert STACK_SETS_PRINCIPAL not in FakeDelegatedAdministrator.SUPPORTED_SERVICES
    assert STACK_SETS_PRINCIPAL in FakeServiceAccess.TRUSTED_SERVICES
