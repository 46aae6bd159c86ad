"""An independent IAM simulator allows the calls that the installation needs, and denies those that must never be
allowed.
"""

from __future__ import annotations

import pytest

from tests.iam_simulate.allowed_calls import ALLOWED
from tests.iam_simulate.judge import Call, Verdict, is_installed, is_required, judge
from tests.iam_simulate.native_calls import NATIVE_ALLOWED, NATIVE_NEVER
from tests.iam_simulate.never_calls import NEVER

pytestmark = pytest.mark.slow

if not is_installed() and not is_required():
    pytest.skip("the judge of IAM policies is not installed (make node)", allow_module_level=True)

ALL_ALLOWED = {**ALLOWED, **NATIVE_ALLOWED}
ALL_NEVER = {**NEVER, **NATIVE_NEVER}
TABLE = {**ALL_ALLOWED, **ALL_NEVER}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    return dict(zip(TABLE, judge(list(TABLE.values())), strict=True))


@pytest.mark.parametrize("sentence", ALL_ALLOWED)
def test_a_needed_call_is_allowed(sentence: str, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[sentence].is_allowed


@pytest.mark.parametrize("sentence", ALL_NEVER)
def test_a_forbidden_call_is_denied(sentence: str, verdicts: dict[str, Verdict]) -> None:
    assert not verdicts[sentence].is_allowed


@pytest.mark.parametrize("sentence", TABLE)
def test_conditions_use_only_keys_that_aws_sends_with_the_call(sentence: str, verdicts: dict[str, Verdict]) -> None:
    """A condition on a key that an action does not have would refuse everything, or nothing."""
    assert list(verdicts[sentence].ignored) == []


def test_the_simulator_reports_an_unknown_action() -> None:
    call = Call(principal="arn:aws:iam::1:user/a", action="ecr:Nonsense", resource="*", account="1")
    assert judge([call])[0].error is not None
