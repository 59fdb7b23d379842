"""What the figures in the README and in comments are measured with; each module is a command that prints a table."""
