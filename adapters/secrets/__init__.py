"""Where secrets are kept outside of the environment, one file a keeper."""
