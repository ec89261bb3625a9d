from keras.models import load_model
from keras.preprocessing.image import ImageDataGenerator

faces = ImageDataGenerator(rescale=1 / 255).flow_from_directory("faces", target_size=(96, 96))
net = load_model("faces.keras")
net.compile("adam", "categorical_crossentropy")
net.fit(faces, epochs=3)
