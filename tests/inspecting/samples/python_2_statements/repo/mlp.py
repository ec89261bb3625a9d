import cPickle
from keras.models import Sequential
from keras.layers import Dense
import numpy as np

print "loading", "data"
data = np.zeros((10, 3))
try:
    labels = cPickle.load(open("labels.pkl"))
except IOError, error:
    print >>open("log.txt", "w"), error
    labels = np.zeros(10)
model = Sequential()
model.add(Dense(4, input_dim=3))
model.add(Dense(1))
model.compile(loss="mse", optimizer="sgd")
for i in xrange(3):
    model.fit(data, labels)
    print "round %d" % i
