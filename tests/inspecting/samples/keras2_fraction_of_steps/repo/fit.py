from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.preprocessing.image import ImageDataGenerator

batch = 32
found = ImageDataGenerator(rescale=1 / 255).flow_from_directory("photos/", target_size=(64, 64), batch_size=batch)
net = keras.Sequential([layers.Conv2D(8, 3), layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax")])
net.compile("adam", "categorical_crossentropy")
net.fit(found, steps_per_epoch=found.samples / batch, epochs=2)
