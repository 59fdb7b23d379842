"""What encoder and decoder are built of: products, embeddings, dropout, the LSTM, and where a sequence ends.

Matrix products take most of the time, and large ones are faster than many small ones. So what does not depend on the
state before is taken out of the LSTM's recurrence: the inputs of all time steps are multiplied with their kernel at
once, and the gradient of the recurrent kernel is one product over all steps instead of a sum over them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import tensorflow as tf

from components.text.vocabulary import EOS, PAD


def source_lengths(source: tf.Tensor) -> tf.Tensor:
    """Ids, shape [batch, time] → int32 [batch]: how many stand before the first ``PAD``."""
    return _leading(tf.not_equal(source, PAD))


def target_lengths(target: tf.Tensor) -> tf.Tensor:
    """Ids, shape [batch, time] → int32 [batch]: how many stand up to the first ``EOS``, itself included.

    ``PAD`` ends a sequence too: one that was cut off has no EOS.
    """
    before_end = _leading(tf.logical_and(tf.not_equal(target, EOS), tf.not_equal(target, PAD)))
    ends_with_eos = tf.equal(tf.gather(tf.pad(target, [[0, 0], [0, 1]]), before_end, batch_dims=1), EOS)
    return before_end + tf.cast(ends_with_eos, tf.int32)


def without_remainder(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """``ids`` with ``PAD`` behind each sequence's length; shapes [batch, time] and [batch]."""
    return tf.where(tf.sequence_mask(lengths, tf.shape(ids)[1]), ids, PAD)


def _leading(truths: tf.Tensor) -> tf.Tensor:
    """Booleans, shape [batch, time] → int32 [batch]: how many are true before the first false."""
    return tf.reduce_sum(tf.math.cumprod(tf.cast(truths, tf.int32), axis=1), axis=1)


# The number format of the products in encoder and decoder; everything else is float32.
PRODUCT_DTYPES = {"float32": tf.float32, "mixed_bfloat16": tf.bfloat16}


def product(a: tf.Tensor, b: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """``a b`` for ``a`` of shape [..., k] and ``b`` of shape [k, n] → float32 [..., n], multiplied in ``dtype``.

    Leading dimensions are folded into one: one large product is faster than a batch of small ones.
    """
    folded = tf.reshape(a, [-1, b.shape[0]])
    result = tf.cast(tf.matmul(tf.cast(folded, dtype), tf.cast(b, dtype)), tf.float32)
    return tf.reshape(result, tf.concat([tf.shape(a)[:-1], [b.shape[1]]], 0)) if a.shape.rank != 2 else result


class Linear(tf.keras.layers.Layer):
    """``activation(x W + b)``: inputs [..., k] → float32 [..., units], the product in ``dtype``."""

    def __init__(
        self,
        units: int,
        product_dtype: tf.DType,
        activation: str | None = None,
        bias_initializer: str | tf.keras.initializers.Initializer | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.units = units
        self._product_dtype = product_dtype
        self._activation = tf.keras.activations.get(activation)
        self._bias_initializer = bias_initializer

    def build(self, input_shape: tf.TensorShape) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), initializer="glorot_uniform")
        self.bias = None
        if self._bias_initializer is not None:
            self.bias = self.add_weight("bias", (self.units,), initializer=self._bias_initializer)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        outputs = product(inputs, self.kernel, self._product_dtype)
        if self.bias is not None:
            # Its gradient is faster than that of a sum.
            outputs = tf.nn.bias_add(outputs, self.bias)
        return self._activation(outputs)

    def compute_output_shape(self, input_shape: tf.TensorShape | list[int | None]) -> tf.TensorShape:
        """The shape of what :meth:`call` gives for inputs of that shape."""
        return tf.TensorShape(input_shape)[:-1].concatenate(self.units)


def embedding(vocabulary_size: int, size: int, stddev: float = 0.5) -> tf.keras.layers.Embedding:
    """Ids [...] → float32 [..., size]; its gradient is sparse.

    Keras's own initializer, uniform within ±0.05, is too small for the gates to see the words at the beginning.
    """
    initializer = tf.keras.initializers.RandomNormal(stddev=stddev)
    return tf.keras.layers.Embedding(vocabulary_size, size, embeddings_initializer=initializer, name="embedding")


@dataclass
class Dropout:
    """One training step's dropout, a function of (seed, step): a resumed run drops what an undisturbed one would.

    Each call has its own mask, by its number in the trace. ``rate`` is that of single activations, ``word_rate`` that
    of whole words.
    """

    rate: float
    word_rate: float
    seed: int
    step: tf.Tensor | int
    _calls: int = field(default=0, init=False)

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """``inputs`` with a share of ``rate`` set to zero and the rest scaled up to keep the mean."""
        return self._dropped(inputs, self.rate, tf.shape(inputs))

    def words(self, embedded: tf.Tensor) -> tf.Tensor:
        """Embedded words, [time, batch, size], a share of ``word_rate`` of which is zero.

        Unlike Gal & Ghahramani's (2016), each position has its own draw, not each word of the vocabulary.
        """
        return self._dropped(embedded, self.word_rate, [*tf.unstack(tf.shape(embedded)[:2]), 1])

    def _dropped(self, inputs: tf.Tensor, rate: float, shape: tf.Tensor | Sequence[tf.Tensor | int]) -> tf.Tensor:
        if not rate:
            return inputs
        self._calls += 1
        # Far from the run's seed itself, which the candidate sampler uses.
        seed = tf.stack([tf.constant(self.seed + 1_000_003 * self._calls, tf.int64), self.step])
        return tf.nn.experimental.stateless_dropout(inputs, rate, seed=seed, noise_shape=shape)


# For everything but training.
no_dropout = Dropout(rate=0, word_rate=0, seed=0, step=0)


class LSTM(tf.keras.layers.Layer):
    """One LSTM layer (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000)."""

    def __init__(self, units: int, product_dtype: tf.DType, name: str | None = None):
        super().__init__(name=name)
        self.units = units
        self._product_dtype = product_dtype
        # The product of the layer's input with its kernel, and the gates' biases.
        self.projection = Linear(4 * units, product_dtype, bias_initializer=_forget_gate_open, name="projection")
        self._kernel = self.add_weight("recurrent_kernel", (units, 4 * units), initializer="orthogonal")

    def step(self, inputs: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One time step: inputs [batch, k], ``h`` and ``c`` [batch, units] → the next ``h`` and ``c``."""
        return _update(self.projection(inputs) + product(h, self._kernel, self._product_dtype), c)

    def call(
        self, inputs: tf.Tensor, h: tf.Tensor, c: tf.Tensor, lengths: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """All time steps.

        Args:
            inputs: [time, batch, k]; at least one time step.
            h, c: the state before, [batch, units] each.
            lengths: int32 [batch]; the state stays as it is behind a sequence's end.
            training: let XLA compile what is between the products, see below; for the gradient it always does.

        Returns:
            The outputs, [time, batch, units], zero behind each sequence's end, and the final ``h`` and ``c``.
        """
        time, dtype = tf.shape(inputs)[0], self._product_dtype
        update = _compiled_update if training else _update

        @tf.custom_gradient
        def run(
            projected: tf.Tensor, kernel: tf.Tensor, first_h: tf.Tensor, first_c: tf.Tensor
        ) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], Callable[..., tuple[tf.Tensor, ...]]]:
            kernel = tf.cast(kernel, dtype)

            def forward(
                t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *arrays: tf.TensorArray
            ) -> tuple[tf.Tensor | tf.TensorArray, ...]:
                outputs, gates, states = arrays
                before = projected[t] + product(h, kernel, dtype)
                next_h, next_c = update(before, c)
                real = (t < lengths)[:, None]
                return (
                    t + 1,
                    tf.where(real, next_h, h),
                    tf.where(real, next_c, c),
                    outputs.write(t, tf.where(real, next_h, 0.0)),
                    gates.write(t, before),
                    states.write(t, c),
                )

            # For the backward pass: the gates before their activations, and the cell states before each step.
            outputs, gates, states = (tf.TensorArray(tf.float32, time) for _ in range(3))
            _, h, c, outputs, gates, states = tf.while_loop(
                lambda t, *_: t < time, forward, (0, first_h, first_c, outputs, gates, states), maximum_iterations=time
            )
            outputs = outputs.stack()

            def backward(d_outputs: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor) -> tuple[tf.Tensor, ...]:
                transposed = tf.transpose(kernel)

                def back(
                    t: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor, d_gates: tf.TensorArray
                ) -> tuple[tf.Tensor | tf.TensorArray, ...]:
                    real = (t < lengths)[:, None]
                    d_before, d_c = _compiled_update_gradient(
                        gates.read(t), states.read(t), d_outputs[t], d_h, d_c, real
                    )
                    d_h = tf.where(real, product(d_before, transposed, dtype), d_h)
                    return t - 1, d_h, d_c, d_gates.write(t, d_before)

                _, d_h, d_c, d_gates = tf.while_loop(
                    lambda t, *_: t >= 0,
                    back,
                    (time - 1, d_h, d_c, tf.TensorArray(tf.float32, time)),
                    maximum_iterations=time,
                )
                d_projected = d_gates.stack()
                # Behind the end of a sequence the outputs are not the state, but there d_projected is zero.
                before = tf.reshape(tf.concat([first_h[None], outputs[:-1]], 0), [-1, self.units])
                d_all = tf.reshape(d_projected, [-1, 4 * self.units])
                d_kernel = tf.cast(
                    tf.matmul(tf.cast(before, dtype), tf.cast(d_all, dtype), transpose_a=True), tf.float32
                )
                return d_projected, d_kernel, d_h, d_c

            return (outputs, h, c), backward

        outputs, h, c = run(self.projection(inputs), tf.convert_to_tensor(self._kernel), h, c)
        outputs.set_shape([None, None, self.units])
        return outputs, h, c


def _forget_gate_open(shape: tuple[int], dtype: tf.DType | None = None) -> tf.Tensor:
    """Biases of 1 for the forget gate (Jozefowicz et al. 2015), else 0."""
    return tf.repeat(tf.constant([0.0, 1.0, 0.0, 0.0], dtype), shape[0] // 4)


class StackedCell(tf.keras.layers.Layer):
    """One time step of LSTM layers on top of one another, as tensorflow-addons wants a cell.

    Inputs are [batch, k]; the state is a list of ``[h, c]``, each [batch, units], one for each layer; the output is the
    top layer's h.
    """

    def __init__(self, layers: Sequence[LSTM], name: str | None = None):
        super().__init__(name=name)
        self._lstms = list(layers)
        self.output_size = layers[-1].units
        self.state_size = [[lstm.units, lstm.units] for lstm in layers]

    def get_initial_state(
        self, inputs: tf.Tensor | None = None, batch_size: tf.Tensor | int | None = None, dtype: tf.DType | None = None
    ) -> list[list[tf.Tensor]]:
        """Zeros; called by tensorflow-addons."""
        size = tf.shape(inputs)[0] if inputs is not None else batch_size
        return [[tf.zeros([size, h]), tf.zeros([size, c])] for h, c in self.state_size]

    def call(self, inputs: tf.Tensor, states: list[list[tf.Tensor]]) -> tuple[tf.Tensor, list[list[tf.Tensor]]]:
        new_states: list[list[tf.Tensor]] = []
        for lstm, (h, c) in zip(self._lstms, states, strict=True):
            new_states.append(list(lstm.step(inputs, h, c)))
            inputs = new_states[-1][0]
        return inputs, new_states


def _update(gates: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The next ``h`` and ``c``, [batch, units], of the gates before activation, [batch, 4 · units], and ``c``."""
    input_gate, forget_gate, candidate, output_gate = tf.split(gates, 4, axis=-1)
    c = tf.sigmoid(forget_gate) * c + tf.sigmoid(input_gate) * tf.tanh(candidate)
    return tf.sigmoid(output_gate) * tf.tanh(c), c


def _update_gradient(
    gates: tf.Tensor, c: tf.Tensor, d_output: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor, real: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gradients of a step's gates and of the ``c`` before it, where ``real``; elsewhere none, and ``d_c`` as it is."""
    # i, f, g, o: input gate, forget gate, candidate, output gate.
    i, f, g, o = tf.split(gates, 4, axis=-1)
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    tanh_c = tf.tanh(f * c + i * g)
    d_h += d_output
    d_next = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_gates = tf.concat(
        [d_next * g * i * (1 - i), d_next * c * f * (1 - f), d_next * i * (1 - g * g), d_h * tanh_c * o * (1 - o)], -1
    )
    return tf.where(real, d_gates, 0.0), tf.where(real, d_next * f, d_c)


# XLA fuses all these operations into one pass over memory. It compiles again for each batch size, so the search, which
# must take any size at once, does without.
_compiled_update = tf.function(_update, jit_compile=True)
_compiled_update_gradient = tf.function(_update_gradient, jit_compile=True)
