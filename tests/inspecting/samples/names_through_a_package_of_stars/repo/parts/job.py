import numpy as np
from .net import Net

class Job:
    def prepare(self):
        self.x, self.y = np.zeros((4, 3, 1)), np.zeros(4)
        return self

    def learn(self):
        net = Net()
        net.make()
        net.learn(self.x, self.y)
        return self

    def report(self):
        print("done")
