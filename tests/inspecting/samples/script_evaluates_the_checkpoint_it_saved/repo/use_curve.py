import numpy as np
from keras.models import load_model

print(load_model("curve.keras").predict(np.array([[0.5]])))
