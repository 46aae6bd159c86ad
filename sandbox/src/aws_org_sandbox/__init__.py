"""A local AWS organization: moto underneath, and one module for each thing that AWS does and moto does not.

Where AWS refuses, the sandbox refuses: being more lenient than AWS is a defect here.
"""

__version__ = "0.1.0"
