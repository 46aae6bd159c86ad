"""Calls of the handler's function URL, and of the function itself, that are needed and that must never be allowed."""

from __future__ import annotations

from dataclasses import replace

from deployer.pushing.pusher_policy import pusher_policy
from tests.iam_simulate.installation import CENTRAL, HOME, MEMBER, NAMES, ORGANIZATION, STRANGER, Role, central
from tests.iam_simulate.judge import ANYTHING, Call, Policy

_CONDITIONS = {
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
}
"""The conditions that Lambda makes of a permission's parameters.
https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"""

FUNCTION = NAMES.function_arn
THROUGH_URL = {"lambda:FunctionUrlAuthType": "AWS_IAM", "lambda:InvokedViaFunctionUrl": "true"}
OTHER_ORGANIZATION = "o-otherorg99"


def function_policy() -> Policy:
    """The policy that Lambda makes of the template's permissions for everybody of the organization."""
    statements = []
    for logical_id in ("HandlerUrlPermission", "HandlerUrlInvocation"):
        permission = central.resource(logical_id)
        condition: dict[str, dict[str, str]] = {}
        for parameter, (operator, key) in _CONDITIONS.items():
            if parameter in permission:
                value = permission[parameter]
                condition.setdefault(operator, {})[key] = str(value).lower() if value is True else value
        statements.append(
            {
                "Sid": logical_id,
                "Effect": "Allow",
                "Principal": permission["Principal"],
                "Action": permission["Action"],
                "Resource": FUNCTION,
                "Condition": condition,
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _call(who: Role, action: str, *, through_url: bool = True, resource: str = FUNCTION) -> Call:
    keys = THROUGH_URL if through_url else {}
    known = {"lambda:InvokeFunctionUrl": "lambda:FunctionUrlAuthType", "lambda:InvokeFunction": None}
    context = {key: value for key, value in keys.items() if known.get(action) in {None, key}}
    if action == "lambda:InvokeFunction":
        context.pop("lambda:FunctionUrlAuthType", None)
    return Call(
        principal=who.session,
        action=action,
        resource=resource,
        account=CENTRAL,
        context={**who.context, **context},
        identity_policies=who.policies,
        resource_policy=function_policy(),
    )


def _somebody(account: str, *policies: Policy, organization: str = ORGANIZATION) -> Role:
    return Role(
        arn=f"arn:aws:iam::{account}:role/ci-build", policies=list(policies) or [ANYTHING], organization=organization
    )


_PUSHER = _somebody(MEMBER, pusher_policy([], function=FUNCTION))
"""With the policy that `deployer ensure --policy` prints."""
_PUSHER_OF_IMAGES = _somebody(MEMBER, pusher_policy([], function=None))
_STRANGER = _somebody(STRANGER, organization=OTHER_ORGANIZATION)
_WITHOUT = _somebody(MEMBER, {"Version": "2012-10-17", "Statement": []})

URL_ALLOWED: dict[str, Call] = {
    "a pusher of a member calls the handler's URL": _call(_PUSHER, "lambda:InvokeFunctionUrl"),
    "a pusher of a member has the handler invoked through its URL": _call(_PUSHER, "lambda:InvokeFunction"),
}

URL_NEVER: dict[str, Call] = {
    "a pusher of a member invokes the handler directly": _call(_PUSHER, "lambda:InvokeFunction", through_url=False),
    "an administrator of a member invokes the handler directly": _call(
        _somebody(MEMBER), "lambda:InvokeFunction", through_url=False
    ),
    "a principal of a member without permission calls the handler's URL": _call(_WITHOUT, "lambda:InvokeFunctionUrl"),
    "a pusher with only the policy of the event lane calls the handler's URL": _call(
        _PUSHER_OF_IMAGES, "lambda:InvokeFunctionUrl"
    ),
    "a pusher of a member calls the URL of another function": replace(
        _call(_PUSHER, "lambda:InvokeFunctionUrl"), resource=f"{FUNCTION}-2"
    ),
    "another organization calls the handler's URL": _call(_STRANGER, "lambda:InvokeFunctionUrl"),
    "another organization has the handler invoked through its URL": _call(_STRANGER, "lambda:InvokeFunction"),
    "an administrator of a member invokes the watch": replace(
        _call(_somebody(MEMBER), "lambda:InvokeFunction", through_url=False),
        resource=f"arn:aws:lambda:{HOME}:{CENTRAL}:function:deployer-watch",
        resource_policy=None,
    ),
}
