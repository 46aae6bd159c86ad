"""What is to be and what is, compared: wishes, targets and the typed changes between them. Pure."""
