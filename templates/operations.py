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
from the templates and from `templates/operations.py`; names are those of the example, whose prefix is `deployer`.

Everything below works with credentials of the central account. `deployer failures` needs no more than `sts:AssumeRole`
on the role `deployer-operator` ([permissions.md](permissions.md)); the rest needs what a roll-out needs.

## Roll out, change and upgrade

```console
$ deployer plan                  # exits 2 when something would change
$ deployer rollout --org         # shows the plan, asks, and reads back what came of it
$ deployer status                # exits 2 when something is not as the config files say
```

A new version of deployer is one more change: install it, read the plan, roll out. Settings and code travel in one zip,
so the handler never runs old code with new settings. To go back, roll out the old version with the old files: the zip's
bytes are the same again. A roll-out that was cut off is finished by running it again. Pushes are answered all the
while; events that come while the function changes wait in its queue.
"""

WATCHING = """\
## What there is to watch

- **Dashboard** `deployer` in CloudWatch, in the home region: alarms, what was created, refused (by reason) and failed,
  the time from push to repository (median and 95th percentile), the way in, the queues, and the last refusals in words.
- **Metrics** in the namespace `deployer`, read from logs: `Created`, `Refused` and `Failed` (by `Reason`),
  `TimeToRepository` in milliseconds, `NoticesFailed` and `DeadLetters`. The rest are AWS's own, of Lambda, EventBridge,
  SQS and DynamoDB.
- **The watch**, a second function: what members could not forward waits in their own queues, and CloudWatch shows an
  account no metrics of others. So `deployer-watch` counts those queues once an hour and logs one line, with the first
  places that have any. It reads numbers and no messages; an alarm tells when it stops.
- **Log** `/aws/lambda/deployer-handler`: one line of JSON for each event, with `request_id`, `event_id`, `account`,
  `region`, `repository`, `principal`, `outcome`, `reason`, `detail`, and `milliseconds` by step. An attempt that Lambda
  will repeat has the outcome `retry`.
- **Traces** in AWS X-Ray, where `organization.yaml` says `tracing: true`: of the first event in each second and of 5 %
  of the others, how long it waited for the function, and how long each start and each run took. Calls within a run are
  not traced; `milliseconds` in the log has them, of every event. [costs.md](costs.md) says what traces cost. Lambda
  traces no function whose role may not send traces, and IAM may take a moment to spread that it may: should the
  roll-out that switches tracing on fail for this, the stack is as before, and another roll-out does it.
- **Ledger**: `deployer audit list`, every decision of every account.

Alarms notify the SNS topic that `organization.yaml` names, when they go off and when they are over. Without one they
are to be seen on the dashboard only. The topic's policy must let `cloudwatch.amazonaws.com` publish, and its key too if
it is encrypted.

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
   region, or EventBridge never hears of them ([Getting started](getting-started.md#2-check-the-prerequisites) has the
   commands).
6. **Was it a pull?** For a pull of something missing a repository is created only where `create.on` says so. `deployer
   audit list --outcome ignored` shows these.
7. **Was it only a moment ago?** CloudTrail delivers on a best-effort basis, mostly within seconds, sometimes minutes.
   Push again: every push raises a new event, and handling two of them does no harm.

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

`deployer failures show ID` tells everything about one message, `--json` with the event itself. What the reasons of the
handler mean:

| reason | what it means |
| --- | --- |
{failures}

How a redrive works, and why it can be repeated, interrupted and run twice at once:

- Events go back by an asynchronous invocation of the handler, with the envelope exactly as it came: EventBridge takes
  no event of an AWS service from anybody else. Lambda keeps it before it answers; only then is the message deleted.
- Killed in between, the message shows again within five minutes and the event is handed over a second time. The
  handler makes no second repository and no second record of it.
- While messages are looked at, other readers do not see them. A second `list` or `redrive` says how many are held.
- What fails again comes back to the failures queue as a new message, with 14 days of its own.
- An event from a member's queue goes back only if it names that account and region: its administrators own the queue,
  and nobody vouches for what is in it. Such a message, and one that holds no event, stays until SQS forgets it, 14 days
  after it came; whoever owns the queue may delete it earlier.
- A malformed event (`malformed-event`) fails each time. Have a look at it with `show`, then let it expire.

The exit code is 23 when a queue could not be looked into or an event did not go back, 0 otherwise.

### Replay a time from the archive

For when no message is left: the failures queue was purged or expired, or the handler was wrong about something, such as
refusing by a rule that was a mistake. Every event of the time is handled again, under the settings of now.

```console
$ deployer failures replay --since 36h --dry-run
$ deployer failures replay --since 36h --yes
```

The archive has what reached the central bus in the last 30 days (`retention.event_archive`). EventBridge takes up to
ten minutes to archive an event, so give an outage's end some time before. The replay goes to the handler's rule only.
It is named after its time: interrupted, the command finds it again by the same `--since` and `--until`; `--again`
repeats one that is complete. Nothing is made twice, and a repository that was deleted since is not made again by an
event that had made it or, as long as its record is kept (`retention.expiring_records`), found it. A limit of new
repositories counts the hour of the event, replayed or not.

### Somebody changed something by hand

CloudFormation compares templates, not what is there: `deployer status` and `deployer rollout` see stacks that are
missing or out of date, and nothing of a role, a queue or a function that was changed behind CloudFormation's back. Its
drift detection does:

```sh
aws cloudformation detect-stack-drift --stack-name deployer-central
aws cloudformation detect-stack-set-drift --stack-set-name deployer-access --call-as DELEGATED_ADMIN
```

In the central account, undo the change by hand. In a member, that works too, or have its stack made anew: delete the
stack instance, keeping no stack, and roll out. Redrive the dead letters of an account before its forwarding is deleted,
since the queue goes with it.

```sh
aws cloudformation delete-stack-instances --stack-set-name deployer-access --call-as DELEGATED_ADMIN \\
  --deployment-targets OrganizationalUnitIds=ou-exam-prod0001,Accounts=300000000001,AccountFilterType=INTERSECTION \\
  --regions eu-west-1 --no-retain-stacks
deployer rollout --org
```

### Rotate

There is nothing secret to rotate: no key, no password, no token is stored anywhere; every caller is a role with an
hour's credentials. To cut off somebody who took on `deployer-operator`, revoke the role's sessions in IAM; the next
roll-out makes a role that was deleted anew, and trust rests on names, so nothing else has to change. A KMS key that
config files name is rotated in KMS; name another key, and new repositories get it, while ECR never changes the key of
an old one.

### An account leaves, moves or is closed

An account that moves to another OU has that OU's rules at its next push. Where StackSets should no longer be, they go
by themselves; `deployer status` tells what is left. A suspended account's queue cannot be read; its dead letters are
lost with it.

### Move the central account

The bus, the ledger and every trust policy name the central account, so a move is a new installation beside the ledger
of the old one. Choose a quiet hour: pushes in between raise events that nobody receives, and have to be repeated.

1. Make the new account a delegated administrator of StackSets, as `deployer plan` there will say.
2. In the old one, `deployer failures list` until it is empty, then `deployer destroy`. The ledger stays.
3. Change `central.account` (and `central.region`, `alarms.topic`) in `organization.yaml`.
4. In the new one, `deployer rollout --org`.

The old ledger is read with the old files and the old account's credentials as long as it is kept. Repositories are not
touched; those of the old installation carry its tag and stay as they are.
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
