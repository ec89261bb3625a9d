from parts.layers_of_plant import body
from parts.steps import Steps


class Thing:
    def learn(self, rows, marks):
        raise NotImplementedError


class Plant(Thing):
    def __init__(self, width, steps=Steps):
        self.body = body(width)
        self.steps = steps(self.body)

    def learn(self, rows, marks):
        self.steps.learn(rows, marks)
