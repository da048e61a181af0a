"""What each table, view and column about labels means: stored in the catalog by COMMENT ON."""

LABEL_TABLES: dict[str, str] = {
    "labelers": "One row per labeler of the store: what it reads, how it decides, and whether it "
    "is in force.",
    "labelled_corpora": "How far each labeler has come with each corpus that it was run on.",
    "evaluations": "What each labeler's test said, one figure a row: for the whole test where "
    "label is null, else for that label.",
    "confusion": "For each labeler of a single-label task: how often a label was taken for which, "
    "on its test documents. Pairs that did not occur are left out.",
    "paired_tests": "Two labelers on the same test documents: is one of them better?",
    "linear_heads": "The weights of linear labelers of a space, calibration included: "
    "probabilities are the softmax over labels (single_label) or the sigmoid (multi_label) of "
    "logit = list_inner_product(vector::DOUBLE[], weights) + bias; of a single-label task, "
    "(1 - soft_share) of it and soft_share of the softmax of softer * logit.",
    "drift": "For each run and labeler: statistics of what was decided that run, each beside the "
    "most that is not unusual. Drift is not loss of accuracy: that is in the view audit.",
    "audit_sample": "Documents that were drawn at random, whatever their score, for people to "
    "look at; with the labels that they had.",
    "reviews": "Labels that people gave.",
    "label_changes": "Documents whose labels differ from those that they had before, with the "
    "cause. Documents that are new or gone are in corpus_changes.",
}

KEY = {
    "chunk": "Chunk of the document; (chunk, row) joins it to documents.",
    "row": "Row in the source file, from 0.",
    "doc_id": "The user's id, or <file>#<row>.",
}
HASH = {"text_hash": "blake2b-128 of the text's UTF-8 bytes."}
WHO = {
    "labeler": "Title of the labeler, which its versions share.",
    "version": "Name of the labeler in the store, under models/.",
}

LABEL_TABLE_COLUMNS: dict[str, dict[str, str]] = {
    "labelers": {
        **WHO,
        "dataset": "Folder under datasets/ with its labels; null if it has labelled nothing yet.",
        "task": "single_label or multi_label.",
        "labels": "The labels, in the order of every column of probabilities.",
        "label_schema": "Code that labelers share which decide among the same labels.",
        "source": "What it reads: space, text or members (the probabilities of other labelers).",
        "space": "Name of the space that it reads, if it reads one.",
        "members": "Versions of the labelers that it reads, if it is an ensemble.",
        "method": "Head or ensemble.",
        "parameters": "Parameters of the method, as JSON.",
        "thresholds": "Of a multi-label task, the probability from which each label is given.",
        "target_precision": "Precision that documents which nobody looks at should reach.",
        "min_score": "Score from which nobody needs to look; null if no score reaches the target.",
        "is_in_force": "Whether new documents are labelled by it.",
        "is_voter": "Whether it votes in the view ballots.",
    },
    "labelled_corpora": {
        **WHO,
        "corpus": "Corpus that it was run on.",
        "dataset": "Folder under datasets/ in the store.",
        "labelled": "Documents of the corpus that have its labels.",
        "rejected": "Documents of the corpus that it gave none; the reasons are in rejects.",
        "owed_chunks": "Chunks of the corpus that it has not labelled. A labeler that is no longer "
        "in force falls behind.",
        "is_complete": "Whether nothing is owed.",
    },
    "evaluations": {
        **WHO,
        "metric": "Name of the figure.",
        "label": "Label that it is of; null if of the whole test.",
        "value": "The figure.",
        "low": "Lower end of its 95 % interval, by bootstrap; null if it has none.",
        "high": "Upper end of its 95 % interval.",
        "support": "Test documents that have the label.",
        "num_train": "Documents that it was trained on.",
        "num_test": "Documents that it was tested on.",
    },
    "confusion": {
        **WHO,
        "label": "The true label.",
        "predicted": "The label that was decided.",
        "documents": "How often.",
    },
    "paired_tests": {
        **WHO,
        "first": "One of the two, by its version.",
        "second": "The other, by its version.",
        "difference": "Accuracy of the first minus that of the second; of a multi-label task, that "
        "of whole label sets.",
        "low": "Lower end of its 95 % interval, by paired bootstrap.",
        "high": "Upper end of its 95 % interval.",
        "p_value": "Of the exact McNemar test.",
        "num_test": "Documents that both were tested on.",
    },
    "linear_heads": {
        **WHO,
        "space": "Name of the space whose vectors it scores.",
        "label": "The label.",
        "position": "Its place among the labels, from 1: probabilities[position].",
        "weights": "One for each dimension of the space.",
        "bias": "What is added.",
        "soft_share": "Share of the probabilities that comes from a softer softmax.",
        "softer": "Its logits are this many times the others: below 1.",
    },
    "drift": {
        "run": "The run.",
        "corpus": "Corpus that was labelled.",
        **WHO,
        "statistic": "What was measured on the documents that the run labelled, against those of "
        "the labeler's test.",
        "value": "Its value.",
        "upper_limit": "99 % quantile of the same statistic for as many documents drawn from the "
        "test itself: an unchanged night is below, but for one in a hundred.",
        "documents": "Documents that the run labelled.",
        "look": "Whether somebody should look: raised by the distance of the centroids alone.",
    },
    "audit_sample": {
        "run": "Run that drew it.",
        "corpus": "Corpus of the document.",
        "drawn_at": "End of that run (UTC).",
        **KEY,
        **HASH,
        **WHO,
        "labels": "Labels that it had then.",
        "is_auto": "Whether nobody needed to look at it.",
    },
    "reviews": {
        "number": "Number of the file under reviews/.",
        **KEY,
        **HASH,
        **WHO,
        "label": "The right label of a single-label task.",
        "labels": "All right labels, perhaps none.",
        "reason": "Why it was looked at: review (it was not sure enough) or audit.",
        "reviewer": "Who said so, if that was told.",
        "reviewed_at": "When (UTC).",
    },
    "label_changes": {
        "seal": "Number of the seal that brought the change.",
        "corpus": "Corpus of the document.",
        "labeler": "Title of the labeler.",
        "version_before": "Version that decided before.",
        "version_after": "Version that decides now.",
        "doc_id": "Document, by its name now.",
        "chunk": "Chunk of the document now.",
        "row": "Row in the source file now, from 0.",
        "label_before": "Label before, of a single-label task.",
        "label_after": "Label now.",
        "labels_before": "All labels before.",
        "labels_after": "All labels now.",
        "score_before": "Score before.",
        "score_after": "Score now.",
        "because": "text (it was changed), labeler (another version was put in force), both, or "
        "recomputed: the same version read other vectors of the same text.",
    },
}
