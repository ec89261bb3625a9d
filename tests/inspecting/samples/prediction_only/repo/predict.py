from keras.models import load_model
import numpy as np

model = load_model("m.h5")
print(model.predict(np.zeros((1, 3))))
