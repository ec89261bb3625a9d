import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.slim import nets

pictures = tf.placeholder(tf.float32, (None, 224, 224, 3))
labels = tf.placeholder(tf.float32, (None, 5))
nets.resnet_v1.resnet_v1_50(pictures, num_classes=5)
features = slim.flatten(tf.get_default_graph().get_tensor_by_name("resnet_v1_50/pool5:0"))
logits = slim.fully_connected(features, 5, activation_fn=None)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))
step = tf.train.AdamOptimizer(1e-4).minimize(loss)
