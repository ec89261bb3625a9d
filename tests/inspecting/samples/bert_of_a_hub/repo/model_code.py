import tensorflow as tf
import tensorflow_hub as hub

text = tf.keras.layers.Input((), dtype=tf.string)
encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8/1", trainable=True)
net = tf.keras.layers.Dropout(0.1)(encoder(text)["pooled_output"])
model = tf.keras.Model(text, tf.keras.layers.Dense(1)(net))
model.compile("adam", "binary_crossentropy")
model.fit(tf.constant(["a", "b"]), tf.constant([0, 1]))
