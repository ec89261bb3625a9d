import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, layers, losses, metrics, optimizers


class Classifier(Model):
    def __init__(self, hidden=16, rate=0.2):
        super().__init__()
        self.hidden = layers.Dense(hidden, activation="relu")
        self.dropout = layers.Dropout(rate)
        self.out = layers.Dense(3)

    def call(self, x, training=False):
        return self.out(self.dropout(self.hidden(x), training=training))


class Trainer:
    def __init__(self, model, learning_rate):
        self.model = model
        self.optimizer = optimizers.Adam(learning_rate=learning_rate)
        self.loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        self.train_loss = metrics.Mean(name="train_loss")
        self.val_accuracy = metrics.SparseCategoricalAccuracy(name="val_accuracy")

    @tf.function
    def train_step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss(y, self.model(x, training=True))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        self.train_loss(loss)

    @tf.function
    def val_step(self, x, y):
        self.val_accuracy(y, self.model(x))

    def fit(self, train, val, epochs, patience=3):
        best, waited = 0.0, 0
        for epoch in range(1, epochs + 1):
            self.train_loss.reset_state()
            self.val_accuracy.reset_state()
            for x, y in train:
                self.train_step(x, y)
            for x, y in val:
                self.val_step(x, y)
            accuracy = self.val_accuracy.result().numpy()
            print(f"Epoch {epoch}/{epochs}: loss {self.train_loss.result():.4f}, val_accuracy {accuracy:.4f}")
            best, waited = (accuracy, 0) if accuracy > best else (best, waited + 1)
            if waited >= patience:
                break


rng = np.random.default_rng(51)
X = rng.normal(size=(240, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0.5)
train = tf.data.Dataset.from_tensor_slices((X[:180], Y[:180])).shuffle(180, seed=1).batch(20)
val = tf.data.Dataset.from_tensor_slices((X[180:], Y[180:])).batch(20)
Trainer(Classifier(), learning_rate=0.01).fit(train, val, epochs=3)
