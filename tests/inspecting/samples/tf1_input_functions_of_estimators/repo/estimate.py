import numpy as np

frames = np.random.rand(64, 12)
kinds = np.random.randint(0, 2, 64)

import tensorflow as tf

columns = [tf.feature_column.numeric_column("frames", shape=[12])]
judge = tf.estimator.DNNClassifier(hidden_units=[8], feature_columns=columns, n_classes=2)
judge.train(tf.estimator.inputs.numpy_input_fn({"frames": frames}, kinds, num_epochs=None, shuffle=True), steps=20)
