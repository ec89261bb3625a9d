class Reconstruction:
    def __init__(self, width):
        self.width = width
        self.autoencoder = None

    def learn(self, rounds):
        rows = self.rows()
        self.autoencoder.fit(rows, rows, epochs=rounds, batch_size=16)
