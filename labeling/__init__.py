"""Texts or vectors in, labels out: heads, training, thresholds, ensembles, evaluation.

Knows arrays, encoders and poolings. Knows no corpus, no store and no Prefect.
"""

from labeling.evaluation import CalibrationBin, Evaluation, LabelMetrics, Metric, PairedTest
from labeling.examples import Examples
from labeling.labeler import (
    Calibration,
    DecisionRule,
    Head,
    Inputs,
    Labeler,
    LabelerSpec,
    Member,
    MembersSource,
    Method,
    Predictions,
    Source,
    SpaceSource,
    TextSource,
)
from labeling.schema import LabelSchema, Task

__all__ = [
    "Calibration",
    "CalibrationBin",
    "DecisionRule",
    "Evaluation",
    "Examples",
    "Head",
    "Inputs",
    "LabelMetrics",
    "LabelSchema",
    "Labeler",
    "LabelerSpec",
    "Member",
    "MembersSource",
    "Method",
    "Metric",
    "PairedTest",
    "Predictions",
    "Source",
    "SpaceSource",
    "Task",
    "TextSource",
]
