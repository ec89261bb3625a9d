BATCH = 40
OPTIONS = {"width": 14, "rate": 0.1}


class Config:
    epochs = 2
