"""The calls that train a model, told apart from the many other things that are called ``fit`` or ``train``."""

import ast
import re
from dataclasses import dataclass

from pushtune.inspecting.libraries import CLASSICAL, UNSUPPORTED, framework_of, keras_path
from pushtune.inspecting.patterns import one_of, words
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call, ScriptFacts

RESOLVE_DEPTH = 5
TRAININGS_LIMIT = 100
PREPROCESSING = "preprocessing"
TRAINER = "trainer"

# Classes whose ``fit`` learns how to prepare data: no model.
_PREPROCESSOR = re.compile(
    one_of(
        "Scaler Encoder Vectorizer Binarizer Normalizer Imputer Transformer Discretizer Tokenizer"
        " ImageDataGenerator PCA NMF"
        " TruncatedSVD FastICA TSNE UMAP SelectKBest SelectPercentile SelectFromModel VarianceThreshold RFE RFECV"
        r" PolynomialFeatures SMOTE\w* ADASYN OverSampler UnderSampler FeatureUnion TextVectorization StringLookup"
        " Normalization Dictionary Word2Vec Doc2Vec FastText Phrases"
    )
    + r"(?:\(\))?$"
)
_PREPROCESSOR_NAME = re.compile(
    r"(?:^|_)"
    + one_of(
        r"\w*scaler\w* sc sc_?[xy] ss mms? (?<!auto_)(?!\w*auto_?encoder)\w*encoder le lb mlb ohe enc \w*vectori[sz]er"
        r" tfidf\w* vect cv pca \w*tokeni[sz]er"
        r" \w*datagen\w* \w*data_gen\w* \w*imputer imp binari[sz]er generator tok t transformer normali[sz]er"
    )
    + r"\d*$",
    re.IGNORECASE,
)
_KERAS_WORDS = words(
    "epochs nb_epoch validation_data validation_split batch_size steps_per_epoch callbacks samples_per_epoch"
    " validation_steps initial_epoch shuffle"
)
_KERAS_MODELS = re.compile(
    r"(^|\.)(Sequential|Model|Functional|Graph|load_model|model_from_json|model_from_yaml|clone_model|KerasClassifier"
    r"|KerasRegressor|multi_gpu_model)\(\)$"
)
_KERAS_METHODS = ("fit", "fit_generator", "train_on_batch")
_CV_FUNCTIONS = ("cross_val_score", "cross_validate", "cross_val_predict", "learning_curve", "validation_curve")
_TRAINING_FUNCTIONS = {
    "fasttext.train_supervised": "fasttext",
    "theano.function": "theano",
    "jax.grad": "jax",
    "jax.value_and_grad": "jax",
}
_CLASSICAL_FIRST = ("scikit-learn", "xgboost", "lightgbm", "catboost", "pytorch", "statsmodels")
_TORCH_METHODS = ("fit_one_cycle", "fine_tune", "fit_flat_cos", "backward")
_FEDERATED = re.compile(r"tensorflow_federated\.learning\.(algorithms\.)?build_\w*fed\w*(averag|avg|sgd|prox)\w*$")
_TF1_OPTIMIZER = re.compile(r"tensorflow\.(compat\.v1\.)?train\.\w*Optimizer")


@dataclass(frozen=True)
class Training:
    """One call that trains. ``how`` is the call as text, ``weight`` how sure it is a main model (0 to 1)."""

    framework: str
    path: str
    line: int
    scope: str
    how: str
    weight: float = 1.0


def find_trainings(project: Project, path: str, started: str | None = None) -> list[Training]:
    """Return the training calls written in ``path`` (whether they are ever reached is another question).

    ``started`` is the script that is started: where ``path`` itself says nothing, the libraries of that one decide.
    """
    facts = project.script(path).facts
    wraps_keras = any(call.method in ("KerasClassifier", "KerasRegressor") for call in facts.calls)
    place = _Place(project, path, started or path)
    found: list[Training] = []
    for call in facts.calls:
        if len(found) >= TRAININGS_LIMIT or project.deadline.passed():
            break
        framework = _framework_of_call(place, facts, call)
        if framework in CLASSICAL and wraps_keras:  # a grid search of scikit-learn around a network
            framework = "keras"
        if framework:
            found.append(Training(framework, path, call.line, call.scope, f"{call.name}()"))
    return found


@dataclass(frozen=True)
class _Place:
    """Where a call stands: its file, and the script that is started."""

    project: Project
    path: str
    started: str

    def imports(self, framework: str) -> bool:
        """Return whether the file, or else the started script, imports ``framework``."""
        return framework in self.frameworks()

    def frameworks(self) -> set[str]:
        """Return what the file imports, or else the started script."""
        return imported_frameworks(self.project, self.path) or imported_frameworks(self.project, self.started)

    def kinds(self, dotted: str, scope: str) -> set[str]:
        """Return what the value ``dotted`` can be."""
        return kinds_of(self.project, self.path, dotted, scope)


def _framework_of_call(place: _Place, facts: ScriptFacts, call: Call) -> str | None:
    known = _by_full_name(call.name)
    if known:
        return known
    receiver, _, method = call.name.rpartition(".")
    if not receiver:
        return None
    if method in _KERAS_METHODS or method == "partial_fit":
        return _fit(place, call, receiver)
    if method in ("minimize", "apply_gradients"):
        return _gradient_step(place, facts, receiver)
    if method in _TORCH_METHODS:
        return next((name for name in ("pytorch", "mxnet") if place.imports(name)), None)
    return _other_methods(place, call, receiver, method)


def _by_full_name(name: str) -> str | None:
    """Functions that train by themselves."""
    head, _, method = name.rpartition(".")
    if name in ("xgboost.train", "xgboost.cv"):
        return "xgboost"
    if name in ("lightgbm.train", "lightgbm.cv"):
        return "lightgbm"
    if method in _CV_FUNCTIONS and head.startswith("sklearn"):
        return "scikit-learn"
    if name in ("tensorflow.estimator.train_and_evaluate", "tensorflow.contrib.learn.learn_runner.run"):
        return "tensorflow"
    if _FEDERATED.match(name):
        return "tensorflow"
    if name.endswith("learn_runner.run") or name == "tensorflow.contrib.slim.learning.train":
        return "tensorflow"
    return _TRAINING_FUNCTIONS.get(name)


def _fit(place: _Place, call: Call, receiver: str) -> str | None:
    if receiver == "self" and _is_own_method(place, call):
        return None  # what its own ``fit`` does is looked at there
    kinds = place.kinds(receiver, call.scope)
    models = kinds - {PREPROCESSING}
    if models:
        return _strongest(models)
    if _is_of_own_class(place, call, receiver):
        return None
    given = {word.arg for word in call.node.keywords}
    if PREPROCESSING in kinds or (not given & _KERAS_WORDS and _PREPROCESSOR_NAME.search(receiver.rpartition(".")[2])):
        return None
    if not call.node.args and not call.node.keywords:
        return "statsmodels" if place.imports("statsmodels") else None
    if call.method != "fit" or given & _KERAS_WORDS:
        for framework in ("keras", "tensorflow", "pytorch"):
            if place.imports(framework):
                return "keras" if framework == "tensorflow" else framework
    return _guessed(place.frameworks()) or ("keras" if _is_compiled(place, receiver) and given & _KERAS_WORDS else None)


def _is_compiled(place: _Place, receiver: str) -> bool:
    """Return whether ``receiver.compile(loss=..., optimizer=...)`` is called: a model of Keras, wherever it is from."""
    calls = (call for call in place.project.script(place.path).facts.calls if call.name == f"{receiver}.compile")
    return any(call.keyword("loss") is not None and call.keyword("optimizer") is not None for call in calls)


def _is_own_method(place: _Place, call: Call) -> bool:
    """Return whether the class in which ``call`` stands, or a base of it in the same file, defines what is called."""
    facts = place.project.script(place.path).facts
    owner = call.scope.partition(".")[0]
    return any(f"{name}.{call.method}" in facts.functions for name in (owner, *facts.classes.get(owner, ())))


def _is_of_own_class(place: _Place, call: Call, receiver: str) -> bool:
    """Return whether the receiver is made from a class of the repository with such a method: it is looked at there."""
    for item in place.project.script(place.path).facts.assigned(receiver):
        home = place.project.definition(item.value, place.path) if item.value.endswith("()") else None
        if home and f"{home[1]}.{call.method}" in place.project.script(home[0]).facts.functions:
            return not any(map(framework_of, place.project.script(home[0]).facts.classes.get(home[1], ())))
    return False


def _guessed(frameworks: set[str]) -> str | None:
    """The receiver says nothing: the libraries that the file and its own modules import decide."""
    for framework in ("keras", "tensorflow"):
        if framework in frameworks:
            return "keras"
    for framework in (*_CLASSICAL_FIRST, *sorted(UNSUPPORTED)):
        if framework in frameworks:
            return framework
    return None


def _strongest(kinds: set[str]) -> str:
    order = ("keras", "pytorch", "tensorflow", "xgboost", "lightgbm", "catboost", "scikit-learn")
    return next((kind for kind in order if kind in kinds), sorted(kinds)[0])


def _gradient_step(place: _Place, facts: ScriptFacts, receiver: str) -> str | None:
    """``optimizer.minimize(loss)`` and ``optimizer.apply_gradients(...)``: a training loop written by hand."""
    values = [item.value for item in facts.assigned(receiver)] + [receiver]
    if any(_TF1_OPTIMIZER.search(value) for value in values):
        return "tensorflow"
    if any(value.startswith("tensorflow.") or keras_path(value) for value in values):
        return "tensorflow"
    return "tensorflow" if place.frameworks() & {"tensorflow", "keras"} else None


def _other_methods(place: _Place, call: Call, receiver: str, method: str) -> str | None:
    kinds = place.kinds(receiver, call.scope)
    if method == "fit_predict" and kinds & CLASSICAL:
        return _strongest(kinds & CLASSICAL)
    if method in ("train", "train_model") and TRAINER in kinds:  # ``model.train()`` of PyTorch only switches a mode
        return "pytorch"
    if method == "train" and _has_input_function(call) and ("tensorflow" in kinds or place.imports("tensorflow")):
        return "tensorflow"
    if method == "search" and "keras-tuner" in kinds:
        return "keras"
    return None


def _has_input_function(call: Call) -> bool:
    """``estimator.train(input_fn=f)``, ``estimator.train(train_input_fn, steps=9)``."""
    if call.keyword("input_fn") is not None:
        return True
    parts = ast.walk(call.node.args[0]) if call.node.args else ()
    return any("input_fn" in (getattr(part, "id", "") or getattr(part, "attr", "")) for part in parts)


def kinds_of(project: Project, path: str, dotted: str, scope: str, depth: int = RESOLVE_DEPTH) -> set[str]:
    """Return what the value ``dotted`` can be: frameworks, ``preprocessing``; empty if nothing is known."""
    direct = _kind_of_name(dotted)
    if direct or depth <= 0:
        return direct
    facts = project.script(path).facts
    base = dotted.removesuffix("()")
    values = facts.assigned(base)
    near = [item for item in values if item.scope == scope] or values
    kinds: set[str] = set()
    for item in near[:20]:
        if item.value != dotted:
            kinds |= kinds_of(project, path, item.value, item.scope, depth - 1)
    if kinds or not dotted.endswith("()"):
        return kinds
    return _kinds_of_result(project, path, base, depth)


def _kinds_of_result(project: Project, path: str, function: str, depth: int) -> set[str]:
    """What a call of one of the repository's own functions or classes returns."""
    place = project.definition(function, path)
    if place is None:
        receiver, _, _ = function.rpartition(".")
        return kinds_of(project, path, receiver, "", depth - 1) - {PREPROCESSING} if receiver.endswith("()") else set()
    where, name = place
    facts = project.script(where).facts
    kinds: set[str] = set()
    for base in facts.classes.get(name, ()):
        kinds |= _kind_of_name(base + "()") or ({"keras"} if (keras_path(base) or "").endswith("Model") else set())
    for returned in facts.returns.get(name, ())[:10]:
        kinds |= kinds_of(project, where, returned, name, depth - 1)
    return kinds


def _kind_of_name(dotted: str) -> set[str]:
    if not dotted.endswith(("()", "()[]")):
        return set()
    bare = dotted.partition("()")[0]
    framework = framework_of(bare)
    if framework is None:
        return set()
    last = bare.rpartition(".")[2]
    if _PREPROCESSOR.search(last) or ".preprocessing." in bare or ".feature_extraction." in bare:
        return {PREPROCESSING}
    if bare.startswith(("keras_tuner.", "kerastuner.")):
        return {"keras", "keras-tuner"}
    if framework == "keras":
        return {"keras"} if _KERAS_MODELS.search(bare + "()") or "applications" in bare else set()
    if bare.startswith("transformers."):
        if last.endswith("Trainer"):
            return {"pytorch", TRAINER}
        return {"keras"} if last.startswith("TF") or ".TF" in bare else {"pytorch"}
    if last.endswith("Trainer") or bare.startswith(("ultralytics.", "simpletransformers.", "sentence_transformers.")):
        return {framework, TRAINER}
    return {framework}


def imported_frameworks(project: Project, path: str) -> set[str]:
    """Return the frameworks that ``path`` and the repository's modules below it import."""
    known: dict[str, set[str]] = project.notes("frameworks")
    if path not in known:
        names = [item.dotted for member in project.closure(path) for item in project.script(member).facts.imports]
        known[path] = {framework for name in names if (framework := framework_of(name)) is not None}
    return known[path]
