"""Deprecated runtimes: their dates, and that Lambda's calls enforce them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.functions.deprecation import refusal
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.tiny_functions import create_function

RUNTIME = "python3.13"
TODAY = date(2026, 11, 28)
LAST_DAY = date(2027, 1, 31)


@pytest.mark.parametrize(
    ("runtime", "on", "is_new", "refused"),
    [
        pytest.param(RUNTIME, TODAY, True, False, id="the runtime of the central function"),
        pytest.param("python3.6", TODAY, True, True, id="a deprecated runtime"),
        pytest.param("python3.6", TODAY, False, True, id="a deprecated runtime, for an existing function"),
        pytest.param("python3.7", TODAY, True, True, id="no new functions"),
        pytest.param("python3.7", TODAY, False, False, id="no new functions, but changes are allowed"),
        pytest.param("python3.9", LAST_DAY, True, False, id="the last day"),
        pytest.param("python3.9", LAST_DAY + timedelta(days=1), True, True, id="the day after"),
        pytest.param("python3.9", date(2027, 3, 2), False, False, id="the last day of changes"),
        pytest.param("python3.9", date(2027, 3, 3), False, True, id="the day after the last day of changes"),
    ],
)
def test_runtimes_are_refused_after_their_deprecation_dates(
    runtime: str, on: date, is_new: bool, refused: bool
) -> None:
    assert (refusal(runtime, on=on, is_new=is_new) is not None) == refused


def test_no_function_is_created_with_or_changed_to_a_deprecated_runtime(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match=r"runtime parameter of python3.7 is .* new runtime \(python3.14\)") as found:
        create_function(sandbox, Runtime="python3.7")
    assert found.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert sandbox.client("lambda").list_functions()["Functions"] == []
    create_function(sandbox, "newer")
    with pytest.raises(ClientError, match=r"runtime parameter of nodejs12\.x is no longer supported"):
        sandbox.client("lambda").update_function_configuration(FunctionName="newer", Runtime="nodejs12.x")
