"""The words of docs/configuration.md that no schema holds; deployer/settings/reference.py puts the page together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.settings import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a key's own model does not say in words."""

    type: str
    default: str
    limit: str = ""
    example: Any = None


ORGANIZATION_KEYS: Mapping[str, About] = {
    "organization": About(
        type="string", default="none", limit="`o-` and 10 to 32 of `a-z 0-9`", example="o-exampleorg1"
    ),
    "central.account": About(type="string", default="required", limit="12 digits, in quotes", example="200000000001"),
    "central.region": About(type="string", default="required", limit="a region", example="eu-west-1"),
    "prefix": About(type="string", default="`deployer`", limit=limits.prefix.text, example="deployer"),
    "cleanup": About(type="true or false", default="false", example=False),
    "alarms.topic": About(
        type="string",
        default="none",
        limit=limits.topic.text,
        example="arn:aws:sns:eu-west-1:200000000001:on-call",
    ),
    "tracing": About(type="true or false", default="false", example=False),
    "handler.reserved_concurrency": About(
        type="whole number", default="none", limit=limits.reserved_concurrency.text, example=20
    ),
    "defaults": About(type="map of settings", default="none", example={"repository": {"scan_on_push": True}}),
}
OU_KEYS: Mapping[str, About] = {
    "ou": About(
        type="string", default="required, or `id`", limit="exactly as Organizations has it", example="Workloads/Prod"
    ),
    "id": About(type="string", default="none", limit="`ou-…` or `r-…`", example="ou-exam-prod0001"),
}
ACCOUNT_KEYS: Mapping[str, About] = {
    "account": About(type="string", default="the file's name", limit="12 digits, in quotes", example="300000000003"),
}

FILES = """\
# Configuration

<!-- Made by `deployer schema --markdown`; edit deployer/settings/reference_text.py or the docstrings of the schema. -->

```text
config/
  organization.yaml        central account and region, prefix, defaults for every OU
  ous/<any path>.yaml      one for each OU that differs from its parent
  accounts/<id>.yaml       optional exceptions for one account
  policies/*.json          lifecycle and repository policies that the others name
```

Arrange the files below `ous/` and `accounts/` as you like: only their content matters. Names that begin with a dot are
not read. Files are UTF-8 and at most 1 MB; links that leave the folder are not followed.
"""

OUS = """\
Beside these come all of the settings below. An OU is named by its path of names from the top (`Workloads/Prod`; the
root is `Root`), by its id, or by both. If both are given they must agree, so that a renamed OU is noticed. Names are
compared exactly, capitals and spaces included; an OU whose name holds a `/` is best named by its id.

An OU without a file has its parent's settings. `enabled: false` switches off an OU and all below it that do not say
otherwise.
"""

ACCOUNTS = """\
Beside it come all of the settings below. Either the file is named after the account's id, or it has this key.
"""

SETTINGS = """\
These may stand in `defaults`, in an OU's file and in an account's. None is required. `null` resets a key to its default
here, whatever files above say.
"""

NAMESPACES = """\
Exceptions for some names. The first entry whose `match` a repository's name matches is merged over `repository`; later
ones have no say. `match` is the only key that is required. To reset something there, set the key inside `repository` to
`null`, not `repository` itself.
"""

REGISTRY = """\
### registry

A roll-out sets these in each covered account and region; the handler has no part in it. `registry.scanning` replaces
the scanning configuration that a registry has, so it is deployed only where a `type` is given, here or above. OUs with
the same content share a StackSet, `<prefix>-registry-scanning-<digest>`, and new accounts get it by themselves.

`filters` are ECR's own, not the globs below: `*` crosses `/`, and a filter without `*` matches every name that contains
it. What no filter matches is scanned by hand only (BASIC) or not at all (ENHANCED). With ENHANCED, Amazon Inspector
scans and charges, and `repository.scan_on_push` has no effect. `MANUAL` has no filters.

An OU that changes its content moves to another StackSet: the old configuration is removed before the new one is made,
and in between the registry has ECR's default, basic scanning started by hand. An OU that drops it (`scanning: null`)
goes back to that default, and the plan says so.

When an account moves between OUs with different scanning, AWS removes the old configuration and creates the new one by
itself, in no guaranteed order. If a removal fails, so that both are left, the next roll-out creates the right one
again. If the removal comes last, the registry has ECR's default although its stack is CURRENT, which no plan can see:
check such a registry after the move.
"""

GLOBS = """\
## Globs

In names (`create.names`, `namespaces[].match`), `*` is any run of characters within one part of a name, `**` also
crosses `/`, and `**/` at the start of a part stands for any number of parts, none included: `**/tmp-*` matches `tmp-1`
and `team-a/web/tmp-1`; `team-a/**` matches all below `team-a`, not `team-a` itself.

In principals, globs work like IAM's `ArnLike`: each of the six parts of an ARN by itself, `*` any run of characters in
it, `/` included. A session of an assumed role is matched by its own ARN and by its role's. `deny` wins over `allow`.

For callers of other accounts, CloudTrail often records no ARN, only an account and an id such as `AROAEXAMPLE:build`.
No pattern of an ARN matches such a caller: it passes every `deny` that names ARNs, and no `allow` but `*` (or a pattern
of its id) lets it through. So `deny` does not keep callers of other accounts out; the rule that follows does, and an
`allow` of ARNs does.

Callers of accounts outside the organization are refused (`principal-outside-organization`), whatever the event records
of them, and so are callers whose account the event does not name. `create.principals.outside_organization: true` lets
them through where `allow` and `deny` do. The account is looked up in AWS Organizations; callers of the registry's own
account need no look-up. AWS services that call on their own behalf belong to no account, and this rule does not refuse
them.

A glob that begins with `*` needs quotes in YAML.
"""

PLACEHOLDERS = """\
## Placeholders

Values of `repository.tags` may hold {listed}. Characters that ECR does not accept in a tag become `_`, and a
value is cut to 256 characters. `encryption.kms_key` may hold `{{account}}` and `{{region}}`.
"""

MERGING = """\
## How files are merged

Nearest wins: `defaults`, then the file of each OU from the root down to the account's, then the account's own.

1. Maps merge, key by key, at any depth; `tags` is a map.
2. Anything else replaces: strings, numbers, lists. A list never grows by merging; name all of its entries.
3. `null` resets a key, with all below it, to the built-in default; a file further down may set it again.
4. After that, and for each name by itself, the first matching entry of `namespaces` is merged over `repository`.

The handler merges when an event arrives, for the OU that the account is in at that moment. So a moved or new account,
and an OU created after the last roll-out, has the right settings at once. `deployer explain ACCOUNT|OU` shows each
value with the file and line that it comes from.

An example:
"""

EXAMPLE: Mapping[str, str] = {
    "organization.yaml": """\
# organization.yaml
central: {account: "200000000001", region: eu-west-1}
defaults:
  repository:
    scan_on_push: true
    encryption: {type: KMS}
    tags: {owner: platform, pushed-by: "{principal}"}
""",
    "ous/workloads.yaml": """\
# ous/workloads.yaml
ou: Workloads
enabled: true
regions: [eu-west-1, us-east-1]
repository:
  tags: {owner: workloads}
""",
    "ous/dev.yaml": """\
# ous/dev.yaml
ou: Workloads/Dev
regions: [eu-west-1]
repository:
  encryption: null
  tags: {pushed-by: null, env: dev}
namespaces:
  - match: "scratch/**"
    repository: {scan_on_push: false, tags: {env: scratch}}
""",
    "accounts/400000000001.yaml": """\
# accounts/400000000001.yaml
regions: [eu-west-1, eu-central-1]
""",
}

EXAMPLE_RESULT = """\
Account 400000000001, in `Workloads/Dev`, then has, beside the built-in defaults (AES256 among them, since `encryption`
was reset):
"""

EXAMPLE_NAMESPACE = """\
A repository `scratch/x` there has these instead, and `owner: workloads` as all others:
"""

YAML = """\
## YAML

Files are YAML 1.2. Words that readers of YAML 1.1 and 1.2 take for different values are errors instead of guesses:
`yes`, `no`, `on`, `off` without quotes, numbers such as `010` or `1_000`, numbers of more than 20 digits, and unquoted
account ids, which lose their leading zeros. So are keys given twice, tags (`!!str`), aliases and merge keys (`*name`,
`<<`), and a second document in a file. Keys are strings whatever they look like, and so are dates and times. A key with
nothing behind it is a warning: it resets the key, which `null` says more plainly.
"""

CHECKING = """\
## Checking

`deployer validate` reads every file and reports every problem as `file:line:column: key: problem`. It needs no
credentials. With `--organization FILE` (a snapshot by `deployer organization snapshot`) or `--live` it checks OUs and
accounts too, and with `--live` and credentials of the central account whether its regions are enabled there. It exits
with 0, with 1 for warnings under `--strict`, with 2 for errors. `--format github` makes annotations for a pull request,
`--json` is for other tools.

Warnings are: policy files that nobody uses, rules that can never have a say (a namespace behind a wider one, an `allow`
that `deny` refuses entirely, an entry that another covers), a region listed twice, an OU that is enabled in no region,
`create.on: [pull]`, which needs a trail that logs read management events, mutability that turns inherited exclusions
around, files that are not read, and keys with nothing behind them.

`deployer explain` and `deployer simulate` answer by the code that the handler runs: what would happen, by which rules,
what the repository would look like, and where each value comes from. `simulate` takes a file with an event, as
EventBridge delivers it.

```console
$ deployer organization snapshot --out config/snapshot.json                  # needs credentials; all below does not
$ deployer validate --strict --organization config/snapshot.json
$ deployer explain Workloads/Prod --organization config/snapshot.json
$ deployer explain shop-prod team-a/api --region us-east-1 --organization config/snapshot.json
```

## Editors

In an editor with a YAML language server, the first line of a file brings completion and checks:

```yaml
# yaml-language-server: $schema=../.schema/ou.json
```

`deployer schema --out config/.schema --organization FILE` writes these, with the organization's own OUs to choose from.
"""
