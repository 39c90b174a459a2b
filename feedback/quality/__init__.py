"""How well it agrees: agreement, raters, bias, consensus, and who is asked next."""
