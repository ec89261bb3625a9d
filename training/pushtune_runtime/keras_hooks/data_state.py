"""The position in the training data: captured in one process, reached again in the next.

Arrays need nothing: the order of each epoch is computed from its number (``shuffling``). Other data (``tf.data``,
generators, ``PyDataset``) is *replayed*: what the finished epochs read is read again without training, through the very
iterator that ``fit`` uses, so that shuffle buffers, generators and their random numbers stand where they stood.
"""

import functools
import types
import warnings
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

from pushtune_runtime.keras_hooks.data_digest import digest_of
from pushtune_runtime.keras_hooks.data_facts import DataFacts, describe_data, is_generator


class DataPosition:
    """The data of the running ``fit``.

    Args:
        tick: called for each batch that is read again, so that a long replay is seen to be alive.
        begin_epoch: called with the epoch, from 0, before its data is read again.

    Attributes:
        facts: what is known about the data; None before ``fit`` has opened it.
    """

    def __init__(self, tick: Callable[[], None], begin_epoch: Callable[[int], None]) -> None:
        self._tick = tick
        self._begin_epoch = begin_epoch
        self._iterator: Any = None
        self._expected = False
        self._arguments: Dict[str, Any] = {}
        self._generators: List[Any] = []
        self._shares_generator = False
        self._validation: Any = None
        self._validation_facts: Optional[DataFacts] = None
        self.facts: Optional[DataFacts] = None

    def install(self) -> None:
        """Patch the class whose first instance in each ``fit`` reads the training data."""
        from keras.src.backend.tensorflow.trainer import TFEpochIterator

        original = TFEpochIterator.__init__

        @functools.wraps(original)
        def initialise(iterator: Any, *args: Any, **kwargs: Any) -> None:
            original(iterator, *args, **kwargs)
            if self._expected:
                self._expected = False
                self._iterator = iterator
                self.facts = describe_data(iterator)
                self._shares_generator = is_generator(iterator) and self._has_served_before(self._arguments["x"])

        TFEpochIterator.__init__ = initialise

    def expect(self, arguments: Dict[str, Any]) -> None:
        """A ``fit`` with ``arguments`` begins: the next data that is opened is its training data."""
        self._expected = True
        self._arguments = arguments
        self._iterator = None
        self.facts = None

    def python_sources(self) -> List[Tuple[str, Any]]:
        """Return (name, data) of the training and validation data, unless it is arrays."""
        import tensorflow as tf
        from keras.utils import PyDataset

        kinds = (tf.data.Dataset, types.GeneratorType, PyDataset)
        sources = [(name, self._arguments.get(name)) for name in ("x", "validation_data")]
        return [(f"data {name}", source) for name, source in sources if isinstance(source, kinds)]

    def digest(self) -> str:
        """Return what tells the data of this ``fit``, as it is now, from other data."""
        return digest_of(self._arguments, getattr(self._iterator, "_distributed_dataset", None))

    def why_inexact(self, model: Any) -> List[str]:
        """Return why the data of this ``fit``, validation included, may not be the same again."""
        reasons = [self.facts.inexact] if self.facts is not None else []
        if self._shares_generator:
            reasons.append("a generator serves several fits, and Keras reads ahead in it, depending on timing")
        validation = self._facts_of_validation(model)
        if validation is not None:
            reasons.append(validation.inexact)
            if is_generator(self._validation):
                reasons.append("Keras reads ahead in the generator of the validation data, depending on timing")
        return [reason for reason in reasons if reason]

    def changed_variables(self, model: Any) -> Set[int]:
        """Return the handles, by ``id``, of the variables that reading the data of this ``fit`` changes."""
        facts = (self.facts, self._facts_of_validation(model))
        return {handle for known in facts if known is not None for handle in known.changes}

    def _facts_of_validation(self, model: Any) -> Optional[DataFacts]:
        """Return what is known about the validation data, once ``fit`` has opened it; its graph is read only once."""
        opened = getattr(model, "_eval_epoch_iterator", None)
        if opened is not self._validation:
            self._validation = opened
            self._validation_facts = None if opened is None else describe_data(opened)
        return self._validation_facts

    def _has_served_before(self, generator: Any) -> bool:
        served = any(generator is earlier for earlier in self._generators)
        self._generators.append(generator)
        return served

    def release(self) -> None:
        """The ``fit`` is over."""
        self._expected = False
        self._iterator = None
        self._validation = self._validation_facts = None

    @property
    def batches_per_epoch(self) -> Optional[int]:
        """Batches in one epoch; None where an epoch ends when the data does."""
        batches: Optional[int] = self._iterator.steps_per_epoch or self._iterator.data_adapter.num_batches
        return batches

    @property
    def element_spec(self) -> Any:
        """Shapes and dtypes of one batch, without reading any."""
        return self._iterator._distributed_dataset.element_spec

    def replay(self, model: Any, next_epoch: int) -> None:
        """Read again what the epochs before ``next_epoch`` have read, validation included."""
        validation: Any = None
        opened = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about data that ran out: said already by the process that trained on it
            for epoch in range(self._arguments["initial_epoch"], next_epoch):
                self._begin_epoch(epoch)
                self._read_epoch(self._iterator)
                if not model._should_eval(epoch, self._arguments["validation_freq"]):
                    continue
                if not opened:  # as late as fit does: to open data may draw random numbers
                    opened, validation = True, _open_validation(model, self._arguments)
                if validation is not None:
                    validation.reset()  # as evaluate does
                    self._read_epoch(validation)

    def skip(self, batches: int) -> None:
        """Let the next epoch begin after its first ``batches`` batches, which are read and not trained on."""
        iterator = self._iterator

        def steps_after_skipped() -> Iterator[Any]:
            del iterator._enumerate_iterator  # once: the method of the class shows again
            steps = iterator._enumerate_iterator()
            for _, end_step, data in steps:
                self._read_step(data, iterator.steps_per_execution)
                if end_step + 1 >= batches:
                    break
            yield from steps

        iterator._enumerate_iterator = steps_after_skipped

    def _read_epoch(self, iterator: Any) -> None:
        with iterator.catch_stop_iteration():
            for _, _, data in iterator:
                self._read_step(data, iterator.steps_per_execution)

    def _read_step(self, data: Any, batches: int) -> None:
        """Read as many batches as one training step does; raises StopIteration if there is none at all."""
        for number in range(batches):
            try:
                next(data)
            except StopIteration:
                if number == 0:
                    raise
                return
            self._tick()


def _open_validation(model: Any, arguments: Dict[str, Any]) -> Any:
    """Open the validation data as ``fit`` would, and let ``fit`` go on with it; None where each pass is the same."""
    from keras.src.backend.tensorflow.trainer import TFEpochIterator
    from keras.src.trainers.data_adapters import data_adapter_utils

    if arguments["validation_data"] is None:
        return None
    x, y, sample_weight = data_adapter_utils.unpack_x_y_sample_weight(arguments["validation_data"])
    iterator = TFEpochIterator(
        x=x,
        y=y,
        sample_weight=sample_weight,
        batch_size=arguments["validation_batch_size"] or arguments["batch_size"],
        distribute_strategy=model.distribute_strategy,
        steps_per_execution=model.steps_per_execution,
        steps_per_epoch=arguments["validation_steps"],
        shuffle=False,
    )
    if not describe_data(iterator).replayed:
        return None
    model._eval_epoch_iterator = iterator
    return iterator
