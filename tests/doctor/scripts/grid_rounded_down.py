# ids = ["viz.subplot_num"]
# says = ["`place` is 7", "7 // 3 = 2"]
# advises = ["math.ceil(len(images) / 3)"]
# never = ["give `i + 1` as the index"]
# healthy = [["len(names) // 3", "-(-len(names) // 3)"]]
"""One small plot for each sensor."""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt


def draw(names):
    lines = len(names) // 3
    figure = plt.figure()
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(lines, 3, place)  # <- here
        axes.set_title(name)
    return figure


print(len(draw(["a", "b", "c", "d", "e", "f", "g"]).axes))
