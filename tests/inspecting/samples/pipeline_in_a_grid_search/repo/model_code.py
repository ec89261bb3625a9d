from sklearn.pipeline import Pipeline
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.model_selection import GridSearchCV
from sklearn.datasets import fetch_20newsgroups

news = fetch_20newsgroups(subset="train")
pipe = Pipeline([("tfidf", TfidfVectorizer()), ("nb", MultinomialNB())])
search = GridSearchCV(pipe, {"nb__alpha": [0.1, 1.0]}, cv=3)
search.fit(news.data, news.target)
