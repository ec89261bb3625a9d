import keras
import numpy as np
from keras.layers import GRU, LSTM, Bidirectional, Dense, TimeDistributed

LOOK_BACK, HORIZON = 8, 1
series = np.sin(np.arange(200) / 5.0) + np.random.default_rng(18).normal(scale=0.05, size=200)
x = np.stack([series[i:i + LOOK_BACK] for i in range(180)])[..., None]
y = series[LOOK_BACK:LOOK_BACK + 180]

model = keras.Sequential()
model.add(keras.Input((LOOK_BACK, 1)))
model.add(Bidirectional(LSTM(6, return_sequences=True, dropout=0.1)))
model.add(TimeDistributed(Dense(5, activation="tanh")))
model.add(GRU(4))
model.add(Dense(HORIZON))
model.compile(loss="mse", optimizer=keras.optimizers.RMSprop(learning_rate=0.005), metrics=["mae"])
model.fit(x[:140], y[:140], epochs=2, batch_size=20, shuffle=False, validation_data=(x[140:], y[140:]), verbose=0)
