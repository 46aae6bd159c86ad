from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from moto.sts.models import STSBackend

from aws_org_sandbox import seams
from aws_org_sandbox.functions.pool import Pool, Warm


@pytest.mark.usefixtures("running_sandbox")
def test_canary_moto_creates_every_session_in_this_class_and_returns_its_key() -> None:
    stock = seams.original(STSBackend, "assume_role")
    assert "role_session_name" in inspect.signature(stock).parameters
    assert "self.access_key_id" in inspect.getsource(inspect.getmodule(stock).AssumedRole)  # type: ignore[union-attr]


def test_a_crash_of_a_session_ends_the_process_that_opened_it() -> None:
    killed: list[str] = []
    environment: Any = SimpleNamespace(
        alive=True, pid=7, kill=lambda: killed.append("killed"), close=lambda: killed.append("closed")
    )
    pool = Pool()
    own = Warm(environment=environment, generation="1", access_key_id="OWN", log_stream="log")
    with pool.environment("arn", generation="1", reserved=None, start=lambda: own):
        pool.adopt("MEMBER", parent="OWN")
        pool.adopt("NOBODYS", parent="UNKNOWN")
        assert pool.process_of("MEMBER") == 7
        assert pool.kill("MEMBER")
        assert not pool.kill("NOBODYS")
    pool.retire("arn")
    assert killed == ["killed", "closed"]
    assert pool.process_of("MEMBER") is None
