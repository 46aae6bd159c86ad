"""A local AWS organization, based on moto, with one module for each behavior of AWS that moto lacks.

If AWS refuses a request, the sandbox refuses it too: being more lenient than AWS is a defect.
"""

__version__ = "0.1.0"
