"""Which image trains Keras code of an older generation: Keras 3 with the compatibility layer, or one with Keras 2.

The rule: Keras 3 wherever the layer restores all that the code uses, since only there a training is resumed exactly.
Code that uses one of the ``GAPS`` trains in the newest image with a Keras 2 that has it. Each row was tried: it fails
on Keras 3.15 with the layer (``tests/images/test_keras_gaps.py`` tries it again).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NEWEST = "3"
KERAS_2_15, KERAS_2_12 = "keras_2_15", "keras_2_12"
# Generation that the inspection names -> newest image on which such code works, or comes nearest to working.
LEGACY_IMAGES = {"2.15": KERAS_2_15, "2.12": KERAS_2_12, "2.5": KERAS_2_12, "1": KERAS_2_12}
WITHOUT_KERAS = ("classical", "pytorch", "unsupported")

# What the inspection says about a line, and what stands in the line: uses that the layer does not restore.
GAPS = tuple(
    (re.compile(says), re.compile(text))
    for says, text in (
        ("left TensorFlow together with Keras 2", ""),
        ("works with Keras 2 only", ""),
        ("does not take the generators of keras_preprocessing", ""),
        ("uses modules that were removed in 2.13", ""),
        ("written for stand-alone Keras 2", ""),
        ("name was removed in Keras 3", "DenseFeatures|LocallyConnected|AbstractRNNCell|Enqueuer|model_from_config"),
        ("name was removed in Keras 3", r"\bestimator\b|\b(keras|utils)(\.| import )(experimental|legacy)\b"),
        ("name was removed in Keras 3", r"\b(SyncBatchNormalization|RandomFourierFeatures|PreprocessingLayer)\b"),
        ("removed in 2.13", r"\b(layer|conv|io|all)_utils\b|scikit_learn|\bget_session\b"),
        ("name was removed in Keras 3", r"BaseLogger|[rR]adial_?[cC]onstraint|MeanTensor|MeanRelativeError|Sidecar"),
        ("name was removed in Keras 3", r"\b(regnet|RegNet\w+|resnet_rs|ResNetRS\w+)\b"),
        ("no such backend function", r"\b(placeholder|function|(set_)?learning_phase|learning_phase_scope)\b"),
        ("tf.keras of Keras 3 (has no such backend function|lacks this function)", ""),
        ("short name was removed", r"\bcosine"),
        ("batch_input_shape was removed", ""),
        ("argument was removed in Keras 3", r"\b(reset_metrics|embeddings_data)\b"),
        ("takes add_loss inside of a layer only", ""),
        ("hands no symbol of a model", ""),
        ("has no time_major", ""),
        ("have no (nodes to ask for|input_shape and output_shape)", ""),
    )
)


@dataclass(frozen=True)
class Route:
    """Attributes: image (a name of the catalog); reason: one sentence with file and line, empty for the usual image."""

    image: str
    reason: str = ""


def choose_image(family: str, generation: str | None, markers: Iterable[Mapping[str, Any]]) -> Route:
    """Return the image for code of ``family`` and ``generation``.

    Args:
        generation: newest Keras on which the code works unaided, as the inspection says; None without Keras.
        markers: the lines that use what an older Keras had: ``file``, ``line``, ``text``, ``says``.
    """
    if generation in (None, NEWEST) or family in WITHOUT_KERAS:
        return Route(family)
    for item in markers:
        if any(says.search(item["says"]) and text.search(item["text"]) for says, text in GAPS):
            image = LEGACY_IMAGES[str(generation)]
            number = image.removeprefix("keras_").replace("_", ".")
            return Route(
                image,
                f"{item['file']}:{item['line']}: {item['says']}, so this trains with TensorFlow {number} and its "
                "Keras, where an interrupted training starts again from its beginning",
            )
    return Route(family)
