import tensorflow as tf
from transformers import BertTokenizer, TFBertForSequenceClassification

tokenizer = BertTokenizer.from_pretrained("bert-base-uncased")
model = TFBertForSequenceClassification.from_pretrained("bert-base-uncased")
encoded = tokenizer(["good", "bad"], return_tensors="tf", padding=True)
data = tf.data.Dataset.from_tensor_slices((dict(encoded), [1, 0])).batch(2)
model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=5e-5), loss=model.compute_loss)
model.fit(data, epochs=3)
