"""Every region is in the partition that botocore has it in, and those that it does not know yet where AWS says."""

from __future__ import annotations

import pytest

from deployer.partitions import partition_of
from deployer.settings.regions import partitions


@pytest.mark.parametrize(("region", "partition"), sorted(partitions().items()))
def test_a_region_is_in_the_partition_that_botocore_says(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_the_european_cloud_is_a_partition_of_its_own() -> None:
    assert partition_of("eusc-de-east-1") == "aws-eusc"
