"""The PyTorch and the TensorFlow words for the parts of a training step."""

from __future__ import annotations

WORDS: tuple[tuple[str, str, str], ...] = (
    ("what", "PyTorch", "TensorFlow with Keras"),
    ("zero-grad", "optimizer.zero_grad()", "a new tf.GradientTape() each step"),
    ("forward", "loss = loss_fn(model(x), y)", "the same, inside: with tf.GradientTape() as tape:"),
    ("backward", "loss.backward()", "gradients = tape.gradient(loss, model.trainable_variables)"),
    ("where they are", "parameter.grad, added up", "a list of new tensors, yours"),
    ("step", "optimizer.step()", "optimizer.apply(gradients, model.trainable_variables)"),
    ("no recording", "with torch.no_grad():", "outside of a tape nothing is recorded"),
    ("gradient by the input", "x.requires_grad_()", "tape.watch(x)"),
    ("a second backward", "loss.backward(retain_graph=True)", "tf.GradientTape(persistent=True)"),
    ("accumulate", "leave zero_grad() out for k steps", "add the lists up; set to 0 after k steps"),
    ("cut the graph", "x.detach()", "tf.stop_gradient(x)"),
)
