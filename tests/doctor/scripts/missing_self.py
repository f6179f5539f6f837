# ids = ["python.argument_count"]
# says = []
# healthy = [["def forward(x):", "def forward(self, x):"]]
"""A method without self."""

import numpy as np


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def forward(x):
        return x * 2


print(Scale(3).forward(np.ones(2)))  # <- here
