class Base:
    def learn(self):
        self.model.fit(self.x, self.y, epochs=1)
