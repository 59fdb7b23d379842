"""The schema of a record, ``tf.train.Example``: int64 ``source`` = (reversed) ids, ``target`` = SOS ids EOS."""

SOURCE, TARGET = "source", "target"
