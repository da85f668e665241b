"""Whether anything is lost, repeated or overtaken while processes are killed at random: `make soak`."""
