"""What STS is told about a session that is to be opened; moto (5.2.5) looks at none of it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from deployer.sandbox.calls import CURRENT, Call, Refused
from deployer.sandbox.iam.policies import PolicyError, parse_policy
from deployer.sandbox.seams import original, replace

_UNSUPPORTED = ("PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity")
"""What would change what a session may do, and is not judged here."""


@replace(TokenResponse, "assume_role")
def _assume_role(self: TokenResponse) -> ActionResult:
    """Say nothing of the packed size, where moto says 6 of any: how STS packs policies is its secret."""
    if (call := CURRENT.get()) is not None:
        _check_session(call)
    answer: ActionResult = original(TokenResponse, "assume_role")(self)
    result = answer.result
    assert isinstance(result, dict)
    return ActionResult({name: value for name, value in result.items() if name != "PackedPolicySize"})


def _check_session(call: Call) -> None:
    """Refuse a session with a policy that is none, or with more than the sandbox can hold it to."""
    for name in _UNSUPPORTED:
        if call.parameters.get(name):
            raise Refused("ValidationError", f"{name} is not supported by the sandbox")
    try:
        statements = parse_policy(call.parameters["Policy"]) if "Policy" in call.parameters else ()
    except PolicyError as error:
        raise Refused("MalformedPolicyDocument", str(error)) from error
    if any(statement.principals or statement.not_principals for statement in statements):
        raise Refused("MalformedPolicyDocument", "Policy document should not specify a principal.")
