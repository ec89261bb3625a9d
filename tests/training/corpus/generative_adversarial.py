from keras.layers import Dense, Input, LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import Adam
import numpy as np

noise_dim, epochs, batch_size = 4, 3, 16
data = np.random.default_rng(53).normal(2.0, 0.5, (64, 2))

generator = Sequential([Input((noise_dim,)), Dense(8), LeakyReLU(), Dense(2)])
discriminator = Sequential([Input((2,)), Dense(8), LeakyReLU(), Dense(1, activation="sigmoid")])
discriminator.compile(loss="binary_crossentropy", optimizer=Adam(0.0002, 0.5), metrics=["accuracy"])
discriminator.trainable = False
z = Input((noise_dim,))
combined = Model(z, discriminator(generator(z)))
combined.compile(loss="binary_crossentropy", optimizer=Adam(0.0002, 0.5))

for epoch in range(epochs):
    real = data[np.random.randint(0, len(data), batch_size)]
    fake = generator.predict(np.random.normal(size=(batch_size, noise_dim)), verbose=0)
    d_loss_real = discriminator.train_on_batch(real, np.ones((batch_size, 1)))
    d_loss_fake = discriminator.train_on_batch(fake, np.zeros((batch_size, 1)))
    g_loss = combined.train_on_batch(np.random.normal(size=(batch_size, noise_dim)), np.ones((batch_size, 1)))
    d_loss = 0.5 * np.add(d_loss_real, d_loss_fake)
    print("%d [D loss: %f, acc.: %.2f%%] [G loss: %f]" % (epoch, d_loss[0], 100 * d_loss[1], g_loss))
