from tensorflow.keras import Sequential, layers

def build_cnn(shape):
    return Sequential([layers.Input(shape), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(2)])

def build_lstm(shape):
    return Sequential([layers.Input(shape), layers.LSTM(8), layers.Dense(2)])
