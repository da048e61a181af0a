"""What a test says of a labeler, as frozen models: figures with intervals. Computes nothing."""

from pydantic import BaseModel, ConfigDict

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Metric(BaseModel):
    """A figure and its 95 % interval; of a figure without one, both ends are the value."""

    model_config = _FROZEN

    name: str
    value: float
    low: float
    high: float


class LabelMetrics(BaseModel):
    """One label: how well it is found. `support` documents of the test have it."""

    model_config = _FROZEN

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class CalibrationBin(BaseModel):
    """Documents of about one score: its mean, and the share of them whose decision is right.

    Of a multi-label task, pairs of a document and a label: the probability, and who has the label.
    """

    model_config = _FROZEN

    score: float
    accuracy: float
    count: int


class Evaluation(BaseModel):
    """A labeler on test documents that nothing of it had seen.

    `confusion` counts [true label][predicted label]; empty for a multi-label task. `ece_limit` is
    the 95 % quantile of the ECE of a perfectly calibrated labeler on as many documents.
    """

    model_config = _FROZEN

    num_train: int
    num_test: int
    metrics: tuple[Metric, ...]
    per_label: tuple[LabelMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationBin, ...]
    ece_limit: float
    auto_share: float
    auto_precision: float | None

    def metric(self, name: str) -> Metric:
        """The metric of that name."""
        return next(metric for metric in self.metrics if metric.name == name)


class PairedTest(BaseModel):
    """Two labelers on the same documents: the accuracy of `first` minus that of `second`.

    The interval is from a paired bootstrap, `p_value` from the exact McNemar test. For a
    multi-label task accuracy is that of whole label sets.
    """

    model_config = _FROZEN

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    num_test: int
