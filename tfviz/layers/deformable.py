"""Deformable convolution as a Keras layer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.layers.functional import deform_conv2d
from tfviz.layers.geometry import Geometry, pair
from tfviz.layers.sampling import extent


@keras.saving.register_keras_serializable(package="tfviz")
class DeformableConv2D(keras.layers.Layer):
    """A convolution that learns where its taps look.

    A second convolution of the same geometry reads the input and says, for each output pixel and
    tap, how far the tap moves (`deform_conv2d`) and, where `modulated`, how much it counts. Both
    start at zero: the layer begins as an ordinary convolution, times `mask_scale` / 2 where
    `modulated`. `mask_scale=2.0` makes it begin as exactly one.

    Inputs are (batch, height, width, channels); height and width may be unknown. Offsets are
    computed in float32 whatever the precision of the rest, because half precision loses whole
    pixels.

    Args:
        filters: How many channels the output has.
        kernel_size: An integer, or height and width.
        strides: An integer, or two: y, x.
        padding: 'valid', 'same', or pixels on each side: an integer, or two.
        dilation_rate: An integer, or two: y, x.
        groups: Into how many groups channels and filters are divided, as in `keras.layers.Conv2D`.
        offset_groups: How many sets of offsets there are; channels are divided among them.
        modulated: True is v2, with a factor for each tap; False is v1.
        mask_activation: What makes factors of the second convolution's output.
        mask_scale: The factors are multiplied by this.
        activation: Of the output.
        use_bias: Whether a bias is added.
        kernel_initializer: As in Keras, and so are all that follow.
        bias_initializer: Of the bias.
        offset_initializer: Of the second convolution's kernel. Its bias starts at zero.
        kernel_regularizer: Of the kernel.
        bias_regularizer: Of the bias.
        offset_regularizer: Of the second convolution's kernel.
        kernel_constraint: Of the kernel.
        bias_constraint: Of the bias.
        offset_constraint: Of the second convolution's kernel.
        recompute: Keep less for the backward pass and compute it again there: less memory, more
            time.
        **kwargs: As for every Keras layer: `name`, `dtype`, `activity_regularizer`, ...

    Raises:
        InputError: When sizes or groups make no sense.

    Source:
        Dai et al. 2017, "Deformable Convolutional Networks" (v1); Zhu et al. 2019, "Deformable
        ConvNets v2: More Deformable, Better Results" (v2).

    >>> import keras, tfviz
    >>> layer = tfviz.layers.DeformableConv2D(8, 3, padding="same", mask_scale=2.0)
    >>> layer(keras.ops.ones((1, 16, 16, 4))).shape
    TensorShape([1, 16, 16, 8])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = "valid",
        dilation_rate: int | tuple[int, int] = 1,
        groups: int = 1,
        *,
        offset_groups: int = 1,
        modulated: bool = True,
        mask_activation: Any = "sigmoid",
        mask_scale: float = 1.0,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        offset_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        offset_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        offset_constraint: Any = None,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.groups = _count(filters, "filters"), _count(groups, "groups")
        self.geometry = Geometry.of(kernel_size, strides, padding, dilation_rate)
        self.offset_groups = _count(offset_groups, "offset_groups")
        if self.filters % self.groups:
            raise InputError(
                f"groups={groups} doesn't divide filters={filters}: use a number that does."
            )
        self.modulated = bool(modulated)
        self.mask_activation = keras.activations.get(mask_activation)
        self.mask_scale = float(mask_scale)
        self.activation = keras.activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.offset_initializer = keras.initializers.get(offset_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.offset_regularizer = keras.regularizers.get(offset_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.offset_constraint = keras.constraints.get(offset_constraint)
        self.recompute = bool(recompute)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights.

        Args:
            input_shape: (batch, height, width, channels); only the channels must be known.

        Raises:
            InputError: When the channels are unknown or can't be divided into the groups.
        """
        channels = input_shape[-1]
        if channels is None:
            raise InputError(
                f"The channels of the input of layer '{self.name}' are not known, shape "
                f"{tuple(input_shape)}: give the last axis a length, keras.Input((None, None, 3))."
            )
        for name in ("groups", "offset_groups"):
            if channels % getattr(self, name):
                raise InputError(
                    f"{name}={getattr(self, name)} of layer '{self.name}' doesn't divide the "
                    f"{channels} channels of its input: use a number that does."
                )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.geometry.kernel, channels // self.groups, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        each = (3 if self.modulated else 2) * self.geometry.taps
        # Not cast down with the others under mixed precision.
        self.offset_kernel = self.add_weight(
            name="offset_kernel",
            shape=(*self.geometry.kernel, channels, self.offset_groups * each),
            initializer=self.offset_initializer,
            regularizer=self.offset_regularizer,
            constraint=self.offset_constraint,
            autocast=False,
            dtype=self._wide(),
        )
        self.offset_bias = self.add_weight(
            name="offset_bias",
            shape=(self.offset_groups * each,),
            initializer="zeros",
            autocast=False,
            dtype=self._wide(),
        )
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})

    def call(self, inputs: Any) -> Any:
        """Convolve.

        Args:
            inputs: (batch, height, width, channels), floats.

        Returns:
            (batch, output height, output width, filters).
        """
        offset, mask = self.offsets(inputs)
        outputs = deform_conv2d(
            inputs,
            offset,
            self.kernel,
            mask,
            bias=self.bias,
            strides=self.geometry.strides,
            padding=self.geometry.padding,
            dilation_rate=self.geometry.dilation,
            recompute=self.recompute,
        )
        return self.activation(outputs)

    def offsets(self, inputs: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
        """What the second convolution says about an input.

        Args:
            inputs: (batch, height, width, channels), floats.

        Returns:
            Offsets, (batch, output height, output width, 2 * offset groups * taps) in pixels, and
            the mask, (..., offset groups * taps), None where not `modulated`. Both are float32, or
            float64 where the layer is.
        """
        x = tf.cast(tf.convert_to_tensor(inputs), self._wide())
        geometry, padding, strides = self.geometry, self.geometry.padding, self.geometry.strides
        # Keras has no convolution with both; every n-th place of one without strides is the same.
        thinned = max(strides) > 1 and max(geometry.dilation) > 1
        if thinned or not isinstance(padding, str):
            pads = (
                (geometry.before(axis, size), geometry.behind(axis, size))
                for axis, size in enumerate((extent(x, 1), extent(x, 2)))
            )
            x, padding = tf.pad(x, ((0, 0), *pads, (0, 0))), "valid"
        said = keras.ops.conv(
            x,
            tf.convert_to_tensor(self.offset_kernel),
            strides=1 if thinned else strides,
            padding=padding,
            dilation_rate=geometry.dilation,
            data_format="channels_last",
        )
        if thinned:
            said = said[:, :: strides[0], :: strides[1]]
        said += tf.convert_to_tensor(self.offset_bias)
        if not self.modulated:
            return said, None
        moved = 2 * self.offset_groups * geometry.taps
        return said[..., :moved], self.mask_scale * self.mask_activation(said[..., moved:])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the output, None where it is not known.

        Args:
            input_shape: (batch, height, width, channels).
        """
        sizes = (
            None if size is None else self.geometry.length(axis, size)
            for axis, size in enumerate(input_shape[1:3])
        )
        return (input_shape[0], *sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        """What a model file keeps of the layer beside its weights."""
        objects = {
            f"{part}_{kind}": getattr(keras, f"{kind}s").serialize(getattr(self, f"{part}_{kind}"))
            for kind in ("initializer", "regularizer", "constraint")
            for part in ("kernel", "bias", "offset")
        }
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.geometry.kernel,
            "strides": self.geometry.strides,
            "padding": self.geometry.padding,
            "dilation_rate": self.geometry.dilation,
            "groups": self.groups,
            "offset_groups": self.offset_groups,
            "modulated": self.modulated,
            "mask_activation": keras.activations.serialize(self.mask_activation),
            "mask_scale": self.mask_scale,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "recompute": self.recompute,
            **objects,
        }

    def _wide(self) -> str:
        """The type of offsets."""
        return "float64" if self.compute_dtype == "float64" else "float32"


def _count(value: Any, name: str) -> int:
    return pair(value, name)[0]
