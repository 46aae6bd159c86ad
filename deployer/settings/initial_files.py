"""The files that `deployer init` writes: a config folder that validates, with comments about further settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyascii import anyascii

from deployer.organization import Organization, normalized
from deployer.settings.json_schema import Kind, as_text, json_schema
from deployer.settings.yaml_text import word

ORGANIZATION = """\
# yaml-language-server: $schema=.schema/organization.json
#
# The central account, and defaults for every OU; files of OUs and accounts override them.
# Every key: `deployer schema --markdown`. Check with `deployer validate`.

organization: {organization}       # a roll-out to any other organization is refused

central:
  account: "{account}"          # {account_name}
  region: {region}

prefix: deployer                   # begins the name of every resource

# alarms:
#   topic: arn:aws:sns:{region}:{account}:on-call   # notified when an alarm changes its state

# ensure:
#   url: true                      # a public endpoint that answers only signed calls of this organization: a push
#                                  # whose repository is missing gets its answer in about a second
#                                  # (`deployer docs pushing`)

defaults:                          # for all OUs; each is enabled by its file in ous/
  repository:
    lifecycle_policy: policies/expire-untagged.json
    tags:
      pushed-by: "{{principal}}"
"""

OU = """\
# yaml-language-server: $schema={up}.schema/ou.json
#
# Applies to {accounts} in this OU and the OUs below; their own files override it.

ou: {path}
id: {id}
enabled: {enabled}
regions: [{region}]

# create:
#   names:
#     allow: ["team-*/**"]         # * matches within one part of a name, ** across /
#     deny: ["**/tmp-*"]           # wins over allow
#   principals:
#     allow: ["arn:aws:iam::*:role/ci-*"]
#   limit: {{per_hour: 50}}          # new repositories of one account
# repository:
#   image_tag_mutability: IMMUTABLE
#   mutability_exclusions: [latest, "sha256-*"]  # tags that may move; sha256-* are of signatures
#   encryption: {{type: KMS}}
#   tags: {{env: prod}}
# namespaces:                      # exceptions by name; the first match wins
#   - match: "**/*-cache"            # build caches write the same tags again
#     repository: {{image_tag_mutability: MUTABLE, mutability_exclusions: []}}
"""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""Letters that people write as two, and AnyAscii as one."""

EXPIRE_UNTAGGED = """\
{
  "rules": [
    {
      "rulePriority": 1,
      "description": "Untagged images expire after a week",
      "selection": {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 7
      },
      "action": { "type": "expire" }
    }
  ]
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Input of `init`: `enabled` OUs get a file that enables them, `prepared` ones a file that does not."""

    central_account: str
    region: str
    enabled: Sequence[str] = ()
    prepared: Sequence[str] = ()


def initial_files(organization: Organization, choices: Choices) -> dict[str, str]:
    """Texts by path inside the config folder."""
    account = organization.accounts.get(choices.central_account)
    files = {
        "organization.yaml": ORGANIZATION.format(
            organization=organization.id,
            account=choices.central_account,
            account_name=_comment(account.name) if account else "not in the organization",
            region=choices.region,
        ),
        "policies/expire-untagged.json": EXPIRE_UNTAGGED,
    }
    for ou_id in [*choices.enabled, *choices.prepared]:
        path = _file_of(organization, ou_id, taken=files)
        files[path] = _ou_file(organization, ou_id, path=path, choices=choices)
    for kind in Kind:
        files[f".schema/{kind}.json"] = as_text(json_schema(kind, organization))
    return files


def top_ous(organization: Organization) -> tuple[str, ...]:
    """Ids of the OUs directly below the root."""
    return tuple(ou.id for ou in organization.children(organization.root.id))


def _ou_file(organization: Organization, ou_id: str, *, path: str, choices: Choices) -> str:
    number = sum(1 for account in organization.accounts_below(ou_id) if account.is_active)
    return OU.format(
        up="../" * path.count("/"),
        accounts=f"{number} active account{'s' * (number != 1)}",
        path=word(organization.path(ou_id)),
        id=ou_id,
        enabled=str(ou_id in choices.enabled).lower(),
        region=choices.region,
    )


def _comment(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def _file_of(organization: Organization, ou_id: str, *, taken: Mapping[str, str]) -> str:
    """`ous/workloads/prod.yaml`; with the id if two names give the same path or a name has no usable character."""
    names = [organization.ous[id_].name for id_ in organization.chain(ou_id)]
    parts = [_slug(name) for name in (names[1:] or names)]
    path = f"ous/{'/'.join(parts)}.yaml"
    return path if all(parts) and path not in taken else f"ous/{ou_id}.yaml"


_LONGEST_SLUG = 80
"""Characters; file systems take 255, and OUs have names of up to 128."""
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")
"""Windows checks out no file or folder of such a name, with any extension.
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions"""


def _slug(name: str) -> str:
    """`größe & maß` as `groesse-mass`; other scripts and emoji as AnyAscii spells them, which may take more letters."""
    spelled = anyascii(normalized(name).lower().translate(_UMLAUTS))
    slug = re.sub(r"[^a-z0-9]+", "-", spelled.lower()).strip("-")[:_LONGEST_SLUG].rstrip("-")
    return f"{slug}-ou" if _DEVICE.fullmatch(slug) else slug
