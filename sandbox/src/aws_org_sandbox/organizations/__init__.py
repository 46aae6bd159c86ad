"""AWS Organizations: who may ask, what is answered, and what a changed account sets off."""
