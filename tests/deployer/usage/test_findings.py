"""Which repositories need attention, in which order, and their sums by account and OU."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.drift.findings import Unread
from deployer.usage.findings import (
    IMAGES_QUOTA,
    REPOSITORIES_QUOTA,
    AccountUsage,
    RegistryUsage,
    RepositoryUsage,
    UsageReport,
)
from deployer.usage.images import ImageData, ImageSummary, summary_of, summed
from deployer.usage.totals import by_account, by_ou, total_of
from tests.deployer.drift.examples import HOME, SEARCH, SHOP
from tests.deployer.usage.examples import RULES, ago, holding, report, repository
from tests.example_organization import EXAMPLE


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        pytest.param(repository(images=holding(pulled=1)), [], id="pulled yesterday"),
        pytest.param(repository(images=holding(pulled=90)), [], id="pulled 90 days ago"),
        pytest.param(repository(images=holding(pulled=90.01)), ["unused"], id="pulled more than 90 days ago"),
        pytest.param(repository(images=holding(pushed=1, pulled=91)), ["unused"], id="still pushed to, and not pulled"),
        pytest.param(repository(images=holding(pushed=2)), ["never-pulled"], id="pushed two days ago, never pulled"),
        pytest.param(repository(images=holding(pushed=0.9)), [], id="pushed today, not pulled yet"),
        pytest.param(repository(images=ImageSummary()), ["blank"], id="no image"),
        pytest.param(repository(images=ImageSummary(), created_at=ago(0.9)), [], id="no image yet"),
        pytest.param(
            repository(images=holding(images=0, archived=3, pulled=None)), [], id="archived images only, never pulled"
        ),
        pytest.param(
            repository(images=holding(images=0, archived=3, pulled=100)), [], id="archived images only, unused"
        ),
        pytest.param(repository(images=holding(images=79_999, pulled=1)), [], id="below the quota"),
        pytest.param(repository(images=holding(images=80_000, pulled=1)), ["near-quota"], id="near the quota"),
        pytest.param(
            repository(images=holding(images=70_000, archived=10_000, pulled=100)),
            ["near-quota", "unused"],
            id="near the quota with archived images, and unused",
        ),
    ],
)
def test_reasons_for_which_a_repository_needs_attention(one: RepositoryUsage, kinds: list[str]) -> None:
    assert RULES.kinds(one) == kinds


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(ImageData(size=1, pushed_at=ago(0.1)), id="pushed today"),
        pytest.param(
            ImageData(size=1, pushed_at=ago(300), activated_at=ago(0.1)), id="restored from the archive today"
        ),
    ],
)
def test_an_image_that_could_not_be_pulled_before_today_is_not_called_never_pulled(image: ImageData) -> None:
    archived = ImageData(size=1, pushed_at=ago(300), is_archived=True)
    found = summary_of([archived, image])
    assert found.first_push == ago(300)
    assert RULES.kinds(repository(images=found)) == []
    older = replace(image, pushed_at=ago(300), activated_at=ago(2))
    assert RULES.kinds(repository(images=summary_of([archived, older]))) == ["never-pulled"]


def test_the_most_urgent_and_largest_are_listed_first() -> None:
    small, large, unknown = (
        repository("small", holding(size=1, pulled=100)),
        repository("large", holding(size=9, pulled=100)),
        repository("unknown", holding(size=99)),
    )
    full = repository("full", holding(images=IMAGES_QUOTA, pulled=1))
    blank, fine = repository("blank", ImageSummary()), repository("fine", holding(size=999, pulled=1))
    found = report(fine, blank, unknown, small, full, large)
    assert [one.name for one in found.by_attention()] == ["full", "large", "small", "unknown", "blank", "fine"]
    assert [one.name for one in found.of_kind("unused")] == ["large", "small"]
    assert found.counts() == {"near-quota": 1, "unused": 2, "never-pulled": 1, "blank": 1, "unread": 0}
    assert found.finding_count() == 5
    assert found.finding_count(ignored=["unused", "near-quota"]) == 2


def test_registries_near_the_quota_and_unreadable_ones_are_findings() -> None:
    found = report(repository(images=holding(pulled=1)), a300000000001=REPOSITORIES_QUOTA - 1)
    assert [(one.account, one.is_near_quota) for one in found.near_quota()] == [(SHOP, True)]
    assert found.counts()["near-quota"] == found.finding_count() == 1
    unread = UsageReport(
        accounts=(AccountUsage(account=SHOP, unread=(Unread(account=SHOP, problem="denied"),)),), rules=RULES
    )
    assert (unread.finding_count(), unread.finding_count(ignored=["unread"])) == (1, 0)


REPOSITORIES = st.lists(
    st.builds(
        repository,
        st.sampled_from(["a", "b", "c/d"]),
        st.builds(
            holding, images=st.integers(0, 9), size=st.integers(0, 99), pushed=st.integers(0, 300) | st.none(),
            pulled=st.integers(0, 300) | st.none(), archived=st.integers(0, 3),
        ),
        account=st.sampled_from([SHOP, SEARCH, "400000000001", "999999999999"]),
        region=st.sampled_from([HOME, "us-east-1"]),
        created_at=st.integers(0, 300).map(ago),
    ),
    max_size=8,
)  # fmt: skip


@given(REPOSITORIES, st.randoms(use_true_random=False))
def test_sums_by_account_and_ou_are_those_of_everything_in_any_order(
    repositories: list[RepositoryUsage], random: Random
) -> None:
    found = report(*repositories)
    total = total_of(found)
    for parts in (by_account(found), by_ou(found, EXAMPLE)):
        assert summed(one.images for one in parts.values()) == total.images
        assert sum(one.repositories for one in parts.values()) == total.repositories == len(repositories)
    shuffled = list(repositories)
    random.shuffle(shuffled)
    again = report(*shuffled)
    assert (total_of(again), by_account(again), by_ou(again, EXAMPLE)) == (
        total,
        by_account(found),
        by_ou(found, EXAMPLE),
    )
    assert again.counts() == found.counts()


@given(REPOSITORIES)
def test_a_stored_checkpoint_is_read_back(repositories: list[RepositoryUsage]) -> None:
    one = AccountUsage(
        account=SHOP,
        registries=(RegistryUsage(account=SHOP, region=HOME, repositories=5),),
        repositories=tuple(repositories),
        others=2,
        unread=(Unread(account=SHOP, region=HOME, problem="throttled", may_be_temporary=True),),
    )
    assert AccountUsage.from_json(one.to_json()) == one
