"""Real engines for the tests, assembled and started here, on loopback, and stopped behind them."""
