"""A faithful local AWS for what this project uses: moto underneath, and one module for each thing that moto gets wrong.

Where AWS refuses, the sandbox refuses: being more lenient than AWS is a defect here.
"""
