"""ECR's API where moto is more lenient than AWS, keeps less, or looks in the wrong registry."""
