"""Every text in its result is markup, a formula, a template or a terminal sequence."""
import atexit
import json
import os

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    hostile = "=1+1|<img src=x onerror=alert(1)>{{ 31337 * 1009 }}\x1b[2J\x00\u202e\ud800'\"--"
    result = json.load(open(TRIAL + "result.json"))
    result["objective"]["metric"] = hostile
    result["test_metrics"] = {hostile: 1.0, "../../up": 0.5}
    result["exactness"] = result["exactness_reason"] = hostile
    result["samples"], result["versions"] = {hostile: 3, "a/../../b": 1}, {hostile: hostile, "../x": "1"}
    result["warnings"] = [{"message": hostile, "file": hostile, "line": -1, "kind": hostile}] * 200
    for parameter in result["search_space"]:
        parameter.update(owner=hostile, argument=hostile, file=hostile, reason=hostile)
    with open(TRIAL + "result.json", "w") as stream:
        json.dump(result, stream)
    with open(TRIAL + "progress.jsonl", "a") as stream:
        line = {"kind": "epoch", "phase": "train", "unix_time": 1.0, "metrics": {hostile: 1.0}, "message": hostile}
        stream.write(json.dumps(line) + "\n")


print("=1+1|<img src=x onerror=alert(1)>{{ 31337 * 1009 }}\x1b[2J\x1b]0;owned\x07\x9b2J\u202e::endgroup::")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
