"""A saved Keras model, of Keras 3 or 2. It is loaded in safe mode: no code that is stored in the file runs."""

import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.predict_request import DEFAULT_SIGNATURE, PredictRequest
from pushtune_runtime.serving.refused import Refused, shortened
from pushtune_runtime.serving.tensors import InputSpec, columns_of, to_array, to_json

ROWS_AT_ONCE = 256
LAMBDA_REMEDY = "Replace the Lambda by layers of Keras (Rescaling, Reshape, ...) or by its operations, and push again."
CLASS_REMEDY = (
    "Build the model of Keras' own layers (Sequential or functional), since the file of a model holds no code of its "
    "script, and push again."
)


class KerasModel(Model):
    """The model in ``path``.

    Raises:
        Refused: Keras cannot load it.
    """

    kind = "keras"
    signatures = (DEFAULT_SIGNATURE,)

    def __init__(self, path: Path) -> None:
        import keras  # type: ignore[import-not-found,unused-ignore]

        try:
            self._model = keras.models.load_model(str(path), compile=False, safe_mode=True)
        except Exception as error:  # Keras has no common class for what a file may be refused for
            raise _refused(error) from error
        tensors = _inputs(self._model)
        self.inputs = [_spec(tensor, number) for number, tensor in enumerate(tensors)]
        if not self.inputs:
            self.inputs = [InputSpec("input", "float32", None)]
        self._keepers = _state_keepers(self._model)
        # A state has one place for each row of a batch, so such a model takes batches of that size alone.
        self._batch_rows = _batch_rows(tensors) if self._keepers else None

    def warm_up(self) -> None:
        """Predict once: the first prediction compiles the model, and no caller shall wait for that.

        Raises:
            Refused: the model cannot predict.
        """
        if not all(spec.shape is not None and None not in spec.shape for spec in self.inputs):
            return
        try:
            self._predict([_blank(spec) for spec in self.inputs])
        except Exception as error:  # whatever the model's layers raise
            traceback.print_exc()
            raise Refused(
                "A model must be able to predict once it is loaded, be it from zeros or empty texts.",
                f"{type(error).__name__}: {shortened(error)}",
                "Load it in the script with keras.models.load_model(), let it predict there, and push again.",
            ) from error

    def predict(self, request: PredictRequest) -> List[Any]:
        """Return one prediction per instance. Raises Refused for input that does not fit."""
        if request.signature not in self.signatures:
            raise Refused("A Keras model has one function.", request.signature, "Leave signature_name out.")
        columns = columns_of(request.instances, self.inputs)
        arrays = [to_array(values, spec) for values, spec in zip(columns, self.inputs)]  # noqa: B905
        rows: List[Any] = []
        size = self._batch_rows or ROWS_AT_ONCE
        for start in range(0, len(request.instances), size):
            rows += _rows(self._predict([array[start : start + size] for array in arrays]))
        return rows

    def _predict(self, arrays: Sequence[Any]) -> Dict[str, Any]:
        """Return output name -> array; the only output of a model has the empty name.

        What earlier rows have left in stateful layers is forgotten before: it is another request's.
        """
        for layer in self._keepers:
            layer.reset_states()
        missing = (self._batch_rows or 0) - len(arrays[0])
        if missing <= 0:
            return self._outputs(arrays)
        padded = [np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays]
        return {name: value[:-missing] for name, value in self._outputs(padded).items()}

    def _outputs(self, arrays: Sequence[Any]) -> Dict[str, Any]:
        tensors = [_as_tensor(array, spec) for array, spec in zip(arrays, self.inputs)]  # noqa: B905
        structure = getattr(self._model, "_inputs_struct", None)
        given: Any = tensors[0] if len(tensors) == 1 else tensors
        if isinstance(structure, dict):
            given = dict(zip([spec.name for spec in self.inputs], tensors))  # noqa: B905
        answer = self._model.predict_on_batch(given)
        if isinstance(answer, dict):
            return {str(name): value for name, value in answer.items()}
        if isinstance(answer, (list, tuple)):
            names = list(getattr(self._model, "output_names", None) or [])
            names = names if len(names) == len(answer) else [f"output_{number}" for number in range(len(answer))]
            return dict(zip(names, answer))  # noqa: B905
        return {"": answer}


def _inputs(model: Any) -> List[Any]:
    try:
        return list(model.inputs or [])
    except (AttributeError, ValueError):  # a model whose shape nobody has told yet
        return []


def _state_keepers(model: Any) -> List[Any]:
    """Return the layers that go on from the batch before, however deep they lie in others."""
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if getattr(layer, "stateful", False) and hasattr(layer, "reset_states")]


def _batch_rows(tensors: Sequence[Any]) -> Optional[int]:
    sizes = {tuple(tensor.shape)[0] for tensor in tensors} - {None}
    return int(sizes.pop()) if sizes else None


def _spec(tensor: Any, number: int) -> InputSpec:
    shape: Optional[Tuple[Optional[int], ...]]
    try:
        shape = tuple(None if size is None else int(size) for size in tuple(tensor.shape)[1:])
    except (TypeError, ValueError):
        shape = None
    dtype = getattr(tensor.dtype, "name", tensor.dtype)
    name = str(getattr(tensor, "name", "") or f"input_{number}").split(":")[0]
    return InputSpec(name, {"bfloat16": "float32"}.get(str(dtype), str(dtype)), shape)


def _blank(spec: InputSpec) -> Any:
    value: Any = "" if spec.dtype == "string" else 0
    for size in reversed(spec.shape or ()):
        value = [value] * (size or 1)
    return to_array([value], spec)


def _as_tensor(array: Any, spec: InputSpec) -> Any:
    if spec.dtype != "string":
        return array
    import tensorflow  # type: ignore[import-not-found,unused-ignore]

    return tensorflow.constant(array.tolist())


def _rows(outputs: Dict[str, Any]) -> List[Any]:
    """Return one entry per instance: its values, or an object of them where there are several outputs."""
    columns = {name: to_json(value) for name, value in outputs.items()}
    if set(columns) == {""}:
        values: List[Any] = columns[""]
        return values
    return [dict(zip(columns, parts)) for parts in zip(*columns.values())]  # noqa: B905


def _refused(error: Exception) -> Refused:
    text = str(error)
    rule = "A model is loaded without running code that is stored in its file (Keras' safe mode)."
    if "Lambda" in text or "__lambda__" in text or "safe_mode" in text:
        return Refused(rule, f"a Lambda layer: {shortened(text)}", LAMBDA_REMEDY)
    if "Could not locate" in text or "Unknown layer" in text or "Unknown object" in text:
        return Refused(rule, f"a class or function of the script itself: {shortened(text)}", CLASS_REMEDY)
    return Refused(
        "Keras must be able to load the model that it has saved.", f"{type(error).__name__}: {shortened(text)}",
        "Load it in the script with keras.models.load_model() to see what it lacks, and push again.",
    )
