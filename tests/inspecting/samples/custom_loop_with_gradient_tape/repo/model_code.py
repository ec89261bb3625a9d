import tensorflow as tf

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, activation="relu")
        self.flat = tf.keras.layers.Flatten()
        self.out = tf.keras.layers.Dense(10)

    def call(self, x):
        return self.out(self.flat(self.conv(x)))

(x, y), _ = tf.keras.datasets.mnist.load_data()
data = tf.data.Dataset.from_tensor_slices((x[..., None] / 255.0, y)).batch(64)
net, loss_fn, optimizer = Net(), tf.keras.losses.SparseCategoricalCrossentropy(True), tf.keras.optimizers.Adam()

@tf.function
def step(images, labels):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, net(images))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    return loss

for epoch in range(2):
    for images, labels in data:
        step(images, labels)
