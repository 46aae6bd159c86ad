"""Random layers of settings that are valid, as files would say them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_globs = st.lists(st.sampled_from(["**", "team-*/**", "team-a/*", "**/tmp-*", "scratch/**"]), max_size=3)
_tags = st.dictionaries(
    st.sampled_from(["env", "team", "pushed-by"]), st.none() | st.sampled_from(["a", "{account}", "{ou}"]), max_size=3
)


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the keys, each perhaps null."""
    return st.fixed_dictionaries({}, optional={key: st.none() | value for key, value in fields.items()})


repositories = _some(
    {
        "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
        "mutability_exclusions": st.lists(st.sampled_from(["latest", "dev-*"]), max_size=2),
        "scan_on_push": st.booleans(),
        "encryption": _some({"type": st.sampled_from(["KMS", "KMS_DSSE"])}),
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
"""What `defaults`, an OU's file or an account's file may say."""
