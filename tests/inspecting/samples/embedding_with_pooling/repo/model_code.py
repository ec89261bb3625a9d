import tensorflow as tf
model = tf.keras.Sequential([
    tf.keras.layers.Embedding(10000, 16),
    tf.keras.layers.GlobalAveragePooling1D(),
    tf.keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
(x, y), _ = tf.keras.datasets.imdb.load_data(num_words=10000)
model.fit(tf.keras.utils.pad_sequences(x), y, epochs=3)
