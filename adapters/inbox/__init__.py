"""Where deliveries wait to be read."""
