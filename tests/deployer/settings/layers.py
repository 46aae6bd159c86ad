"""Random valid layers of settings, as files would contain them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from deployer.organization import Organization
from deployer.settings import Compiled, load
from deployer.settings import compile as compile_settings

_globs = st.lists(st.sampled_from(["**", "team-*/**", "team-a/*", "**/tmp-*", "scratch/**"]), max_size=3)
_tags = st.dictionaries(
    st.sampled_from(["env", "team", "pushed-by"]), st.none() | st.sampled_from(["a", "{account}", "{ou}"]), max_size=3
)


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the keys, each possibly null."""
    return st.fixed_dictionaries({}, optional={key: st.none() | value for key, value in fields.items()})


repositories = _some(
    {
        "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
        "mutability_exclusions": st.lists(st.sampled_from(["latest", "dev-*"]), max_size=2),
        "scan_on_push": st.booleans(),
        "encryption": _some({"type": st.sampled_from(["KMS", "KMS_DSSE"])}),
        "lifecycle_policy": st.just("policies/expire.json"),
        "tags": _tags,
    }
)
layers = _some(
    {
        "enabled": st.sampled_from([True, True, False]),
        "regions": st.lists(st.sampled_from(["eu-west-1", "us-east-1"]), max_size=2),
        "create": _some(
            {
                "on": st.lists(st.sampled_from(["push", "pull"]), max_size=2),
                "names": _some({"allow": _globs, "deny": _globs}),
                "principals": _some(
                    {
                        "allow": st.lists(st.sampled_from(["*", "arn:aws:iam::*:role/ci-*"]), max_size=2),
                        "deny": st.lists(st.sampled_from(["arn:aws:iam::*:user/*"]), max_size=1),
                    }
                ),
                "limit": _some({"per_hour": st.integers(1, 3)}),
            }
        ),
        "repository": repositories,
        "registry": _some(
            {
                "scanning": _some(
                    {
                        "type": st.sampled_from(["BASIC", "ENHANCED"]),
                        "frequency": st.just("SCAN_ON_PUSH"),
                        "filters": st.lists(st.sampled_from(["*", "prod-*"]), min_size=1, max_size=2),
                    }
                )
            }
        ),
        "namespaces": st.lists(
            st.fixed_dictionaries(
                {"match": st.sampled_from(["team-a/**", "**", "scratch/**"])}, optional={"repository": repositories}
            ),
            max_size=2,
        ),
    }
)
"""What `defaults`, an OU's file or an account's file may contain."""

EXPIRE: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
            "action": {"type": "expire"},
        }
    ]
}


def _write(folder: Path, path: str, head: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """One key per line if possible, so that a line corresponds to a value."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(json.dumps({**head, **layer}, indent=1), encoding="utf-8")


def compiled_from(folder: Path, organization: Organization, layers: Mapping[str, Any], by_id: bool) -> Compiled:
    """The settings of a folder with these layers: of `defaults`, and of OUs and accounts by their id."""
    central = {"account": "200000000001", "region": "eu-west-1"}
    _write(folder, "organization.yaml", {"central": central}, {"defaults": layers.get("defaults", {})})
    _write(folder, "policies/expire.json", EXPIRE, {})
    for id_, layer in layers.items():
        if id_ in organization.ous:
            head = {"id": id_} if by_id else {"ou": organization.path(id_)}
            _write(folder, f"ous/{id_}.yaml", head, layer)
        elif id_ in organization.accounts:
            _write(folder, f"accounts/{id_}.yaml", {"account": id_}, layer)
    return compile_settings(load(folder), organization)
