"""Where sentence pairs come from: the formats of the parameter ``corpus``."""
