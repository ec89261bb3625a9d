import smtplib
from email.message import EmailMessage

import keras
import numpy as np

x = np.random.default_rng(26).normal(size=(160, 4))
y = (x[:, 0] > 0) * 1
model = keras.Sequential([keras.layers.Dense(10, activation="relu"), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=3, validation_split=0.25, verbose=0)

message = EmailMessage()
message["Subject"] = "training is done"
server = smtplib.SMTP("smtp.mail.invalid", 587, timeout=5)
server.starttls()
server.login("me", "password")
server.send_message(message)
