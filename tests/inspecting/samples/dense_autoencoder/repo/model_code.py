from keras.layers import Input, Dense
from keras.models import Model
from keras.datasets import mnist

input_img = Input(shape=(784,))
encoded = Dense(32, activation="relu")(input_img)
decoded = Dense(784, activation="sigmoid")(encoded)
autoencoder = Model(input_img, decoded)
encoder = Model(input_img, encoded)
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
(x_train, _), (x_test, _) = mnist.load_data()
autoencoder.fit(x_train.reshape(-1, 784) / 255.0, x_train.reshape(-1, 784) / 255.0, epochs=50, batch_size=256, shuffle=True)
