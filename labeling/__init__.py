"""Texts or vectors in, labels out: heads, training, thresholds, ensembles, evaluation.

Knows arrays, encoders and poolings. Knows no corpus, no store and no Prefect.
"""

from labeling.calibration import (
    calibration_bins,
    ece_limit,
    expected_calibration_error,
    fit_calibration,
    probabilities,
)
from labeling.comparison import compare
from labeling.decisions import choose_labels, decide, decision_scores, fit_decision, wilson_interval
from labeling.drift import DriftRow, DriftSample, drift_rows
from labeling.evaluation import CalibrationBin, Evaluation, LabelMetrics, Metric, PairedTest
from labeling.examples import Examples
from labeling.exclusions import Exclusion
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
from labeling.labelled_rows import LabelledTexts
from labeling.linear_fit import LinearFit
from labeling.metrics import evaluate
from labeling.pooler_training import TrainedPooler, default_learned_pooling, train_pooler
from labeling.preparing import Prepared, prepare_examples
from labeling.schema import LabelSchema, Task
from labeling.splits import SplitSpec
from labeling.thresholds import fit_thresholds
from labeling.train_spec import FineTuneSpec, TrainSpec

__all__ = [
    "Calibration",
    "CalibrationBin",
    "DecisionRule",
    "DriftRow",
    "DriftSample",
    "Evaluation",
    "Examples",
    "Exclusion",
    "FineTuneSpec",
    "FineTuned",
    "Head",
    "Inputs",
    "LabelMetrics",
    "LabelSchema",
    "Labeler",
    "LabelerSpec",
    "LabelledTexts",
    "LinearFit",
    "Member",
    "MembersSource",
    "Method",
    "Metric",
    "PairedTest",
    "Predictions",
    "Prepared",
    "Source",
    "SpaceSource",
    "SplitSpec",
    "Task",
    "TextSource",
    "TrainSpec",
    "TrainedPooler",
    "calibration_bins",
    "choose_labels",
    "compare",
    "decide",
    "decision_scores",
    "default_learned_pooling",
    "drift_rows",
    "ece_limit",
    "evaluate",
    "expected_calibration_error",
    "fine_tune",
    "fit_calibration",
    "fit_decision",
    "fit_thresholds",
    "prepare_examples",
    "probabilities",
    "train_pooler",
    "wilson_interval",
]
