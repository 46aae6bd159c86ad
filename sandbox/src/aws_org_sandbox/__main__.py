"""`python -m aws_org_sandbox`: the same as `aws-org-sandbox`."""

from aws_org_sandbox.cli import main

main()
