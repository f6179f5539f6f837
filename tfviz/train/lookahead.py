"""Lookahead: k steps forward, 1 step back, around any Keras optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError


@keras.saving.register_keras_serializable(package="tfviz")
class Lookahead(keras.optimizers.Optimizer):
    """Every `period` steps of an optimizer, go back a part of the way that it went.

        optimizer = tfviz.Lookahead(keras.optimizers.Adam(1e-3), period=6, alpha=0.5)

    The optimizer inside makes its steps on the weights of the model, the *fast* weights θ. After
    `period` of them the *slow* weights φ go a part of the way, and the fast ones go on from there:

        φ ← φ + α (θ - φ),  θ ← φ

    The learning rate, clipping, weight decay and averages are those of the optimizer inside; so is
    `iterations`, and steps that it did not make (accumulated gradients) don't count. Its average of
    the weights (`use_ema`) is that of the fast ones. For mixed precision put the
    `LossScaleOptimizer` around it: `LossScaleOptimizer(Lookahead(Adam()))`; Keras and the trainer
    do so by themselves.

    Args:
        optimizer: A `keras.optimizers.Optimizer` or its name.
        period: k, steps of the optimizer between two of the slow weights.
        alpha: α, which part of the way is kept, above 0 up to 1; with 1 nothing is changed.
        name: As for every optimizer.

    Raises:
        InputError: When an argument isn't that.

    Source: M. Zhang, J. Lucas, G. Hinton, J. Ba, "Lookahead Optimizer: k steps forward, 1 step
        back", 2019, algorithm 1.
    """

    def __init__(
        self, optimizer: Any, period: int = 6, alpha: float = 0.5, name: str | None = None
    ) -> None:
        if isinstance(optimizer, str):
            optimizer = keras.optimizers.get(optimizer)
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise InputError(
                f"optimizer= must be a keras.optimizers.Optimizer or its name; "
                f"{type(optimizer).__name__} was given."
            )
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            raise InputError(
                "Lookahead(LossScaleOptimizer(...)) would not scale the loss: put it the other way "
                "round, LossScaleOptimizer(Lookahead(optimizer))."
            )
        if isinstance(period, bool) or not isinstance(period, int) or period < 1:
            raise InputError(
                f"period={period!r} is the number of steps between two of the slow weights: a "
                f"positive whole number such as 6."
            )
        if not isinstance(alpha, (int, float)) or not 0 < alpha <= 1:
            raise InputError(
                f"alpha={alpha!r} is the part of the way that is kept: above 0, at most 1."
            )
        super().__init__(learning_rate=0.0, name=name)
        # The name by which Keras's own callbacks look into an optimizer around another.
        self.inner_optimizer = optimizer
        self.period = period
        self.alpha = float(alpha)

    def build(self, var_list: Sequence[Any]) -> None:
        """Make the slow weights, as the variables are now.

        Args:
            var_list: The variables that will be moved.
        """
        if self.built:
            return
        variables = list(var_list)
        if not self.inner_optimizer.built:
            self.inner_optimizer.build(variables)
        super().build(variables)
        self._moved = [each for each in variables if not self._overwritten(each)]
        self._slow = [
            self.add_variable_from_reference(each, name="slow_weight") for each in self._moved
        ]
        self._remember()

    @staticmethod
    def _overwritten(variable: Any) -> bool:
        """Whether it is set to its gradient rather than moved, as scales of 8-bit layers are."""
        return bool(getattr(variable, "overwrite_with_gradient", False))

    def _remember(self) -> None:
        for slow, fast in zip(self._slow, self._moved, strict=True):
            slow.assign(tf.convert_to_tensor(fast))

    def _pull(self) -> None:
        for slow, fast in zip(self._slow, self._moved, strict=True):
            value = tf.convert_to_tensor(fast)
            alpha = tf.cast(self.alpha, value.dtype)
            # Written so that alpha = 1 gives the fast weight to the last bit.
            value = (1 - alpha) * tf.convert_to_tensor(slow) + alpha * value
            constraint = getattr(fast, "constraint", None)
            fast.assign(value if constraint is None else constraint(value))

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Make a step.

        Args:
            grads: A gradient for each variable.
            trainable_variables: The variables; those it was built with where left away.
        """
        if not self.built:
            if trainable_variables is None:
                raise InputError(
                    "The optimizer isn't built, so it knows no variables: pass them, "
                    "optimizer.apply(gradients, variables)."
                )
            self.build(trainable_variables)
        if trainable_variables is None:
            trainable_variables = self._trainable_variables
        before = tf.identity(tf.convert_to_tensor(self.iterations))
        # Between two periods slow and fast weights are the same, so what is remembered is right
        # also where somebody has set the weights since.
        _when(before % self.period == 0, self._remember)
        self.inner_optimizer.apply(grads, list(trainable_variables))
        after = tf.convert_to_tensor(self.iterations)
        _when((after > before) & (after % self.period == 0), self._pull)

    # ---- what belongs to the optimizer inside

    @property
    def variables(self) -> list[Any]:
        """Its own variables and those of the optimizer inside."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Steps that the optimizer inside has made."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """That of the optimizer inside."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def loss_scale_factor(self) -> Any:
        """That of the optimizer inside."""
        return self.inner_optimizer.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: Any) -> None:
        # Set to None while this is made, when there is nothing inside yet.
        inner = self.__dict__.get("inner_optimizer")
        if inner is not None:
            inner.loss_scale_factor = value

    def scale_loss(self, loss: Any) -> Any:
        """As the optimizer inside scales it."""
        return self.inner_optimizer.scale_loss(loss)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leave variables out of the weight decay of the optimizer inside.

        Args:
            var_list: Variables.
            var_names: Words in the names of variables.
        """
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Any) -> None:
        """As the optimizer inside does at the end of a training run.

        Args:
            var_list: The variables.
        """
        self.inner_optimizer.finalize_variable_values(var_list)

    # ---- saved and made again

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes an equal one of."""
        return {
            "name": self.name,
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "period": self.period,
            "alpha": self.alpha,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Lookahead:
        """Make one as `get_config` describes it.

        Args:
            config: From `get_config`.
            custom_objects: Classes by name.
        """
        given = dict(config)
        inner = keras.saving.deserialize_keras_object(
            given.pop("optimizer"), custom_objects=custom_objects
        )
        return cls(inner, **given)


def _when(condition: Any, action: Any) -> None:
    def do() -> tf.Tensor:
        action()
        return tf.constant(True)

    tf.cond(condition, do, lambda: tf.constant(False))
