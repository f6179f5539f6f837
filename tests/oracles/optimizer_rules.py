"""The rules of optimizers in float64 NumPy, as their papers and Keras's pages say.

`rule(gradient, start, rate, steps)` gives the places after each step, (steps + 1, 2). Where Keras
documents another constant than the paper (an epsilon under the root), it is Keras's; where it holds
a constant in single precision, so does the twin.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Gradient = Callable[[np.ndarray], np.ndarray]
EPSILON = 1e-7
B1, B2 = float(np.float32(0.9)), float(np.float32(0.999))
LION_B2 = float(np.float32(0.99))


def _walk(start: np.ndarray, steps: int, update: Callable[[np.ndarray, int], np.ndarray]):
    places = [np.array(start, np.float64)]
    for t in range(1, steps + 1):
        places.append(update(places[-1], t))
    return np.stack(places)


def sgd(gradient: Gradient, start, rate, steps):
    return _walk(start, steps, lambda w, t: w - rate * gradient(w))


def momentum(gradient: Gradient, start, rate, steps, beta=B1, nesterov=False):
    """Polyak 1964; Nesterov as in Sutskever et al. 2013, equation 4, looked at from ahead."""
    velocity = np.zeros(2)

    def update(w, t):
        nonlocal velocity
        g = gradient(w)
        velocity = beta * velocity - rate * g
        return w + (beta * velocity - rate * g if nesterov else velocity)

    return _walk(start, steps, update)


def nesterov(gradient: Gradient, start, rate, steps):
    return momentum(gradient, start, rate, steps, nesterov=True)


def rmsprop(gradient: Gradient, start, rate, steps, rho=0.9):
    """Hinton, lecture 6.5, 2012."""
    mean_square = np.zeros(2)

    def update(w, t):
        nonlocal mean_square
        g = gradient(w)
        mean_square = rho * mean_square + (1 - rho) * g**2
        return w - rate * g / np.sqrt(mean_square + EPSILON)

    return _walk(start, steps, update)


def adagrad(gradient: Gradient, start, rate, steps):
    """Duchi, Hazan, Singer 2011, figure 1."""
    total = np.full(2, 0.1)

    def update(w, t):
        nonlocal total
        g = gradient(w)
        total = total + g**2
        return w - rate * g / np.sqrt(total + EPSILON)

    return _walk(start, steps, update)


def adadelta(gradient: Gradient, start, rate, steps, rho=0.95):
    """Zeiler 2012, algorithm 1, times a rate."""
    of_slopes, of_moves = np.zeros(2), np.zeros(2)

    def update(w, t):
        nonlocal of_slopes, of_moves
        g = gradient(w)
        of_slopes = rho * of_slopes + (1 - rho) * g**2
        move = -np.sqrt(of_moves + EPSILON) / np.sqrt(of_slopes + EPSILON) * g
        of_moves = rho * of_moves + (1 - rho) * move**2
        return w + rate * move

    return _walk(start, steps, update)


def adam(gradient: Gradient, start, rate, steps, b1=0.9, b2=0.999, decay=0.0, amsgrad=False):
    """Kingma and Ba 2015, in the order of the end of section 2; Reddi et al. 2018 for AMSGrad.

    With `decay`, Loshchilov and Hutter 2019: weights shrink before the step.
    """
    m, v, largest = np.zeros(2), np.zeros(2), np.zeros(2)

    def update(w, t):
        nonlocal m, v, largest
        g = gradient(w)
        w = w - rate * decay * w
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        largest = np.maximum(largest, v)
        alpha = rate * np.sqrt(1 - B2**t) / (1 - B1**t)
        return w - alpha * m / (np.sqrt(largest if amsgrad else v) + EPSILON)

    return _walk(start, steps, update)


def amsgrad(gradient: Gradient, start, rate, steps):
    return adam(gradient, start, rate, steps, amsgrad=True)


def adamw(gradient: Gradient, start, rate, steps):
    return adam(gradient, start, rate, steps, decay=0.004)


def adamax(gradient: Gradient, start, rate, steps, b1=0.9, b2=0.999):
    """Kingma and Ba 2015, algorithm 2."""
    m, norm = np.zeros(2), np.zeros(2)

    def update(w, t):
        nonlocal m, norm
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        norm = np.maximum(b2 * norm, np.abs(g))
        return w - rate / (1 - b1**t) * m / (norm + EPSILON)

    return _walk(start, steps, update)


def nadam(gradient: Gradient, start, rate, steps, b1=B1, b2=B2):
    """Dozat 2015, with his schedule μ_t = β1 (1 - 0.5 · 0.96^t)."""
    m, v, product = np.zeros(2), np.zeros(2), 1.0

    def mu(t):
        return b1 * (1 - 0.5 * 0.96**t)

    def update(w, t):
        nonlocal m, v, product
        g = gradient(w)
        product *= mu(t)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        ahead = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        return w - rate * ahead / (np.sqrt(v / (1 - b2**t)) + EPSILON)

    return _walk(start, steps, update)


def ftrl(gradient: Gradient, start, rate, steps):
    """McMahan et al. 2013, algorithm 1, without regularisation and with Keras's start of 0.1."""
    n, z = np.full(2, 0.1), np.zeros(2)

    def update(w, t):
        nonlocal n, z
        g = gradient(w)
        sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / rate
        z = z + g - sigma * w
        n = n + g**2
        return -z / (np.sqrt(n) / rate)

    return _walk(start, steps, update)


def lion(gradient: Gradient, start, rate, steps, b1=B1, b2=LION_B2):
    """Chen et al. 2023, algorithm 2."""
    m = np.zeros(2)

    def update(w, t):
        nonlocal m
        g = gradient(w)
        w = w - rate * np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
        return w

    return _walk(start, steps, update)


def lamb(gradient: Gradient, start, rate, steps, b1=0.9, b2=0.999):
    """You et al. 2020, algorithm 2."""
    m, v = np.zeros(2), np.zeros(2)

    def update(w, t):
        nonlocal m, v
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        r = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + EPSILON)
        trust = np.linalg.norm(w) / np.linalg.norm(r)
        return w - rate * trust * r

    return _walk(start, steps, update)


def adafactor(gradient: Gradient, start, rate, steps):
    """Shazeer and Stern 2018, algorithm 4 for vectors, relative steps."""
    v = np.zeros(2)

    def rms(x):
        return np.sqrt(np.mean(x**2))

    def update(w, t):
        nonlocal v
        g = gradient(w)
        alpha = max(1e-3, rms(w)) * min(rate, 1 / np.sqrt(t))
        b2 = 1 - t**-0.8
        v = b2 * v + (1 - b2) * (g**2 + 1e-30)
        u = g / np.sqrt(v)
        return w - alpha * u / max(1.0, rms(u))

    return _walk(start, steps, update)


def schedule_free_adamw(gradient: Gradient, start, rate, steps, b1=B1, b2=B2, late=False):
    """Defazio et al. 2024, algorithm 1 without decay and warm-up: y is where gradients are taken.

    With `late`, x is worked out from y and a z that has already moved.
    """
    z = np.array(start, np.float64)
    x, v = z.copy(), np.zeros(2)

    def update(y, t):
        nonlocal x, z, v
        g = gradient(y)
        v = b2 * v + (1 - b2) * g**2
        z = z - rate * g / (np.sqrt(v / (1 - b2**t)) + 1e-8)
        if late:
            x = (y - (1 - b1) * z) / b1
        x = (1 - 1 / t) * x + z / t
        return (1 - b1) * z + b1 * x

    return _walk(start, steps, update)


RULES = {
    "Adadelta": adadelta,
    "Adafactor": adafactor,
    "Adagrad": adagrad,
    "Adam": adam,
    "AdamW": adamw,
    "Adamax": adamax,
    "Ftrl": ftrl,
    "Lamb": lamb,
    "Lion": lion,
    "Nadam": nadam,
    "RMSprop": rmsprop,
    "SGD": sgd,
    "ScheduleFreeAdamW": schedule_free_adamw,
    "Momentum": momentum,
    "Nesterov": nesterov,
    "AMSGrad": amsgrad,
}


def rosenbrock(p: np.ndarray) -> np.ndarray:
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


def beale(p: np.ndarray) -> np.ndarray:
    x, y = p
    left = np.array([1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3])
    return np.array(
        [
            2 * left @ np.array([y - 1, y**2 - 1, y**3 - 1]),
            2 * left @ np.array([x, 2 * x * y, 3 * x * y**2]),
        ]
    )


def himmelblau(p: np.ndarray) -> np.ndarray:
    x, y = p
    a, b = x**2 + y - 11, x + y**2 - 7
    return np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])


def saddle(p: np.ndarray) -> np.ndarray:
    return np.array([2 * p[0], -2 * p[1] + p[1] ** 3])


def ravine(condition: float, degrees: float) -> Gradient:
    angle = np.deg2rad(degrees)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-np.sin(angle), np.cos(angle)])
    return lambda p: along * (along @ p) + condition * across * (across @ p)


GRADIENTS = {
    "bowl": lambda p: p,
    "ravine": ravine(100, 30),
    "rosenbrock": rosenbrock,
    "beale": beale,
    "himmelblau": himmelblau,
    "saddle": saddle,
}
