import numpy as np
from models import build_lstm

network = build_lstm((10, 1))
network.compile("adam", "mse")
network.fit(np.zeros((4, 10, 1)), np.zeros((4, 2)), epochs=2)
