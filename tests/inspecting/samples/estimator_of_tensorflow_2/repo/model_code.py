import tensorflow as tf
import pandas as pd

train = pd.read_csv("https://example.org/iris_training.csv")
labels = train.pop("species")
columns = [tf.feature_column.numeric_column(key=key) for key in train.keys()]

def input_fn():
    return tf.data.Dataset.from_tensor_slices((dict(train), labels)).shuffle(100).repeat().batch(32)

classifier = tf.estimator.DNNClassifier(feature_columns=columns, hidden_units=[30, 10], n_classes=3)
classifier.train(input_fn=input_fn, steps=5000)
