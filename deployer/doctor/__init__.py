"""What can keep a roll-out or a push from working: facts that AWS reports, and one judgement for each thing to check.

`facts` are read by `deployer.aws.doctor`; `checks` judge them; `probe` follows one request through an installation.
"""
