"""What each view about labels and its columns mean: stored in the catalog by COMMENT ON."""

from data.catalog.label_comments import HASH, KEY, WHO

LABEL_VIEWS: dict[str, str] = {
    "labels": "What every labeler said of every document that is in its corpus now, the versions "
    "that are no longer in force included.",
    "current_labels": "What the labelers in force say.",
    "predictions_heldout": "What each labeler said of the documents of its test, which nothing of "
    "it had seen, beside the truth.",
    "review": "Documents that a person should look at, with the reason; one that was reviewed is "
    "not here any more, wherever its text stands.",
    "audit": "How often the labels of documents that were drawn at random turned out right.",
    "ballots": "Who votes on each document: a row for each voter of its corpus, with null where "
    "the voter has no label for it. Voters are the single-label labelers in force that are no "
    "ensembles, and in place of an ensemble in force its members.",
    "votes_soft": "The label with the highest mean probability over all voters among the same "
    "labels; null, with the reason, where a voter has none.",
    "votes_majority": "The label that most voters chose among the same labels; null, with the "
    "reason, at a tie or where a voter has none.",
    "disagreement": "How far the voters disagree about each document that all of them labelled.",
}

_DECISION = {
    "label": "The label of a single-label task; null for a multi-label one.",
    "labels": "All labels that were decided; of a multi-label task perhaps none: none of them.",
    "score": "Probability of the decision; of a multi-label task, of the least sure of all yes and "
    "no.",
    "probabilities": "Calibrated probability of each label, in the order of labelers.labels.",
}
_AUTO = {"is_auto": "True if nobody needs to look at it: the score reaches labelers.min_score."}
_LABELS = {
    **KEY,
    **HASH,
    **WHO,
    **_DECISION,
    **_AUTO,
    "decided_at": "When it was decided (UTC).",
    "run": "Run that decided it.",
}
_VOTED = {
    "corpus": "Corpus of the document.",
    **KEY,
    "label_schema": "Code of the labels that are voted on; the same in labelers.",
    "num_voters": "Voters of this corpus among these labels.",
}

LABEL_VIEW_COLUMNS: dict[str, dict[str, str]] = {
    "labels": _LABELS,
    "current_labels": _LABELS,
    "predictions_heldout": {
        **WHO,
        "doc_id": "The user's id, or <file>#<row>, when it was tested.",
        **HASH,
        "label": "The true label of a single-label task.",
        "labels": "All true labels, perhaps none.",
        "predicted": "The label that was decided.",
        "predicted_labels": "All labels that were decided.",
        "score": _DECISION["score"],
        "probabilities": _DECISION["probabilities"],
        **_AUTO,
        "n_tokens": "Tokens of the text, where they were counted.",
        "truncated": "Whether a part of the text was left out, where that is known.",
        "n_unknown": "Tokens that the tokenizer does not know, where they were counted.",
    },
    "review": {
        "corpus": "Corpus of the document.",
        **KEY,
        **HASH,
        **WHO,
        **_DECISION,
        "reason": "review: the score is too low; audit: drawn at random.",
        "detail": "More about the reason.",
        "text": "The text, if the corpus carries the columns that it is read from.",
    },
    "audit": {
        **WHO,
        "drawn": "Documents that were drawn.",
        "reviewed": "Of these, those whose text a person has labelled.",
        "accuracy": "Of these, the share whose labels were right.",
        "low": "Lower end of its 95 % interval, by Wilson.",
        "high": "Upper end of its 95 % interval.",
        "auto_reviewed": "Of the reviewed, those that nobody needed to look at.",
        "auto_precision": "Of these, the share whose labels were right.",
    },
    "ballots": {
        "corpus": "Corpus of the document.",
        **KEY,
        "label_schema": _VOTED["label_schema"],
        **WHO,
        "label": "Its vote; null if it has no label for the document.",
        "score": "Probability of its vote.",
        "probabilities": "Probability of each label.",
        "labels": "The labels of these probabilities, by name: in one order for all voters.",
    },
    "votes_soft": {
        **_VOTED,
        "label": "The label; the first by name of those with the same mean.",
        "score": "Its mean probability. It is not calibrated: that of a stored ensemble is.",
        "reason": "Why there is no label.",
    },
    "votes_majority": {
        **_VOTED,
        "label": "The label.",
        "votes": "Voters that chose it.",
        "reason": "Why there is no label.",
    },
    "disagreement": {
        **_VOTED,
        "entropy": "Entropy of the mean probabilities, from 0 (all sure of one label) to 1.",
        "dissent": "Share of voters that did not choose the label with the most votes.",
        "votes": "The labels that they chose, each as often as it was chosen.",
    },
}
