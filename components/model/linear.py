"""Matrix products in the number format that the hardware likes, everything else in float32."""

import tensorflow as tf

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
