"""Where a team's rules are read from: a YAML file of their own, or the one that is shipped beside this."""
