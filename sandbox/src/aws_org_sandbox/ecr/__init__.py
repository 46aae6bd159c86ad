"""The parts of ECR's API in which moto is more lenient than AWS, stores less, or uses the wrong registry."""
