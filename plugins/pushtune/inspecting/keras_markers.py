"""Names and arguments of Keras and TensorFlow that existed only up to a certain release: one table.

Each row was checked against the released packages of stand-alone Keras 1.2 to 3 and of TensorFlow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.script_facts import Call, ScriptFacts


@dataclass(frozen=True)
class Marker:
    """One row: ``newest`` is the last generation that has it.

    Attributes:
        imports: fits ``module`` or ``module.name`` of an import, after Keras' own root. names: fits a dotted name that is used,
            after Keras' own root. methods: names of methods. keywords: argument names, on calls that ``on`` fits.
        tensorflow: fits a dotted name of TensorFlow itself.
    """

    newest: str
    says: str
    imports: re.Pattern[str] | None = None
    names: re.Pattern[str] | None = None
    methods: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    on: re.Pattern[str] | None = None
    tensorflow: re.Pattern[str] | None = None
    extra: tuple[str, ...] = field(default=())

    def find(self, facts: ScriptFacts, scopes: set[str]) -> int | None:
        """Return the line of the first place in ``scopes`` that shows this marker; None if there is none."""
        return next((line for line in self._lines(facts, scopes)), None)

    def _lines(self, facts: ScriptFacts, scopes: set[str]) -> Iterator[int]:
        if self.imports is not None or self.tensorflow is not None:
            yield from self._import_lines(facts, scopes)
        for call in facts.calls:
            if call.scope in scopes and self._fits_call(call):
                yield call.line

    def _import_lines(self, facts: ScriptFacts, scopes: set[str]) -> Iterator[int]:
        for item in facts.imports:
            if item.fallback or item.scope not in scopes:
                continue
            dotted = item.module if item.name in (None, "*") else f"{item.module}.{item.name}"
            inner = keras_path(dotted + ".")
            if self.imports is not None and inner is not None and self.imports.search(inner.rstrip(".")):
                yield item.line
            if self.tensorflow is not None and self.tensorflow.search(dotted):
                yield item.line

    def _fits_call(self, call: Call) -> bool:
        inner = keras_path(call.name)
        if self.names is not None and inner is not None and self.names.search(inner):
            return True
        if self.tensorflow is not None and self.tensorflow.search(call.name):
            return True
        if call.method in self.methods and "." in call.name:
            return True
        if self.keywords and any(word.arg in self.keywords for word in call.node.keywords):
            target = inner if inner is not None else call.method
            return self.on is None or self.on.search(target) is not None
        return False


def _p(text: str) -> re.Pattern[str]:
    return re.compile(text)


_OPTIMIZERS = _p(r"(^|\.)(SGD|RMSprop|Adam|Adamax|Adadelta|Adagrad|Nadam|Ftrl|adam|sgd|rmsprop|adamax|nadam)$")
MARKERS = (
    # Keras 1 and TensorFlow 1.
    Marker("1", "nb_epoch is the Keras 1 name of epochs", keywords=frozenset({"nb_epoch", "samples_per_epoch", "nb_val_samples"})),
    Marker("1", "a Keras 1 layer argument", keywords=frozenset({"border_mode", "subsample", "nb_filter", "nb_row", "nb_col", "dim_ordering",
           "init", "W_regularizer", "b_regularizer", "filter_length", "pool_length", "dropout_W", "dropout_U", "inner_init", "output_dim"}),
           on=_p(r"^layers\.(\w+\.)*[A-Z]\w*$")),
    Marker("1", "a Keras 1 module", imports=_p(r"^(objectives|models\.Graph|layers\.containers|layers\.core\.(Graph|Merge|MaxoutDense|"
           r"TimeDistributedDense|Highway)|layers\.(Merge|MaxoutDense|Highway|merge)$)")),
    Marker("1", "a TensorFlow 1 graph", tensorflow=_p(r"^tensorflow\.(placeholder|Session|InteractiveSession|global_variables_initializer"
           r"|initialize_all_variables|get_variable|variable_scope|train\.\w+Optimizer|contrib\b|app\.run|app\.flags|flags\b|ConfigProto|"
           r"layers\.(dense|conv2d|dropout|flatten)$|examples\.tutorials)")),
    # Keras 2 up to 2.5.
    Marker("2.5", "predict_classes and predict_proba were removed in 2.6", methods=frozenset({"predict_classes"})),
    Marker("2.5", "this import path was removed in 2.6", imports=_p(r"^layers\.(core|convolutional|normalization|recurrent|pooling|embeddings|advanced_activations|noise|wrappers|local|merge|convolutional_recurrent)(\.|$)")),
    # Keras 2 up to 2.10.
    Marker("2.10", "decay= of an optimizer was removed in 2.11", keywords=frozenset({"decay"}), on=_OPTIMIZERS),
    # Keras 2 up to 2.12.
    Marker("2.12", "keras.utils.np_utils was removed in 2.13", imports=_p(r"^utils\.np_utils(\.|$)"), names=_p(r"^utils\.np_utils\.")),
    # Keras 2 up to 2.15.
    Marker("2.15", "lr= of an optimizer was removed in Keras 3", keywords=frozenset({"lr"}), on=_OPTIMIZERS),
    Marker("2.15", "fit_generator and its kin were removed in Keras 3",
           methods=frozenset({"fit_generator", "evaluate_generator", "predict_generator"})),
    Marker("2.15", "this session function was removed in Keras 3", names=_p(r"^backend\.(set_session|get_session)$"),
           imports=_p(r"^backend\.tensorflow_backend|^backend\.(set_session|get_session)$")),
    Marker("2.15", "this module was removed in Keras 3", imports=_p(r"^(preprocessing\.text\b|wrappers\.scikit_learn|layers\.experimental|optimizers\.legacy|utils\.vis_utils|preprocessing\.sequence\.TimeseriesGenerator$)")),
)  # fmt: skip
