"""How much repositories hold and whether anybody pulls from them. Pure; AWS is behind Protocols."""
