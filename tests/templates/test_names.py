from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, strategies

from templates.names import PREFIX_MAXIMUM_LENGTH, PREFIX_PATTERN, Names, prefix_problem
from tests.templates.reading import literal, resources, synthesize

LONGEST_REGION = "ap-southeast-99"
"""One character longer than any region there is."""

LIMITS = {
    "artifacts_bucket": 63,
    "artifacts_stack": 128,
    "central_stack": 128,
    "access_stack_set": 128,
    "forwarding_stack_set": 128,
    "event_bus": 256,
    "event_archive": 48,
    "central_rule": 64,
    "forwarding_rule": 64,
    "function": 64,
    "function_role": 64,
    "creator_role": 64,
    "operator_role": 64,
    "watch_function": 64,
    "watch_role": 64,
    "watch_rule": 64,
    "watch_log_group": 512,
    "forwarding_role": 64,
    "log_group": 512,
    "ledger_table": 255,
    "failures_queue": 80,
    "forwarding_dead_letter_queue": 80,
    "dashboard": 255,
    "metric_namespace": 255,
}
"""Most characters that AWS takes, from each service's quotas."""

ACCOUNT_WIDE = {"AWS::IAM::Role": "RoleName", "AWS::S3::Bucket": "BucketName"}
REGIONAL = {
    "AWS::SQS::Queue": "QueueName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
}


def names_with(prefix: str) -> Names:
    return Names(
        prefix=prefix, organization_id="o-exampleorg1", central_account="200000000001", central_region=LONGEST_REGION
    )


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_the_longest_prefix_stays_within_the_limit(name: str, limit: int) -> None:
    assert len(getattr(names_with("p" * PREFIX_MAXIMUM_LENGTH), name)) <= limit


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param("", id="an empty prefix"),
        pytest.param("p" * (PREFIX_MAXIMUM_LENGTH + 1), id="too long"),
        pytest.param("Deployer", id="upper case, which S3 refuses"),
        pytest.param("1deployer", id="begins with a digit, which CloudFormation refuses"),
        pytest.param("deployer-", id="ends with a hyphen"),
        pytest.param("xn--deployer", id="two hyphens, which S3 reserves"),
        pytest.param("my_deployer", id="an underscore, which S3 refuses"),
        pytest.param("deployer\n", id="a trailing newline"),
        pytest.param("sthree-images", id="begins with a prefix that S3 reserves"),
    ],
)
def test_a_prefix_that_any_service_would_refuse_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'prefix {prefix!r}')}"):
        names_with(prefix)


@pytest.mark.parametrize("prefix", ["d", "deployer", "ecr-on-push", "p" * PREFIX_MAXIMUM_LENGTH, "team1-2"])
def test_an_ordinary_prefix_is_accepted(prefix: str) -> None:
    assert names_with(prefix).prefix == prefix


def test_stacks_that_share_the_central_account_never_share_a_name(names: Names) -> None:
    """The central account may be a member that is covered: all four templates are then deployed to one region of it."""
    seen: dict[tuple[str, str], str] = {}
    for stack, template in synthesize(names).items():
        for logical_id, resource in resources(template).items():
            kind = resource["Type"]
            if name := (ACCOUNT_WIDE | REGIONAL).get(kind):
                key = (kind, literal(resource["Properties"][name]))
                assert key not in seen, f"{stack}.{logical_id} has the name of {seen[key]}"
                seen[key] = f"{stack}.{logical_id}"


def test_rules_of_one_bus_have_different_names(names: Names) -> None:
    assert names.forwarding_rule != names.central_rule


def test_two_prefixes_can_be_deployed_in_one_account() -> None:
    first, second = names_with("first"), names_with("second")
    for name in LIMITS:
        assert getattr(first, name) != getattr(second, name)


def test_arns_are_of_the_partition(names: Names) -> None:
    china = Names(
        prefix="deployer",
        organization_id="o-exampleorg1",
        central_account="200000000001",
        central_region="cn-north-1",
        partition="aws-cn",
        dns_suffix="amazonaws.com.cn",
    )
    assert china.event_bus_arn == "arn:aws-cn:events:cn-north-1:200000000001:event-bus/deployer-events"


def is_native_role(names: Names, role: str) -> bool:
    return re.fullmatch(names.native_role_pattern, role) is not None


REGIONS = ["eu-west-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "cn-northwest-1", LONGEST_REGION]


@pytest.mark.parametrize("region", REGIONS)
def test_the_role_of_creation_templates_is_recognized_by_its_name_and_only_by_its_own_installation(region: str) -> None:
    names = names_with("p" * PREFIX_MAXIMUM_LENGTH)
    assert len(names.native_role(region, "0123abcd")) <= 64
    assert is_native_role(names, names.native_role(region, "0123abcd"))
    outer, inner = names_with("team"), names_with("team-native-eu")
    assert is_native_role(inner, inner.native_role(region, "0123abcd"))
    assert not is_native_role(outer, inner.native_role(region, "0123abcd"))
    assert not is_native_role(inner, outer.native_role(region, "0123abcd"))


@pytest.mark.parametrize("role", ["creator_role", "auditor_role", "function_role", "forwarding_role"])
def test_no_other_role_is_mistaken_for_the_role_of_creation_templates(role: str) -> None:
    names = names_with("deployer")
    assert not is_native_role(names, getattr(names, role))


PATTERNS = {
    "artifacts_bucket": r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)",
    "central_stack": r"[a-zA-Z][a-zA-Z0-9-]{0,127}",
    "access_stack_set": r"[a-zA-Z][a-zA-Z0-9-]{0,127}",
    "event_bus": r"(?!aws\.)[.\-_A-Za-z0-9]{1,256}",
    "event_archive": r"[.\-_A-Za-z0-9]{1,48}",
    "central_rule": r"[.\-_A-Za-z0-9]{1,64}",
    "function": r"[a-zA-Z0-9-_]{1,64}",
    "creator_role": r"[\w+=,.@-]{1,64}",
    "log_group": r"[.\-_/#A-Za-z0-9]{1,512}",
    "ledger_table": r"[a-zA-Z0-9_.-]{3,255}",
    "failures_queue": r"[a-zA-Z0-9_-]{1,80}",
    "dashboard": r"[a-zA-Z0-9_-]{1,255}",
}
"""What each service takes, from its API reference."""


@given(prefix=strategies.from_regex(PREFIX_PATTERN, fullmatch=True))
def test_every_service_accepts_the_names_of_every_accepted_prefix(prefix: str) -> None:
    assume(prefix_problem(prefix) is None)
    names = names_with(prefix)
    for name, pattern in PATTERNS.items():
        assert re.fullmatch(pattern, getattr(names, name), re.ASCII), name
