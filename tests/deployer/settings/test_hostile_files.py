"""Config files damaged at random: every mistake is a problem with one line, and valid files can be rolled out."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.rendering.explanations import as_document, as_text
from deployer.settings import InvalidConfigurationError, load
from deployer.settings import compile as compile_settings
from deployer.settings.checking import check_folder
from deployer.settings.explaining import explain
from deployer.settings.problems import errors
from deployer.settings.yaml_source import KeyPath
from tests.example_organization import EXAMPLE

LAYER: dict[str, Any] = {
    "enabled": True,
    "regions": ["eu-west-1"],
    "create": {
        "on": ["push"],
        "names": {"allow": ["a/**"], "deny": ["b/**"]},
        "principals": {"allow": ["*"], "deny": ["arn:aws:iam::*:user/*"]},
        "limit": {"per_hour": 5},
    },
    "repository": {
        "image_tag_mutability": "IMMUTABLE",
        "mutability_exclusions": ["latest"],
        "scan_on_push": True,
        "encryption": {"type": "KMS", "kms_key": "arn:aws:kms:{region}:{account}:alias/ecr"},
        "lifecycle_policy": "policies/expire.json",
        "repository_policy": "policies/pull.json",
        "tags": {"env": "prod", "ou": "{ou}"},
    },
    "namespaces": [{"match": "s/**", "repository": {"image_tag_mutability": "MUTABLE", "mutability_exclusions": []}}],
    "registry": {"scanning": {"type": "BASIC", "frequency": "SCAN_ON_PUSH", "filters": ["*"]}},
}
SELECTION = {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan", "countNumber": 7}
FILES: dict[str, Any] = {
    "organization.yaml": {
        "organization": "o-exampleorg1",
        "central": {"account": "200000000001", "region": "eu-west-1"},
        "prefix": "deployer",
        "retention": {"expiring_records": 30, "event_archive": 30, "logs": 90},
        "rollout": {"max_concurrent": "50%", "failure_tolerance": 5, "waves": [["Sandbox"], ["*"]]},
        "notifications": {"topic": "create", "format": "slack", "outcomes": ["failed"]},
        "cleanup": False,
        "alarms": {"topic": "arn:aws:sns:eu-west-1:200000000001:on-call"},
        "tracing": False,
        "defaults": LAYER,
    },
    "ous/workloads.yaml": {"ou": "Workloads", "id": "ou-exam-work0001", **LAYER},
    "ous/prod.yaml": {"ou": "Workloads/Prod", **LAYER},
    "accounts/300000000001.yaml": LAYER,
    "policies/expire.json": {
        "rules": [{"rulePriority": 1, "description": "-" * 40, "selection": SELECTION, "action": {"type": "expire"}}]
    },
    "policies/pull.json": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}]},
}
ODD: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "a/b",
        "**",
        "a\nb",
        "\u00e9",
        "{ou",
        "12345678901",
        "policies/pull.json",
    ),
    *([], {}, [[]], [None], [{}], ["a", "a"], {"a": None}, {"": ""}, ["latest"] * 9, "x" * 5000),
]
"""Values in place of those of the expected type."""


def _places(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*at, key))


@st.composite
def _broken(draw: st.DrawFn) -> dict[str, Any]:
    """The files with one to three values replaced, removed, or added."""
    files = copy.deepcopy(FILES)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([place for place in _places(files) if len(place) > 1]))
        around: Any = files
        for key in place[:-1]:
            around = around[key]
        odd = copy.deepcopy(draw(st.sampled_from(ODD)))
        match draw(st.sampled_from(["replace", "replace", "drop", "add"])):
            case "drop":
                del around[place[-1]]
            case "add" if isinstance(around, dict):
                around[draw(st.sampled_from(["", "on", "enabeld", "<<", "aws:x", "a.b"]))] = odd
            case _:
                around[place[-1]] = odd
    return files


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(_broken())
def test_whatever_a_file_contains_is_a_problem_with_one_line_or_can_be_rolled_out(files: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(json.dumps(content), encoding="utf-8")
        check_folder(folder)
        found = check_folder(folder, EXAMPLE)
        assert [line for line in map(str, found) if len(line.splitlines()) != 1] == []
        try:
            compiled = compile_settings(load(folder), EXAMPLE)
        except InvalidConfigurationError:
            assert errors(found)
            return
        assert errors(found) == ()
        for target in ("300000000001", "Workloads/Prod", "Root"):
            explanation = explain(compiled, target)
            assert as_text(explanation, None, any_principal=True)
            assert as_document(explanation, None)["settings"]
