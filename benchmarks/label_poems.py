"""Chinese poems: characters by TF-IDF, and an encoder that was made for another language."""

from benchmarks.label_accuracy import TFIDF, judge
from benchmarks.label_data import LabelData
from benchmarks.label_report import metric_figure, paired_figure
from benchmarks.results import Figure, Measurement
from embedding import load_encoder
from labeling import compare

UNKNOWN_TO_WARN_OF = 0.1
MEAN = "MiniLM mean"


def measure(data: LabelData) -> Measurement:
    """Accuracy of both, and the share of tokens that the encoder's tokenizer does not know."""
    members = {TFIDF: data.tfidf(), MEAN: data.logistic("mean")}
    asked = {TFIDF: "at least 0.800"}
    found = {name: judge(data, member) for name, member in members.items()}
    figures = [
        metric_figure(f"{name}: accuracy", one.metric("accuracy"), promised=asked.get(name, ""))
        for name, one in found.items()
    ]
    first, second = (data.predictions(member) for member in members.values())
    figures += [paired_figure(compare(TFIDF, MEAN, data.truth, first, second)), _unknown(data)]
    return Measurement(piece="poems", corpus=data.name, about=f"{data.notes}.", figures=figures)


def _unknown(data: LabelData) -> Figure:
    read = load_encoder(data.encoder).parts.tokenizer.tokenize(list(data.examples.texts))
    share = float(read.n_unknown.sum() / read.n_content)
    return Figure(
        what="share of tokens unknown to MiniLM",
        value=share,
        unit="",
        promised=f"warned of above {UNKNOWN_TO_WARN_OF}",
    )
