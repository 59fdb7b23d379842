"""The seq2seq model: encoder, decoder, attention, losses, search, export. The only room with tensorflow-addons."""
