"""Installations are recognized by what they deployed, and refused unless the config files describe them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from troposphere import Template

from deployer.errors import OtherInstallationError
from deployer.planning.other_installations import (
    FoundInstallation,
    by_bucket,
    by_stack_sets,
    central_account_in,
    check_only_installation,
    check_removable,
    other_installations,
)
from templates import access, forwarding
from templates.names import Names
from templates.parts import body

CENTRAL = "200000000001"
NAMES = Names(prefix="deployer", organization_id="o-exampleorg1", central_account=CENTRAL, central_region="eu-west-1")
OWN = FoundInstallation(prefix="deployer", region="eu-west-1", account=CENTRAL, resources=("StackSet deployer-access",))
DESCRIPTIONS = {
    "deployer-access": access.DESCRIPTION,
    "deployer-forwarding": forwarding.DESCRIPTION,
    "ecr-dev-forwarding": forwarding.DESCRIPTION,
    "ecr-dev-registry-scanning-0a1b2c3d": "deployer: how registries scan their images",
    "ecr-dev-registry-creation-templates-0a1b2c3d": "deployer: ECR creates repositories on push",
    "guardrails-access": "roles of the security team",
    "deployer-other": "deployer: of another tool",
    "Bad-access": access.DESCRIPTION,
}


def test_stack_sets_belong_to_installations_by_name_and_description() -> None:
    assert [(one.prefix, one.resources) for one in by_stack_sets(DESCRIPTIONS, region="eu-west-1")] == [
        ("deployer", ("StackSet deployer-access", "StackSet deployer-forwarding")),
        (
            "ecr-dev",
            (
                "StackSet ecr-dev-forwarding",
                "StackSet ecr-dev-registry-creation-templates-0a1b2c3d",
                "StackSet ecr-dev-registry-scanning-0a1b2c3d",
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("bucket", "found"),
    [
        pytest.param(NAMES.artifacts_bucket, ("deployer", "eu-west-1"), id="of this prefix"),
        pytest.param(
            f"ecr-dev-artifacts-{CENTRAL}-us-gov-west-1", ("ecr-dev", "us-gov-west-1"), id="of another prefix"
        ),
        pytest.param("deployer-artifacts-300000000001-eu-west-1", None, id="of another account"),
        pytest.param(f"Build-artifacts-{CENTRAL}-eu-west-1", None, id="with an invalid prefix"),
        pytest.param(f"logs-{CENTRAL}-eu-west-1", None, id="with another purpose"),
    ],
)
def test_a_bucket_belongs_to_an_installation_by_its_name(bucket: str, found: tuple[str, str] | None) -> None:
    one = by_bucket(bucket, account=CENTRAL)
    assert (one and (one.prefix, one.region)) == found


@pytest.mark.parametrize("template", [access.template(NAMES), forwarding.template(NAMES)], ids=["access", "forwarding"])
def test_a_template_names_its_central_account(template: Template) -> None:
    text = body(template)
    assert central_account_in(text, prefix="deployer") == CENTRAL
    assert central_account_in(text, prefix="deploy") is None


@pytest.mark.parametrize(
    ("found", "restored"),
    [
        pytest.param({"prefix": "ecr"}, "`prefix: ecr`", id="prefix"),
        pytest.param({"account": "200000000002"}, "`central.account: 200000000002`", id="central account"),
        pytest.param({"region": "eu-central-1"}, "`central.region: eu-central-1`", id="central region"),
        pytest.param(
            {"prefix": "ecr", "account": None, "region": "us-east-1"},
            "`prefix: ecr`, `central.region: us-east-1`",
            id="another prefix, whose account is not readable",
        ),
    ],
)
def test_another_installation_is_refused_with_the_keys_to_restore(found: dict[str, str], restored: str) -> None:
    values = {"prefix": "deployer", "account": CENTRAL, "region": "eu-west-1", "resources": ("StackSet x",)} | found
    with pytest.raises(OtherInstallationError) as refused:
        check_only_installation(NAMES, [OWN, FoundInstallation(**values)])  # type: ignore[arg-type]
    assert restored in (refused.value.next_step or "")
    assert "deployer docs operations" in (refused.value.next_step or "")
    assert all(str(value) in refused.value.message for value in found.values() if value)
    assert "StackSet x" in refused.value.message


def test_one_installation_is_reported_once_with_everything_that_was_found() -> None:
    stack_set = FoundInstallation(prefix="deployer", region="us-east-1", resources=("StackSet deployer-access",))
    bucket = FoundInstallation(prefix="deployer", region="us-east-1", account=CENTRAL, resources=("bucket b",))
    (one,) = other_installations(NAMES, [stack_set, bucket, stack_set])
    assert (one.account, one.resources) == (CENTRAL, ("StackSet deployer-access", "bucket b"))


@given(
    values=st.sets(
        st.tuples(
            st.sampled_from(["deployer", "ecr"]),
            st.sampled_from([CENTRAL, "200000000002"]),
            st.sampled_from(["eu-west-1", "us-east-1"]),
        )
    ),
    exists=st.booleans(),
)
def test_a_removal_never_deletes_stack_sets_of_another_account_and_reports_other_installations(
    values: set[tuple[str, str, str]], exists: bool
) -> None:
    found = [FoundInstallation(prefix=prefix, account=account, region=region) for prefix, account, region in values]
    others = other_installations(NAMES, found)
    same_names = ("deployer", "200000000002", "eu-west-1") in values
    if same_names or (others and not exists):
        with pytest.raises(OtherInstallationError):
            check_removable(NAMES, found, exists=exists)
    else:
        assert check_removable(NAMES, found, exists=exists) == others


@given(
    prefix=st.sampled_from(["deployer", "ecr"]),
    account=st.sampled_from([CENTRAL, "200000000002", None]),
    region=st.sampled_from(["eu-west-1", "us-east-1"]),
)
def test_exactly_the_installation_of_the_config_files_is_accepted(
    prefix: str, account: str | None, region: str
) -> None:
    is_own = (prefix, region) == ("deployer", "eu-west-1") and account in {CENTRAL, None}
    found = FoundInstallation(prefix=prefix, region=region, account=account)
    assert (other_installations(NAMES, [found]) == ()) == is_own
