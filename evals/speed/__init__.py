"""How fast it is and how much it takes. Figures and ratios, printed; nothing here passes or fails."""
