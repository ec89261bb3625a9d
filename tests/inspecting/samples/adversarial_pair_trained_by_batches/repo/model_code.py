from keras.models import Sequential, Model
from keras.layers import Dense, Reshape, Flatten, Input, Conv2D, UpSampling2D, LeakyReLU
from keras.optimizers import Adam
from keras.datasets import mnist
import numpy as np

class GAN:
    def __init__(self):
        self.discriminator = self.build_discriminator()
        self.discriminator.compile(loss="binary_crossentropy", optimizer=Adam(0.0002, 0.5))
        self.generator = self.build_generator()
        z = Input(shape=(100,))
        self.discriminator.trainable = False
        self.combined = Model(z, self.discriminator(self.generator(z)))
        self.combined.compile(loss="binary_crossentropy", optimizer=Adam(0.0002, 0.5))

    def build_generator(self):
        model = Sequential([Dense(7 * 7 * 8, input_dim=100), Reshape((7, 7, 8)), UpSampling2D(4), Conv2D(1, 3, padding="same")])
        return model

    def build_discriminator(self):
        return Sequential([Conv2D(8, 3, strides=2, input_shape=(28, 28, 1)), LeakyReLU(), Flatten(), Dense(1, activation="sigmoid")])

    def train(self, epochs, batch_size=32):
        (X_train, _), _ = mnist.load_data()
        for epoch in range(epochs):
            noise = np.random.normal(0, 1, (batch_size, 100))
            self.discriminator.train_on_batch(X_train[:batch_size], np.ones(batch_size))
            self.combined.train_on_batch(noise, np.ones(batch_size))

if __name__ == "__main__":
    gan = GAN()
    gan.train(epochs=300)
