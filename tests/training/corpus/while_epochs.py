import numpy as np
import tensorflow as tf

tf.random.set_seed(54)
rng = np.random.default_rng(54)
x = rng.normal(size=(160, 5)).astype("float32")
y = (x @ np.array([1.0, -2.0, 0.5, 0.0, 1.5]) + 0.1 * rng.normal(size=160)).astype("float32")[:, None]
net = tf.keras.Sequential()
net.add(tf.keras.layers.Dense(10, activation="tanh", input_shape=(5,)))
net.add(tf.keras.layers.Dense(1))
opt = tf.keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)
mse = tf.keras.losses.MeanSquaredError()

epoch, max_epochs = 0, 4
while epoch < max_epochs:
    for i in range(0, 120, 24):
        with tf.GradientTape() as tape:
            loss = mse(y[i:i + 24], net(x[i:i + 24]))
        opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    val_loss = mse(y[120:], net(x[120:])).numpy()
    epoch += 1
    print(epoch, loss.numpy(), val_loss)
