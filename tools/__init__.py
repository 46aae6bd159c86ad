"""What makes pages of docs/ from the code, and the documentation as a site."""
