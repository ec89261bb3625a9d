import keras
import numpy as np

encoding_dim = 4
x = np.random.default_rng(38).random((240, 16)).astype("float32")
x_train, x_test = x[:200], x[200:]
input_img = keras.Input(shape=(16,))
encoded = keras.layers.Dense(10, activation="relu")(input_img)
encoded = keras.layers.Dense(encoding_dim, activation="relu")(encoded)
decoded = keras.layers.Dense(10, activation="relu")(encoded)
decoded = keras.layers.Dense(16, activation="sigmoid")(decoded)
autoencoder = keras.Model(input_img, decoded)
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
autoencoder.fit(x_train, x_train, epochs=3, batch_size=25, shuffle=True, validation_data=(x_test, x_test), verbose=0)
encoder = keras.Model(input_img, encoded)
print(encoder.predict(x_test, verbose=0).shape)
