"""How well it does: asked from outside, as a client asks. `python -m evals` plays agent tasks on the sample."""
