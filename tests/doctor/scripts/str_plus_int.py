# ids = ["python.operand_types"]
# says = ["`epoch`", "int"]
# healthy = [["\"epoch_\" + epoch", "\"epoch_\" + str(epoch)"]]
"""A file name for each epoch."""

import numpy as np

losses = np.linspace(1, 0.5, 3)
for epoch, loss in enumerate(losses):
    name = "epoch_" + epoch + ".npy"  # <- here
    np.save(name, loss)
