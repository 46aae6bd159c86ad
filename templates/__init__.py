"""CloudFormation templates as pure functions of names and settings."""
