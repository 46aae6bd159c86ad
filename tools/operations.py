"""docs/operations.md: what each alarm means and what to do, and the run book.

Alarms come from their catalogue and reasons from the handler, so that page, template and code cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from handler.reasons import MALFORMED_EVENT, NOT_A_PUSH, OU_NOT_ENABLED, SENTENCES
from templates.alarms import ABOVE, QUIET_CHANGES_NOTHING, QUIET_IS_BAD, QUIET_IS_GOOD, Alarm, catalogue
from templates.names import Names

WIDTH = 120
"""Columns of the page."""

INTRODUCTION = """\
# Operations

What to look at, what to do when something is wrong, and how to change an installation. `make golden` writes this page
from the templates and from `tools/operations.py`; names are those of the example, whose prefix is `deployer`.

Everything below works with credentials of the central account. `deployer failures` needs only `sts:AssumeRole` on the
role `deployer-operator` ([Permissions](permissions.md#operators)); for the other commands see [Operator
policies](operator-policy.md).

## Roll out, change and upgrade

```console
$ deployer plan                  # exits 2 when something would change
$ deployer rollout --org         # shows the plan, asks, and reads back what came of it
$ deployer status                # exits 2 when something is not as the config files say
```

A new version of deployer is one more change: install it, read the plan, roll out. Settings and code travel in one zip,
so the handler never runs old code with new settings. To go back, roll out the old version with the old files: the zip's
bytes are the same again. Running an interrupted roll-out again finishes it. Pushes are handled all the while; events
that arrive while the function changes wait in its queue.
"""

WATCHING = """\
## What there is to watch

- **Dashboard** `deployer` in CloudWatch, in the home region: alarms, what was created, refused (by reason) and failed,
  the time from push to repository (median and 95th percentile), the way in, the queues, and the last refusals in words.
- **Metrics** in the namespace `deployer`, read from logs: `Created`, `Refusals`, `Refused` and `Failed` (by `Reason`),
  `TimeToRepository` in milliseconds, `NoticesFailed`, `DeadLetters` and `UnreadableQueues`. The rest are AWS's own, of
  Lambda, EventBridge, SQS and DynamoDB.
- **The watch**, a second function: what members could not forward waits in their own queues, and CloudWatch shows an
  account no metrics of others. So `deployer-watch` counts those queues once an hour and logs one line, with the first
  places that have any, and those whose queue it could not read, with the error. It reads numbers and no messages. One
  alarm goes off when queues stay unreadable, another when the watch stops.
- **Log** `/aws/lambda/deployer-handler`: one line of JSON for each event, with `request_id`, `event_id`, `account`,
  `region`, `repository`, `principal`, `outcome`, `reason`, `detail`, and `milliseconds` by step. An attempt that Lambda
  will repeat has the outcome `retry`. Each start of a process is a line `started` with the version of `botocore`, which
  is the Lambda runtime's; `lacking` lists what that version does not know of what the handler uses, and what follows.
- **Traces** in AWS X-Ray, where `organization.yaml` says `tracing: true`: of the first event in each second and of 5 %
  of the others, how long it waited for the function, and how long each start and each run took. Calls within a run are
  not traced; `milliseconds` in the log has them, of every event. [costs.md](costs.md) says what traces cost. Lambda
  traces no function whose role may not send traces, and IAM may take a moment to spread that it may: should the
  roll-out that switches tracing on fail for this, the stack is as before, and another roll-out does it.
- **Ledger**: `deployer audit list`, every decision of every account.

Alarms notify the SNS topic that `organization.yaml` names, when they go off and when they are over. Without a topic
they show on the dashboard only. The topic's policy must let `cloudwatch.amazonaws.com` publish; if it is encrypted, so
must its key's policy.

```yaml
alarms:
  topic: arn:aws:sns:eu-west-1:200000000001:on-call
```
"""

RUN_BOOK = """\
## Run book

### A push is still refused

Only the first push to a missing repository should fail, with `NAME_UNKNOWN`; `deployer ensure` or `deployer push` in
front of it spares you that one, too ([pushing.md](pushing.md)). When pushes go on failing, look at these in order:

1. **Was it the client?** Another error than `NAME_UNKNOWN` (`denied`, `no basic auth credentials`) is about the
   pusher's own permissions or login: `deployer ensure --policy IMAGE` prints what a pusher needs. The image's reference
   must name the account and region that you mean.
2. **What was decided?** A record `refused` has the reason and the rule: see the table below. `created` or `exists`
   means that the repository is there: push again. `failed` means that it, or some of its settings, could not be made:
   see [Look at failures](#look-at-failures-and-hand-them-over-again).
3. **No record: is the account covered?** `deployer status` shows each OU and region, and `deployer explain` what would
   happen to the push. If something is missing: `deployer rollout --org`.
4. **Covered, but still no record: did the event get stuck?** `deployer failures list` and the alarms above tell.
5. **Nothing is stuck: does CloudTrail see the push?** A trail has to log write management events in that account and
   region, or EventBridge never receives them: `deployer doctor` checks the trail, and `deployer doctor --probe
   ACCOUNT/REGION` follows one request from the account to the ledger
   ([Troubleshooting](troubleshooting.md#deployer-doctor)).
6. **Was it a pull?** A pull of a missing repository creates it only if `create.on` has `pull`, and only if the trail
   logs read management events: a trail of write events never shows a pull. `deployer audit list --outcome ignored`
   shows pulls that reached the handler.
7. **Was it only a moment ago?** CloudTrail delivers on a best-effort basis, and AWS publishes no latency: allow some
   minutes. Push again: every push raises a new event, and handling two of them does no harm.

```console
$ deployer audit list --since 24h --repository team-a/tmp-1 --all
$ deployer explain 300000000001 team-a/tmp-1
$ deployer status
$ deployer failures list --since 36h
```

| reason | what it means |
| --- | --- |
{refusals}

To allow what was refused, change the OU's file, roll out, and push again. A refused event is not kept: redriving is for
failures.

### Look at failures and hand them over again

Two kinds of queues hold events that led to nothing: the failures queue in the central account (the handler failed, or
was not reached), and in each covered account and region the dead letters of its forwarding rule (the central bus was
not reached). `deployer failures` reads them all.

```console
$ deployer failures list
$ deployer failures list --ou Workloads/Prod --region eu-west-1 --reason "access-*" --since 7d
$ deployer failures redrive --account shop-prod --repository "team-a/**" --dry-run
$ deployer failures redrive --yes
```

`deployer failures show ID` shows everything about one message, with `--json` also the event itself. The handler's
reasons:

| reason | what it means |
| --- | --- |
{failures}

How a redrive works, and why you may repeat it, interrupt it and run two at once:

- Events go back by an asynchronous invocation of the handler, with the envelope exactly as it came: EventBridge accepts
  events of an AWS service only from that service. Lambda stores the event before it answers; only then is the message
  deleted.
- If it is killed in between, the message reappears within five minutes and the event is handed over a second time. The
  handler makes no second repository and no second record of it.
- While one command looks at messages, others cannot see them. A second `list` or `redrive` says how many are held.
- What fails again returns to the failures queue as a new message, which is kept for another 14 days.
- An event from a member's queue goes back only if it names that account and region: its administrators own the queue,
  and nobody vouches for what is in it. Any other message there stays until SQS deletes it after 14 days; the queue's
  owner may delete it earlier.
- A message that cannot be read, whatever is in it, is listed as `unreadable` with the reason. It affects no other
  message and no other queue. If there are more failures than `--limit`, each account of each queue gets a share of the
  list; `--account` shows the rest of one. Of a member's queue at most 10,000 messages, or 32 MiB, are read in one go.
- A malformed event (`malformed-event`) fails every time. Look at it with `show`, then let it expire.

The exit code is 23 if a queue could not be read or an event did not go back, or if no failure was received although
SQS counts more messages: another reader holds them, their sender delayed them, they were deleted within the last
minute, or a flood in a member's queue was not read to its end. Otherwise it is 0.

### Replay a time from the archive

Use this when no message is left: the failures queue was purged, its messages expired, or the handler decided by a wrong
setting, such as a rule that refused too much. Every event of that time is handled again, under today's settings.

```console
$ deployer failures replay --since 36h --dry-run
$ deployer failures replay --since 36h --yes
```

The archive holds what reached the central bus in the last 30 days (`retention.event_archive`). EventBridge takes up to
ten minutes to archive an event, so wait that long after an outage. The replay goes only to the handler's rule. It is
named after its times: if interrupted, the command finds it again by the same `--since` and `--until`; `--again` repeats
a complete one. Nothing is created twice. A repository deleted since is not created again by the event that had created
it, nor, while its record is kept (`retention.expiring_records`), by one that had found it. A limit of new repositories
counts the hour of the event, replayed or not.

### Somebody changed something by hand

CloudFormation compares templates, not resources: `deployer status` and `deployer rollout` see stacks that are missing
or out of date, but not a role, queue or function that was changed behind CloudFormation's back. Its drift detection
finds those:

```sh
aws cloudformation detect-stack-drift --stack-name deployer-central
aws cloudformation detect-stack-set-drift --stack-set-name deployer-access --call-as DELEGATED_ADMIN
```

In the central account, undo the change by hand. In a member you can do the same, or have its stack created again:
delete the stack instance without retaining the stack, and roll out. Redrive an account's dead letters before you delete
its forwarding, since the queue goes with it.

```sh
aws cloudformation delete-stack-instances --stack-set-name deployer-access --call-as DELEGATED_ADMIN \\
  --deployment-targets OrganizationalUnitIds=ou-exam-prod0001,Accounts=300000000001,AccountFilterType=INTERSECTION \\
  --regions eu-west-1 --no-retain-stacks
deployer rollout --org
```

### A name that was just deleted is still taken

`You must wait 60 seconds after deleting a queue` (SQS), or `A conflicting conditional operation is currently in
progress` (S3), after `deployer destroy` or a stack that was rolled back: `rollout` waits and tries again by itself.
[Troubleshooting](troubleshooting.md#a-roll-out-stops) says what to do if it still fails.

### Rotate

There is nothing secret to rotate: no key, password or token is stored anywhere; every caller is a role with credentials
for an hour. To cut off somebody who assumed `deployer-operator`, revoke the role's sessions in IAM. Trust rests on the
names of roles, so a role that was deleted and created again keeps working without other changes. Rotate a KMS key that
config files name in KMS. If you name another key, new repositories get it; ECR never changes the key of an existing
one.

### An account leaves, moves or is closed

An account that moves to another OU gets that OU's rules at its next push. StackSets remove by themselves what it should
no longer have; `deployer status` shows what is left. A suspended account's queue cannot be read; its dead letters are
lost with it.

The watch knows that an account is suspended only after a StackSets operation has skipped it. Until then the alarm
`queues-unreadable` counts an account that was closed since. To end that, have StackSets skip it, with
`cloudformation:UpdateStackInstances`; nothing changes in the account:

```sh
aws cloudformation update-stack-instances --stack-set-name deployer-forwarding --call-as DELEGATED_ADMIN \\
  --deployment-targets OrganizationalUnitIds=ou-exam-prod0001,Accounts=300000000001,AccountFilterType=INTERSECTION \\
  --regions eu-west-1 us-east-1
```

### Move the central account

The bus, the ledger and every trust policy name the central account, so a move is a new installation, and the old ledger
stays where it is. Choose a quiet hour: nobody receives the events of pushes in between, so these pushes have to be
repeated.

1. Make the new account a delegated administrator of StackSets ([Getting
   started](getting-started.md#2-check-the-prerequisites)).
2. In the old one, `deployer failures list` until it is empty, then `deployer destroy`. The ledger stays.
3. Change `central.account` (and `central.region`, `alarms.topic`) in `organization.yaml`.
4. In the new one, `deployer rollout --org`.

Read the old ledger with the old files and the old account's credentials. Repositories are not touched; those of the old
installation keep its tag and stay as they are.
"""


_CODES = list(SENTENCES)
REFUSALS = _CODES[_CODES.index(OU_NOT_ENABLED) : _CODES.index(NOT_A_PUSH)]
FAILURES = _CODES[_CODES.index(MALFORMED_EVENT) :]
"""Reasons by what they lead to: `SENTENCES` has them in the order of outcomes."""


_QUIET = {
    QUIET_IS_GOOD: "",
    QUIET_CHANGES_NOTHING: "; while nothing is measured, it stays as it is",
    QUIET_IS_BAD: ", or nothing is measured, for which CloudWatch may look up to two periods further back",
}


def render(names: Names) -> str:
    """The page."""
    book = RUN_BOOK.format(refusals=_table(REFUSALS), failures=_table(FAILURES))
    return "\n".join([INTRODUCTION, WATCHING, _alarms(names), book])


def _table(codes: Sequence[str]) -> str:
    return "\n".join(f"| `{code}` | {SENTENCES[code]} |" for code in codes)


def _alarms(names: Names) -> str:
    lines = ["## Alarms", ""]
    for alarm in catalogue(names):
        lines += [
            f"### `{names.alarm(alarm.name)}`",
            "",
            *fill(f"{alarm.meaning} Goes off when {_condition(alarm)}.", width=WIDTH).splitlines(),
            "",
            *fill(f"**What to do:** {alarm.action}", width=WIDTH).splitlines(),
            "",
        ]
    return "\n".join(lines)


def _condition(alarm: Alarm) -> str:
    """When an alarm goes off, in the words of CloudWatch's own pages."""
    watched = {id_: f"{statistic} of `{metric.name}`" for id_, (metric, statistic) in alarm.metrics.items()}
    listed = ", ".join(f"{id_} being the {text}" for id_, text in watched.items())
    what = f"`{alarm.formula}` ({listed})" if alarm.formula else f"the {watched['m']}"
    beyond, of = alarm.periods
    minutes = int(alarm.period.total_seconds() // 60)
    often = f"in {beyond} of {of} periods of {minutes} minutes" if of > 1 else f"in {minutes} minutes"
    side = "above" if alarm.comparison == ABOVE else "below"
    return f"{what} is {side} {alarm.threshold:,.0f} {often}{_QUIET[alarm.quiet]}"
