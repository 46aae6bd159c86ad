"""Every outcome and every reason code, with a sentence for people: what happened and what to do.

Codes are stable: they are in ledgers, dashboards and scripts of users. A new one is added here first.
"""

from __future__ import annotations

from typing import Literal

Outcome = Literal["created", "exists", "refused", "ignored", "failed", "observed", "violation", "adopted", "released"]

# created
CREATED = "created"
FINISHED = "finished"
CREATED_BY_TEMPLATE = "created-by-template"
# exists
ALREADY_EXISTS = "already-exists"
# refused
OU_NOT_ENABLED = "ou-not-enabled"
REGION_NOT_ENABLED = "region-not-enabled"
NAME_INVALID = "name-invalid"
NAME_DENIED = "name-denied"
NAME_NOT_ALLOWED = "name-not-allowed"
PRINCIPAL_DENIED = "principal-denied"
PRINCIPAL_NOT_ALLOWED = "principal-not-allowed"
PRINCIPAL_OUTSIDE_ORGANIZATION = "principal-outside-organization"
LIMIT_REACHED = "limit-reached"
REFUSALS_LEFT_OUT = "refusals-left-out"
# ignored
NOT_A_PUSH = "not-a-push"
NOT_A_PULL = "not-a-pull"
FOREIGN_REGISTRY = "foreign-registry"
ACCOUNT_MISMATCH = "account-mismatch"
REGION_MISMATCH = "region-mismatch"
NOT_IN_ORGANIZATION = "not-in-organization"
DUPLICATE_EVENT = "duplicate-event"
REFUSED_ALREADY = "refused-already"
OTHER_EVENT = "other-event"
RECORDED_ALREADY = "recorded-already"
# failed
MALFORMED_EVENT = "malformed-event"
ORGANIZATION_NOT_READABLE = "organization-not-readable"
ROLE_NOT_ASSUMABLE = "role-not-assumable"
ACCESS_DENIED = "access-denied"
KMS_FAILED = "kms-failed"
QUOTA_REACHED = "quota-reached"
SETTINGS_NOT_ACCEPTED = "settings-not-accepted"
REQUEST_NOT_ACCEPTED = "request-not-accepted"
RECORD_CONFLICT = "record-conflict"
SDK_TOO_OLD = "sdk-too-old"
# observed
REPOSITORY_CREATED = "repository-created"
REPOSITORY_DELETED = "repository-deleted"
# adopted, released
ADOPTED = "adopted"
RELEASED = "released"

RETRYABLE_DENIALS = frozenset({ROLE_NOT_ASSUMABLE, ACCESS_DENIED})
"""Denials that may be temporary because a role or a tag is new; final if Lambda's retry is denied too (A12)."""

OUTCOMES: dict[Outcome, frozenset[str]] = {
    "created": frozenset({CREATED, FINISHED, CREATED_BY_TEMPLATE}),
    "exists": frozenset({ALREADY_EXISTS}),
    "refused": frozenset(
        {
            OU_NOT_ENABLED,
            REGION_NOT_ENABLED,
            NAME_INVALID,
            NAME_DENIED,
            NAME_NOT_ALLOWED,
            PRINCIPAL_DENIED,
            PRINCIPAL_NOT_ALLOWED,
            PRINCIPAL_OUTSIDE_ORGANIZATION,
            LIMIT_REACHED,
            REFUSALS_LEFT_OUT,
        }
    ),
    "ignored": frozenset(
        {
            NOT_A_PUSH,
            NOT_A_PULL,
            FOREIGN_REGISTRY,
            ACCOUNT_MISMATCH,
            REGION_MISMATCH,
            NOT_IN_ORGANIZATION,
            DUPLICATE_EVENT,
            REFUSED_ALREADY,
            OTHER_EVENT,
            RECORDED_ALREADY,
        }
    ),
    "failed": frozenset(
        {
            MALFORMED_EVENT,
            ORGANIZATION_NOT_READABLE,
            ROLE_NOT_ASSUMABLE,
            ACCESS_DENIED,
            KMS_FAILED,
            QUOTA_REACHED,
            SETTINGS_NOT_ACCEPTED,
            REQUEST_NOT_ACCEPTED,
            RECORD_CONFLICT,
            SDK_TOO_OLD,
        }
    ),
    "observed": frozenset({REPOSITORY_CREATED, REPOSITORY_DELETED}),
    "violation": frozenset(
        {OU_NOT_ENABLED, REGION_NOT_ENABLED, NAME_INVALID, NAME_DENIED, NAME_NOT_ALLOWED, LIMIT_REACHED}
    ),
    "adopted": frozenset({ADOPTED}),
    "released": frozenset({RELEASED}),
}
"""The reasons of each outcome. A violation has the reason of the refusal that it would have been; every other reason
belongs to one outcome."""

SENTENCES: dict[str, str] = {
    CREATED: "The repository was created with all of its settings.",
    FINISHED: "The repository was created, and a later attempt at the same event applied the missing settings.",
    CREATED_BY_TEMPLATE: "ECR created the repository during the push, by a creation template; it has all of its "
    "settings.",
    ALREADY_EXISTS: "The repository exists already, usually because another layer of the same push was handled first.",
    OU_NOT_ENABLED: "No config file enables the account's OU; set `enabled: true` in the OU's file.",
    REGION_NOT_ENABLED: "The region is not in `regions` of the account's settings; push to one that is, or have the "
    "OU's file changed.",
    NAME_INVALID: "ECR does not accept the name; it takes 2 to 256 lower-case letters and digits, with . _ - / "
    "between.",
    NAME_DENIED: "The name matches `create.names.deny`; push under another name, or have the OU's file changed.",
    NAME_NOT_ALLOWED: "The name matches nothing in `create.names.allow`; push under another name, or have the OU's "
    "file changed.",
    PRINCIPAL_DENIED: "The caller matches `create.principals.deny`; push as another role, or have the OU's file "
    "changed.",
    PRINCIPAL_NOT_ALLOWED: "The caller matches nothing in `create.principals.allow`; push as another role, or have the "
    "OU's file changed.",
    PRINCIPAL_OUTSIDE_ORGANIZATION: "The caller's account is not in the organization, or the event names none; push "
    "as a role of an account in the organization, or set `create.principals.outside_organization: true`.",
    LIMIT_REACHED: "The account has reached `create.limit.per_hour` new repositories in this hour; push again in the "
    "next hour.",
    REFUSALS_LEFT_OUT: "The account had more refusals in this hour than the ledger records; the others are counted, "
    "and each has a line in the handler's log.",
    NOT_A_PUSH: "The call was part of a pull or only checked for images, and `create.on` does not include pull.",
    NOT_A_PULL: "The call was part of a push, and `create.on` includes only pull.",
    FOREIGN_REGISTRY: "The call was for the registry of another account.",
    ACCOUNT_MISMATCH: "The envelope and CloudTrail name different accounts.",
    REGION_MISMATCH: "The envelope and CloudTrail name different regions.",
    NOT_IN_ORGANIZATION: "The account is not in the organization.",
    DUPLICATE_EVENT: "This event was handled before; it was delivered or replayed again.",
    REFUSED_ALREADY: "Another layer of the same push was refused for the same reason; the detail names its event.",
    OTHER_EVENT: "The event is not a failed call to a missing repository, and no creation or deletion of one.",
    RECORDED_ALREADY: "The handler created this repository itself, and the ledger has its `created` record.",
    MALFORMED_EVENT: "The event is not in the format that EventBridge and CloudTrail document; inspect the message.",
    ORGANIZATION_NOT_READABLE: "The handler may not read the account, which joined after the last roll-out, from AWS "
    "Organizations; make the central account a delegated administrator again, then redrive.",
    ROLE_NOT_ASSUMABLE: "The creator role is missing in the account or does not trust the handler; `deployer status "
    "--deep` shows what was changed, and `deployer rollout --org --deep` repairs it. If nothing was, check the SCPs. "
    "Then redrive.",
    ACCESS_DENIED: "AWS denied a call to the creator role; `deployer status --deep` shows whether the role was "
    "changed, and `deployer rollout --org --deep` repairs it. If it was not, check the SCPs. Then redrive.",
    KMS_FAILED: "The KMS key cannot be used: it is missing or disabled, or its policy does not allow the account; "
    "repair the key, then redrive.",
    QUOTA_REACHED: "An ECR quota of the account is exhausted; raise it or delete repositories, then redrive.",
    SETTINGS_NOT_ACCEPTED: "ECR did not accept a setting; correct the OU's file, roll out, then redrive.",
    REQUEST_NOT_ACCEPTED: "AWS refused a call with an error code that the handler does not know; see the detail.",
    SDK_TOO_OLD: "The AWS SDK of the Lambda runtime lacks a parameter that the settings need, such as the one for "
    "`mutability_exclusions`; let Lambda update the runtime, or roll out without the setting, then redrive.",
    RECORD_CONFLICT: "The ledger has a record of the same event for another repository, so one of the two events is "
    "forged; check who can write to the account's dead-letter queue, and run `deployer audit verify`.",
    REPOSITORY_CREATED: "A repository was created; `how` is the way, as far as CloudTrail proves it.",
    REPOSITORY_DELETED: "A repository was deleted, with all images in it; `how` is the way, as far as CloudTrail "
    "proves it.",
    ADOPTED: "A person adopted a repository that somebody else created: audits treat it as one of deployer, and never "
    "delete it.",
    RELEASED: "A person undid the adoption of a repository; deployer leaves it alone again.",
}
"""What happened; and for a refusal, after a semicolon, what the pusher can do."""


def sentence_of(outcome: str, reason: str) -> str | None:
    """What happened and what to do, for people; None for a reason that a newer version recorded."""
    sentence = SENTENCES.get(reason)
    if outcome != "violation" or sentence is None:
        return sentence
    return f"{sentence.partition(';')[0]}, but ECR created the repository; delete it, or have the OU's file changed."
