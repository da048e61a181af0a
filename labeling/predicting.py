"""What a labeler says of documents. Knows a labeler and its inputs, no store."""

from labeling.judging.calibration import probabilities
from labeling.judging.decisions import decide
from labeling.labeler import Inputs, Labeler, Predictions


def predict(labeler: Labeler, inputs: Inputs) -> Predictions:
    """Probabilities and decisions, one for each entry of the inputs.

    Raises:
        ValueError: The inputs are not what the labeler reads.
    """
    spec = labeler.spec
    try:
        logits = labeler.head.logits(inputs)
    except ValueError as error:
        raise ValueError(f"labeler {spec.title!r}: {error}") from error
    return decide(probabilities(logits, spec.calibration, spec.label_schema.task), spec)
