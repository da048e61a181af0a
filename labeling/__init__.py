"""Texts or vectors in, labels out: heads, training, thresholds, ensembles, evaluation.

Knows arrays, encoders and poolings. Knows no corpus, no store and no Prefect.
"""

from labeling.evaluation import CalibrationBin, Evaluation, LabelMetrics, Metric, PairedTest
from labeling.examples import Examples
from labeling.fine_tuning import FineTuned, fine_tune
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
from labeling.linear_fit import LinearFit
from labeling.pooler_training import TrainedPooler, default_learned_pooling, train_pooler
from labeling.schema import LabelSchema, Task
from labeling.train_spec import FineTuneSpec, TrainSpec

__all__ = [
    "Calibration",
    "CalibrationBin",
    "DecisionRule",
    "Evaluation",
    "Examples",
    "FineTuneSpec",
    "FineTuned",
    "Head",
    "Inputs",
    "LabelMetrics",
    "LabelSchema",
    "Labeler",
    "LabelerSpec",
    "LinearFit",
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
    "TrainSpec",
    "TrainedPooler",
    "default_learned_pooling",
    "fine_tune",
    "train_pooler",
]
