"""The seq2seq model: encoder, decoder, attention, losses, search, export. The only room with tensorflow-addons."""

import warnings

# tensorflow-addons tells at each import that its development has ended. That is known, and why it stays in this room.
warnings.filterwarnings("ignore", message="\\s*TensorFlow Addons", category=UserWarning)
