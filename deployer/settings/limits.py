"""Limits of ECR, KMS and IAM on single values, checked before a roll-out.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html,
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html,
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Tag.html,
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deployer.function_url import FORM, FunctionUrl
from handler.json_values import JsonValue
from handler.ledger import MAX_PER_HOUR
from handler.regions import PATTERN as _REGION
from handler.regions import REGION
from handler.repository_names import MAXIMUM_LENGTH, is_valid
from handler.tags import MAX_CONFIGURED_TAGS, MAX_TAGS, MAX_VALUE_LENGTH, sanitize
from handler.tags import OWN_TAGS as OWN_TAG_KEYS
from templates.names import PREFIX_MAXIMUM_LENGTH, PREFIX_PATTERN, prefix_problem

MOST_EXCLUSIONS = 5
MOST_SCAN_FILTERS = 100
LONGEST_SCAN_FILTER = 255
PLACEHOLDERS = ("principal", "account", "account_name", "ou", "region", "repository", "namespace", "event_time")
OWN_TAGS = "deployer:"

ACCOUNT_ID = re.compile(r"[0-9]{12}")
_NAME_GLOB = re.compile(r"[a-z0-9._/*-]+")
_PRINCIPAL = re.compile(r"\*|(arn|\*):[^:]+:(iam|sts|\*):[^:]*:[^:]*:.+|arn:.*\*.*")
_EXCLUSION = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
_KMS_KEY = re.compile(
    rf"arn:[a-z-]+:kms:({_REGION}|\{{region\}}):([0-9]{{12}}|\{{account\}}):(key|alias)/([a-zA-Z0-9/_-]|\{{account\}}|\{{region\}})+"
)
_NOTICE_TOPIC = re.compile(rf"create|arn:[a-z-]+:sns:{_REGION}:[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
OU_ID = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}")
_SCAN_FILTER = re.compile(r"[a-z0-9*]+([._/-][a-z0-9*]+)*")
_GROUP_NAME = re.compile(r"\(\?P<\w+>")
TOPIC = re.compile(rf"arn:aws[a-z-]*:sns:(?P<region>{_REGION}):[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}")
_POLICY_FILE = re.compile(r"[^\\:*?\"<>|]+\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A limit: the check, which returns a message if it is exceeded, its JSON Schema, and its description."""

    check: Callable[[JsonValue], str | None]
    schema: Mapping[str, JsonValue] = field(default_factory=dict)
    text: str
    is_count: bool = False
    """Whether it only counts parts, so that it is checked even if the parts have errors."""


def _matching(pattern: re.Pattern[str], message: str, *, text: str) -> Rule:
    return Rule(
        check=lambda value: None if pattern.fullmatch(value) else message,
        schema={"pattern": f"^({_GROUP_NAME.sub('(', pattern.pattern)})$"},
        text=text,
    )


def _check_name_glob(value: str) -> str | None:
    if not _NAME_GLOB.fullmatch(value):
        return "matches no repository: ECR names have only a-z 0-9 . _ - and /; wildcards are * and **"
    if len(value) > MAXIMUM_LENGTH:
        return f"{len(value)} characters; an ECR repository name has at most {MAXIMUM_LENGTH}"
    if value.startswith("/") or value.endswith("/") or "//" in value:
        return "matches no repository: ECR names neither begin nor end with / nor have two in a row"
    if "*" not in value and not is_valid(value):
        return "matches no repository: ECR accepts no such name (2 characters at least, . _ - only between others)"
    return None


def _check_exclusion(value: str) -> str | None:
    if not _EXCLUSION.fullmatch(value):
        return "ECR accepts 1 to 128 of 0-9 a-z A-Z . _ * - as an exclusion filter"
    return None


def _check_exclusions(value: list[str]) -> str | None:
    if len(value) > MOST_EXCLUSIONS:
        return f"{len(value)} exclusion filters; ECR accepts at most {MOST_EXCLUSIONS}"
    return None


def _check_scan_filter(value: str) -> str | None:
    if len(value) > LONGEST_SCAN_FILTER:
        return f"{len(value)} characters; ECR accepts at most {LONGEST_SCAN_FILTER} for a scanning filter"
    if not _SCAN_FILTER.fullmatch(value):
        return "ECR accepts a-z 0-9 * in a scanning filter, and . _ - / singly between them"
    return None


def _check_scan_filters(value: list[str]) -> str | None:
    if not value:
        return "an empty list scans nothing; use `frequency: MANUAL` for that"
    if len(value) > MOST_SCAN_FILTERS:
        return f"{len(value)} scanning filters; ECR accepts at most {MOST_SCAN_FILTERS}"
    return None


def _check_tags(value: dict[str, str | None]) -> str | None:
    if len(value) > MAX_CONFIGURED_TAGS:
        return f"{len(value)} tags; ECR accepts {MAX_TAGS} for a repository, and deployer adds {len(OWN_TAG_KEYS)}"
    return None


MOST_DAYS = 3650
MOST_RESERVED = 10_000
"""More than any account needs here. Lambda itself refuses what leaves fewer than 100 of an account's unreserved; an
account has 1,000 unless its quota was raised."""
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
_LOG_DAYS_TEXT = ", ".join(map(str, LOG_DAYS))


def _check_tag_key(value: str) -> str | None:
    if not 1 <= len(value) <= 128:
        return f"{len(value)} characters; ECR accepts 1 to 128 for the key of a tag"
    if value.lower().startswith("aws:"):
        return "ECR reserves tag keys that begin with aws:"
    if value.startswith(OWN_TAGS):
        return f"deployer reserves tag keys that begin with {OWN_TAGS}"
    return None if sanitize(value) == value else "ECR accepts letters, digits, spaces and _ . : / = + - @ in a tag key"


def _check_tag_value(value: str | None) -> str | None:
    if value is None:
        return None
    fixed = value
    for name in PLACEHOLDERS:
        fixed = fixed.replace(f"{{{name}}}", "")
    if "{" in fixed or "}" in fixed:
        return "braces are for placeholders: " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    if len(fixed) > MAX_VALUE_LENGTH:
        return f"{len(fixed)} characters; ECR accepts at most {MAX_VALUE_LENGTH} for the value of a tag"
    return (
        None if sanitize(fixed) == fixed else "ECR accepts letters, digits, spaces and _ . : / = + - @ in a tag value"
    )


def _check_policy_file(value: str) -> str | None:
    if value.startswith("/") or ".." in value.split("/"):
        return "is outside config/: name a file inside, as in policies/two-weeks.json"
    if "//" in value or any(part in {"", "."} for part in value.split("/")):
        return "use a path without empty parts and dots, as in policies/two-weeks.json"
    return None if _POLICY_FILE.fullmatch(value) else "must be a .json file, with / between folders"


def _check_per_hour(value: int | None) -> str | None:
    if value is None or 1 <= value <= MAX_PER_HOUR:
        return None
    if value < 1:
        return "at least 1; use `enabled: false` to disable an OU"
    return f"at most {MAX_PER_HOUR:,}, up to which counting is exact; null for no limit"


def _check_days(value: int | None) -> str | None:
    return None if value is None or 1 <= value <= MOST_DAYS else f"1 to {MOST_DAYS} days"


def _check_reserved_concurrency(value: int | None) -> str | None:
    if value is None or 1 <= value <= MOST_RESERVED:
        return None
    return f"1 to {MOST_RESERVED:,}; 0 would disable the handler" if value < 1 else f"1 to {MOST_RESERVED:,}"


def _check_function_url(value: object) -> str | None:
    if isinstance(value, bool) or (isinstance(value, str) and FunctionUrl.read(value)):
        return None
    return f"neither true nor false nor a function URL, which looks like {FORM}"


def _check_log_days(value: int | None) -> str | None:
    if value is None or value in LOG_DAYS:
        return None
    return f"CloudWatch Logs supports {_LOG_DAYS_TEXT} days"


def _check_outcomes(value: list[str]) -> str | None:
    return None if value else "list at least one outcome, or remove `notifications`"


account_id = _matching(
    ACCOUNT_ID, 'an account id is 12 digits in quotes, as in "012345678901"', text="12 digits, quoted"
)
organization_id = _matching(
    _ORGANIZATION, "an organization id looks like o-exampleorg1", text="`o-` and 10 to 32 a-z 0-9"
)
ou_id = _matching(OU_ID, "an OU id looks like ou-exam-prod0001, the root's like r-exam", text="`ou-…` or `r-…`")
region = _matching(REGION, "not a region: they look like eu-west-1", text="region")
prefix = Rule(
    check=prefix_problem,
    schema={"pattern": PREFIX_PATTERN, "maxLength": PREFIX_MAXIMUM_LENGTH},
    text=f"at most {PREFIX_MAXIMUM_LENGTH} of `a-z 0-9 -`, a letter first",
)
name_glob = Rule(
    check=_check_name_glob,
    schema={"pattern": "^[a-z0-9._/*-]+$", "maxLength": MAXIMUM_LENGTH},
    text="glob",
)
principal_glob = _matching(
    _PRINCIPAL, "an IAM ARN, `*` as wildcard, as in arn:aws:iam::*:role/ci-*", text="ARN with `*`"
)
exclusion = Rule(
    check=_check_exclusion,
    schema={"pattern": f"^{_EXCLUSION.pattern}$"},
    text="each at most 128 characters",
)
exclusions = Rule(
    check=_check_exclusions, schema={"maxItems": MOST_EXCLUSIONS}, text=f"at most {MOST_EXCLUSIONS}", is_count=True
)
scan_filter = Rule(
    check=_check_scan_filter,
    schema={"pattern": "^[a-z0-9*._/-]+$", "maxLength": LONGEST_SCAN_FILTER},
    text="each at most 255 characters",
)
scan_filters = Rule(
    check=_check_scan_filters,
    schema={"minItems": 1, "maxItems": MOST_SCAN_FILTERS},
    text=f"1 to {MOST_SCAN_FILTERS}",
    is_count=True,
)
kms_key = _matching(
    _KMS_KEY,
    "not the ARN of a KMS key, as in arn:aws:kms:{region}:{account}:alias/ecr",
    text="ARN of a key or alias",
)
tags = Rule(
    check=_check_tags,
    schema={"maxProperties": MAX_CONFIGURED_TAGS},
    text=f"at most {MAX_CONFIGURED_TAGS} tags",
    is_count=True,
)
tag_key = Rule(check=_check_tag_key, schema={"minLength": 1, "maxLength": 128}, text="keys of 1 to 128")
tag_value = Rule(check=_check_tag_value, text="values of at most 256 characters")
policy_file = Rule(check=_check_policy_file, schema={"pattern": "\\.json$"}, text="`.json` file")
per_hour = Rule(check=_check_per_hour, schema={"minimum": 1, "maximum": MAX_PER_HOUR}, text=f"1 to {MAX_PER_HOUR:,}")
notice_topic = _matching(
    _NOTICE_TOPIC, "`create`, or the ARN of an SNS topic that is no FIFO topic", text="`create` or an ARN"
)
outcomes = Rule(
    check=_check_outcomes, schema={"minItems": 1}, text="at least one of created, refused, failed, violation, observed"
)
days = Rule(check=_check_days, schema={"minimum": 1, "maximum": MOST_DAYS}, text=f"1 to {MOST_DAYS} days")
reserved_concurrency = Rule(
    check=_check_reserved_concurrency, schema={"minimum": 1, "maximum": MOST_RESERVED}, text=f"1 to {MOST_RESERVED:,}"
)
function_url = Rule(
    check=_check_function_url,
    schema={
        "anyOf": [
            {"type": "boolean"},
            {"type": "string", "pattern": r"^https://[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.aws(:443)?/?$"},
        ]
    },
    text=f"`{FORM}`",
)
log_days = Rule(check=_check_log_days, schema={"enum": list(LOG_DAYS)}, text="days that CloudWatch Logs accepts")
topic = _matching(
    TOPIC,
    "not the ARN of an SNS topic that alarms can notify, as in arn:aws:sns:eu-west-1:200000000001:on-call (no FIFO)",
    text="ARN in the home region, no FIFO topic",
)
