"""Sources that are polled, read with the real client packages from stand-ins on loopback."""
