from keras.applications.densenet import DenseNet169
from classifier import Classifier

job = Classifier(DenseNet169)
job.train()
