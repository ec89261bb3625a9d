import numpy as np
from keras_transformer import get_model

network = get_model(token_num=30, embed_dim=16, encoder_num=1, decoder_num=1, head_num=2, hidden_dim=32)
network.compile("adam", "sparse_categorical_crossentropy")


def learn(model, sentences):
    model.fit([sentences, sentences], sentences[..., None], epochs=4, batch_size=8)


learn(network, np.zeros((16, 10)))
