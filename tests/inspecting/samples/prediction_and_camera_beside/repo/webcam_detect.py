import cv2
from keras.models import load_model

model = load_model("mask.h5")
camera = cv2.VideoCapture(0)
model.predict(camera.read()[1])
