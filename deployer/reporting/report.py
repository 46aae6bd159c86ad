"""All that a command needs to make a report, in one place: importing it is what needs the extra `report`."""

from __future__ import annotations

from deployer.reporting.aggregation import Aggregates, aggregate
from deployer.reporting.page import write_page
from deployer.reporting.subject import Subject
from deployer.reporting.verification import verification_from

__all__ = ["Aggregates", "Subject", "aggregate", "verification_from", "write_page"]
