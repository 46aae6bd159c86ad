"""AWS refuses invalid policies, for roles and for each kind of resource."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from moto.ecr.models import ECRBackend, ecr_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.s3.models import S3Backend, s3_backends
from moto.sqs.models import Queue, sqs_backends

from aws_org_sandbox.iam.documents import policy_error
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.refusals import refusal
from sandbox.tests.stacks import HOME, MEMBER, trust
from sandbox.tests.tiny_functions import create_function

NOBODY = f"arn:aws:iam::{MEMBER}:role/nobody"
ADMINISTRATOR = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"

Statement = Mapping[str, Any]


def policy(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allowing(principal: Any, action: str | list[str], **more: Any) -> str:
    return policy({"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": action, **more})


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        pytest.param("*", None, id="everybody"),
        pytest.param({"AWS": "999999999999"}, None, id="an account of any organization"),
        pytest.param({"AWS": f"arn:aws:iam::{MEMBER}:root"}, None, id="an account by its root"),
        pytest.param({"AWS": ADMINISTRATOR}, None, id="an existing role"),
        pytest.param({"AWS": ADMINISTRATOR.replace("iam::", "sts::").replace("role", "assumed-role") + "/jane"}, None,
                     id="a session of an existing role"),
        pytest.param({"Service": "events.amazonaws.com"}, None, id="a service"),
        pytest.param({"AWS": NOBODY}, f'Invalid principal in policy: "{NOBODY}"', id="a missing role"),
        pytest.param({"AWS": "arn:aws:iam::300000000001:role/*"}, "Invalid principal", id="a pattern of roles"),
        pytest.param({"AWS": "arn:aws:iam::3000:root"}, "Invalid principal", id="an invalid account number"),
        pytest.param({"Service": "events"}, "Invalid principal", id="the short name of a service"),
        pytest.param({"Role": ADMINISTRATOR}, "Invalid principal", id="an unknown type of principal"),
    ],
)  # fmt: skip
def test_principals_must_exist(sandbox: Sandbox, principal: Any, found: str | None) -> None:
    said = policy_error(allowing(principal, "sqs:SendMessage"), about=None, service="sqs")
    assert said == found if found is None else found in str(said)


def test_a_role_that_trusts_a_missing_principal_is_not_created(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", account=MEMBER)
    for document, code in (
        (trust({"AWS": NOBODY}), "MalformedPolicyDocument"),
        (trust({"Service": "lambda.amazonaws.com"}, Resource="*"), "MalformedPolicyDocument"),
        ({"Version": "2012-10-17", "Statement": []}, "MalformedPolicyDocument"),
        (trust({"Service": [f"service-{number:03}.amazonaws.com" for number in range(90)]}), "LimitExceeded"),
    ):
        make = json.dumps(document)
        assert refusal(lambda: iam.create_role(RoleName="r", AssumeRolePolicyDocument=make))[0] == code  # noqa: B023
    assert all(role["RoleName"] != "r" for role in iam.list_roles()["Roles"])
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust({"Service": "lambda.amazonaws.com"})))
    code, message = refusal(
        lambda: iam.update_assume_role_policy(RoleName="r", PolicyDocument=json.dumps(trust({"AWS": NOBODY})))
    )
    assert (code, message) == ("MalformedPolicyDocument", f'Invalid principal in policy: "{NOBODY}"')


def test_the_inline_policies_of_a_role_have_at_most_10240_characters_together(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", account=MEMBER)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust({"Service": "lambda.amazonaws.com"})))

    def long(characters: int) -> str:
        resource = f"arn:aws:ecr:*:*:repository/{'x' * (characters - 120)}"
        return policy({"Effect": "Allow", "Action": "ecr:CreateRepository", "Resource": resource})

    iam.put_role_policy(RoleName="r", PolicyName="one", PolicyDocument=long(6000))
    iam.put_role_policy(RoleName="r", PolicyName="one", PolicyDocument=long(6000))
    code, message = refusal(lambda: iam.put_role_policy(RoleName="r", PolicyName="two", PolicyDocument=long(6000)))
    assert (code, message) == ("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role r")


def test_a_bus_refuses_a_policy_for_a_missing_principal(sandbox: Sandbox) -> None:
    events = sandbox.client("events", account=MEMBER)
    arn = events.create_event_bus(Name="bus")["EventBusArn"]
    for document in (
        '{"Statement": []}',
        allowing({"AWS": NOBODY}, "events:PutEvents", Resource=arn),
        allowing("*", "events:PutEvents"),
        policy({"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn}),
    ):
        code, _ = refusal(lambda: events.put_permission(EventBusName="bus", Policy=document))  # noqa: B023
        assert code == "ValidationException"
    many = [json.loads(allowing("*", "events:PutEvents", Resource=arn))["Statement"][0] for _ in range(90)]
    long = policy(*({**statement, "Sid": str(number)} for number, statement in enumerate(many)))
    assert refusal(lambda: events.put_permission(EventBusName="bus", Policy=long))[0] == "PolicyLengthExceededException"
    assert "Policy" not in events.describe_event_bus(Name="bus")


def test_a_queue_refuses_a_policy_for_a_missing_principal_and_keeps_its_policy(sandbox: Sandbox) -> None:
    sqs = sandbox.client("sqs", account=MEMBER)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:{HOME}:{MEMBER}:q"
    good = allowing({"Service": "events.amazonaws.com"}, "sqs:SendMessage", Resource=arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": good})
    for document in ("{}", allowing({"AWS": NOBODY}, "sqs:SendMessage", Resource=arn)):
        code, _ = refusal(
            lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})  # noqa: B023
        )
        assert code == "InvalidAttributeValue"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(kept) == json.loads(good)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(allowing({"AWS": NOBODY}, "sns:Publish", Resource="*"), "Invalid principal", id="a missing role"),
        pytest.param(allowing({"AWS": MEMBER}, "sqs:SendMessage", Resource="*"), "out of service", id="other service"),
        pytest.param(allowing({"AWS": MEMBER}, "sns:*", Resource="*"), "out of service scope", id="a wildcard action"),
        pytest.param(allowing({"AWS": MEMBER}, "sns:ListTopics", Resource="*"), "out of service", id="an account's"),
    ],
)  # fmt: skip
def test_a_topic_refuses_invalid_policies(sandbox: Sandbox, document: str, message: str) -> None:
    sns = sandbox.client("sns", account=MEMBER)
    arn = sns.create_topic(Name="t")["TopicArn"]
    before = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    setting = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": document}
    for call in (
        lambda: sns.set_topic_attributes(**setting),
        lambda: sns.create_topic(Name="u", Attributes={"Policy": document}),
    ):
        code, said = refusal(call)
        assert code == "InvalidParameter"
        assert message in said
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] == before
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [arn]
    sns.set_topic_attributes(**setting | {"AttributeValue": before})


def test_a_bucket_accepts_only_a_policy_about_itself(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket="its-own", CreateBucketConfiguration={"LocationConstraint": HOME})
    good = {"Resource": ["arn:aws:s3:::its-own", "arn:aws:s3:::its-own/*"]}
    for document in (
        allowing({"AWS": NOBODY}, "s3:GetObject", **good),
        allowing({"AWS": MEMBER}, "s3:GetObject", Resource="arn:aws:s3:::another/*"),
        allowing({"AWS": MEMBER}, "s3:GetObject"),
        allowing({"AWS": MEMBER}, "ecr:BatchGetImage", **good),
    ):
        code, _ = refusal(lambda: s3.put_bucket_policy(Bucket="its-own", Policy=document))  # noqa: B023
        assert code == "MalformedPolicy"
    s3.put_bucket_policy(Bucket="its-own", Policy=allowing({"AWS": MEMBER}, "s3:GetObject", **good))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            allowing("*", "ecr:BatchGetImage", Resource="*"), id="a Resource element, which ECR's policies cannot have"
        ),
        pytest.param(policy({"Effect": "Allow", "Action": "ecr:BatchGetImage"}), id="no principal"),
        pytest.param(allowing({"AWS": NOBODY}, "ecr:BatchGetImage"), id="a missing role"),
        pytest.param('{"Version": "2012-10-17", "Statement": []}', id="no statement"),
        pytest.param(allowing({"AWS": MEMBER}, "s3:GetObject"), id="an action of another service"),
        pytest.param(
            allowing("*", "ecr:*", Condition={"StringEqual": {"aws:PrincipalOrgID": "o-a"}}),
            id="an unknown condition operator",
        ),
        pytest.param(
            allowing({"AWS": MEMBER}, ["ecr:*", "ecr-public:*"]), id="an action of another service among others"
        ),
    ],
)
def test_a_repository_refuses_invalid_policies(sandbox: Sandbox, document: str) -> None:
    ecr = sandbox.client("ecr", account=MEMBER)
    ecr.create_repository(repositoryName="team/api")
    code, message = refusal(lambda: ecr.set_repository_policy(repositoryName="team/api", policyText=document))
    assert code == "InvalidParameterException"
    assert message.endswith("failed to satisfy constraint: 'Invalid repository policy provided'")


def test_a_function_refuses_a_permission_for_a_missing_principal(sandbox: Sandbox) -> None:
    create_function(sandbox)
    for principal in ("nonsense", NOBODY):
        code, _ = refusal(
            lambda: sandbox.client("lambda").add_permission(
                FunctionName="tiny",
                StatementId="s",
                Action="lambda:InvokeFunction",
                Principal=principal,  # noqa: B023
            )
        )
        assert code == "InvalidParameterValueException"


def test_canary_moto_accepts_each_of_them(sandbox: Sandbox) -> None:
    nobody = allowing({"AWS": NOBODY}, "x:y", Resource="*")
    iam = iam_backends[MEMBER]["aws"]
    create = original(IAMBackend, "create_role")
    made = create(iam, "r", "{}", "/", None, "", [], "3600")
    original(IAMBackend, "put_role_policy")(
        iam, "r", "p", policy({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "x" * 11_000})
    )
    assert made.assume_role_policy_document == "{}"
    ecr = sandbox.client("ecr", account=MEMBER)
    ecr.create_repository(repositoryName="team/api")
    repository = ecr_backends[MEMBER][HOME]
    original(ECRBackend, "set_repository_policy")(
        repository, registry_id=MEMBER, repository_name="team/api", policy_text=nobody
    )
    sandbox.client("s3", account=MEMBER).create_bucket(
        Bucket="its-own", CreateBucketConfiguration={"LocationConstraint": HOME}
    )
    original(S3Backend, "put_bucket_policy")(s3_backends[MEMBER]["aws"], "its-own", nobody.encode())
    sandbox.client("sqs", account=MEMBER).create_queue(QueueName="q")
    queue = sqs_backends[MEMBER][HOME].queues["q"]
    original(Queue, "_set_attributes")(queue, {"Policy": nobody, "VisibilityTimeout": "99999"})
    original(Queue, "_set_attributes")(queue, {"DelaySeconds": "1"})
    assert (queue.policy, queue.attributes["VisibilityTimeout"]) == (None, 99999)
