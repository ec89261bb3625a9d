import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses

texts = np.array(["a good movie", "bad film", "great and good", "awful bad plot"] * 40)
labels = np.array([1, 0, 1, 0] * 40)
max_features, sequence_length, embedding_dim = 30, 5, 8

vectorize_layer = layers.TextVectorization(max_tokens=max_features, output_sequence_length=sequence_length)
vectorize_layer.adapt(texts)
raw = tf.data.Dataset.from_tensor_slices((texts, labels)).shuffle(160, seed=1, reshuffle_each_iteration=False)
train_ds = raw.take(128).batch(16).map(lambda text, label: (vectorize_layer(text), label))
test_ds = raw.skip(128).batch(16).map(lambda text, label: (vectorize_layer(text), label))

model = tf.keras.Sequential([
    layers.Embedding(max_features, embedding_dim),
    layers.Dropout(0.2),
    layers.GlobalAveragePooling1D(),
    layers.Dropout(0.2),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(loss=losses.BinaryCrossentropy(), optimizer="adam", metrics=[tf.metrics.BinaryAccuracy(threshold=0.5)])
model.fit(train_ds, epochs=3, verbose=0)
loss, accuracy = model.evaluate(test_ds, verbose=0)
print("Loss: ", loss)
print("Accuracy: ", accuracy)
