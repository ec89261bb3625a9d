import tensorflow as tf

epochs = int(input("epochs: "))
neurons = int(input("neurons: "))
(x, y), _ = tf.keras.datasets.mnist.load_data()
net = tf.keras.models.Sequential()
net.add(tf.keras.layers.Flatten(input_shape=(28, 28)))
net.add(tf.keras.layers.Dense(neurons, activation="relu"))
net.add(tf.keras.layers.Dense(10, activation="softmax"))
net.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
net.fit(x / 255.0, y, epochs=epochs)
