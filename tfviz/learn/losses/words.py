"""What is written about each loss: its formula, and one sentence to remember."""

from __future__ import annotations

WORDS = {
    "binary_crossentropy": (
        "-(y log p + (1 - y) log(1 - p))",
        "Yes or no; the cost of a confident mistake has no bound.",
    ),
    "binary_focal_crossentropy": (
        "-(1 - p)^gamma log p for y = 1",
        "Cross-entropy that cares less for what is already right.",
    ),
    "categorical_crossentropy": (
        "-sum_i y_i log p_i",
        "One class of many, labels as one-hot rows.",
    ),
    "categorical_focal_crossentropy": (
        "-alpha (1 - p)^gamma log p",
        "Focal loss for one class of many.",
    ),
    "categorical_generalized_cross_entropy": (
        "(1 - p^q) / q",
        "Between cross-entropy and absolute error; forgives wrong labels.",
    ),
    "categorical_hinge": (
        "max(0, 1 + highest wrong score - right score)",
        "The right class has to lead by 1.",
    ),
    "cosine_similarity": ("-cos(angle between y and x)", "Only the direction counts; -1 is best."),
    "dice": ("1 - 2 sum(y p) / (sum y + sum p)", "Overlap of two masks."),
    "hinge": ("max(0, 1 - y x), y = -1 or 1", "A margin of 1; 0 beyond it."),
    "huber": (
        "e^2 / 2 for |e| < delta, else delta |e| - delta^2 / 2",
        "Squared near 0, absolute far out: outliers pull no harder than delta.",
    ),
    "kl_divergence": ("sum_i y_i log(y_i / p_i)", "How far p is from the distribution y."),
    "l2": ("strength * w^2, added to the loss", "Pulls each weight towards 0, in proportion."),
    "log": ("-log p", "The surprise at what had probability p."),
    "log_cosh": ("log(cosh(e))", "Like Huber, but smooth."),
    "mean_absolute_error": ("|x - y|", "Each error pulls equally hard; leads to the median."),
    "mean_absolute_percentage_error": ("100 |x - y| / |y|", "Relative errors; y near 0 explodes."),
    "mean_squared_error": ("(x - y)^2", "Errors pull in proportion; leads to the mean."),
    "mean_squared_logarithmic_error": (
        "(log(1 + x) - log(1 + y))^2",
        "Ratios count; a guess too low costs more.",
    ),
    "poisson": ("x - y log x", "Counts: x is a rate, y how often it happened."),
    "sparse_categorical_crossentropy": (
        "-log p_y",
        "One class of many, labels as numbers; the same loss as categorical.",
    ),
    "squared_hinge": ("max(0, 1 - y x)^2", "A margin of 1, without a corner."),
    "tversky": (
        "1 - TP / (TP + alpha FP + beta FN)",
        "Dice with a price for each kind of mistake.",
    ),
}
"""Losses that Keras may add later have no entry, and are shown all the same."""
