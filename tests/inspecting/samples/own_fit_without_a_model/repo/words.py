from tensorflow.keras.utils import to_categorical


class Vocabulary:
    def fit(self, texts):
        self.numbers = {word: number for number, word in enumerate(sorted({w for t in texts for w in t.split()}))}
        return self

    def transform(self, texts):
        return [[self.numbers[word] for word in text.split()] for text in texts]


class Numbered(Vocabulary):
    def fit_transform(self, texts, labels):
        return self.fit(texts).transform(texts), to_categorical(labels)
