"""Values as text of 80 columns and as JSON. Pure but for the live views, which write to standard error."""
