"""Texts or vectors in, labels out: heads, training, thresholds, ensembles, evaluation.

Knows arrays, encoders and poolings. Knows no corpus, no store and no Prefect.
"""

from labeling.examples import Examples
from labeling.heads.linear_head import LinearHead
from labeling.heads.tables import ENSEMBLES, HEADS, TEXT_HEADS
from labeling.judging.calibration import (
    calibration_bins,
    ece_limit,
    expected_calibration_error,
    fit_calibration,
    probabilities,
)
from labeling.judging.comparison import compare
from labeling.judging.decisions import (
    choose_labels,
    decide,
    decision_scores,
    fit_decision,
    wilson_interval,
)
from labeling.judging.drift import DriftRow, drift_rows
from labeling.judging.drift_sample import DriftSample
from labeling.judging.evaluation import CalibrationBin, Evaluation, LabelMetrics, Metric, PairedTest
from labeling.judging.metrics import evaluate
from labeling.judging.thresholds import fit_thresholds
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
from labeling.misfits import refuse_misfit
from labeling.predicting import predict
from labeling.preparing.exclusions import Exclusion
from labeling.preparing.labelled_rows import LabelledTexts
from labeling.preparing.rows_to_examples import Prepared, prepare_examples
from labeling.preparing.splits import SplitSpec
from labeling.schema import LabelSchema, Task
from labeling.storing import labeler_from_bytes, labeler_to_bytes
from labeling.training.fine_tuning import FineTuned, fine_tune
from labeling.training.head_spec import EnsembleSpec, HeadSpec, MemberOptions
from labeling.training.labelers import train_ensemble, train_head, train_text_head
from labeling.training.linear_fit import LinearFit
from labeling.training.members import HeadFit, finish_linear, finish_member
from labeling.training.pooler_training import TrainedPooler, default_learned_pooling, train_pooler
from labeling.training.train_spec import FineTuneSpec, TrainSpec

__all__ = [
    "ENSEMBLES",
    "HEADS",
    "TEXT_HEADS",
    "Calibration",
    "CalibrationBin",
    "DecisionRule",
    "DriftRow",
    "DriftSample",
    "EnsembleSpec",
    "Evaluation",
    "Examples",
    "Exclusion",
    "FineTuneSpec",
    "FineTuned",
    "Head",
    "HeadFit",
    "HeadSpec",
    "Inputs",
    "LabelMetrics",
    "LabelSchema",
    "Labeler",
    "LabelerSpec",
    "LabelledTexts",
    "LinearFit",
    "LinearHead",
    "Member",
    "MemberOptions",
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
    "finish_linear",
    "finish_member",
    "fit_calibration",
    "fit_decision",
    "fit_thresholds",
    "labeler_from_bytes",
    "labeler_to_bytes",
    "predict",
    "prepare_examples",
    "probabilities",
    "refuse_misfit",
    "train_ensemble",
    "train_head",
    "train_pooler",
    "train_text_head",
    "wilson_interval",
]
