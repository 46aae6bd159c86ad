"""Checks that the SNS topics that config files name exist: CloudFormation accepts alarms that notify no topic."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import PermissionDeniedError
from deployer.settings import Config
from deployer.settings.problems import InvalidConfigurationError, Problem


def check_topics(session: Session, config: Config) -> None:
    """Raise InvalidConfigurationError, with file and key, for topics that do not exist.

    A topic that the caller may not read, as in another account, is taken to exist.
    """
    if problems := tuple(_problems(session, config)):
        raise InvalidConfigurationError(problems)


def _problems(session: Session, config: Config) -> Iterator[Problem]:
    topic = config.notifications.topic if config.notifications else ""
    for key, arn in (("alarms", config.alarm_topic), ("notifications", topic)):
        if arn and arn.startswith("arn:") and not _exists(session, arn):
            message = f"the topic {arn} does not exist: create it, or correct its ARN"
            yield config.source.problem((key, "topic"), message)


def _exists(session: Session, arn: str) -> bool:
    try:
        with translated():
            try:
                session.client("sns", region=arn.split(":")[3]).get_topic_attributes(TopicArn=arn)
            except ClientError as error:
                if code_of(error) in {"NotFound", "NotFoundException"}:
                    return False
                raise
    except PermissionDeniedError:
        return True
    return True
