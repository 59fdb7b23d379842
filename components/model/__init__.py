"""The seq2seq model: encoder, decoder, attention, losses, search, export. The only room with tensorflow-addons."""

import warnings

# tensorflow-addons warns at each import that its development has ended, which is why it stays in this room.
warnings.filterwarnings("ignore", message="\\s*TensorFlow Addons", category=UserWarning)
