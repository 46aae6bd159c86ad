"""Does what a plan says, or takes it all back, and reads back whether it is so. AWS is behind Protocols."""
