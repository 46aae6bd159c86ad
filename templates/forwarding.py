"""StackSet `<prefix>-forwarding`: the rule and its dead-letter queue, in each covered region of a member account."""

from __future__ import annotations

from troposphere import GetAtt, Template, events

from templates.event_pattern import forwarded_events
from templates.names import Names
from templates.parts import compose, dead_letters, retry_policy, tags
from templates.policies import arn_here
from templates.queues import dead_letter_queue
from templates.resource_policies import admit_operators, admit_watch

DESCRIPTION = "deployer: forwards failed pushes to missing repositories to the central event bus"
LOSS = "the rule: pushes create no repositories there any more; and its dead-letter queue with all events in it"
RULE = "ForwardingRule"
QUEUE = "DeadLetterQueue"


def template(names: Names, *, observe: bool = True) -> Template:
    """The rule on the default bus with the central bus as its target, and the queue for undelivered events."""
    queue = dead_letter_queue(
        QUEUE,
        queue_name=names.forwarding_dead_letter_queue,
        names=names,
        rule_arn=GetAtt(RULE, "Arn"),
        admitting=[admit_operators(names, queue=QUEUE), admit_watch(names, queue=QUEUE)],
    )
    return compose(DESCRIPTION, [_rule(names, observe=observe)], queue)


def _rule(names: Names, *, observe: bool) -> events.Rule:
    """The target needs the role: a bus whose policy admits an organization accepts no events without one."""
    target = events.Target(
        Id="central-event-bus",
        Arn=names.event_bus_arn,
        RoleArn=arn_here("iam", f"role/{names.forwarding_role}", region=""),
        RetryPolicy=retry_policy(),
        DeadLetterConfig=dead_letters(QUEUE),
    )
    return events.Rule(
        RULE,
        Name=names.forwarding_rule,
        Description="Forwards ECR calls to missing repositories to the central event bus",
        EventPattern=forwarded_events(observe=observe),
        State="ENABLED",
        Targets=[target],
        Tags=tags(names),
    )
