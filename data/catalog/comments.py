"""What each table and column of the catalog means: stored in the catalog itself by COMMENT ON."""

TABLES: dict[str, str] = {
    "runs": "One row per run of embed-corpus or label-corpus: what it was asked and what it did.",
    "chunks": "One row per chunk and dataset of a corpus (the documents, one space, or the labels "
    "of one labeler): the commit unit, with the Parquet parts that hold its rows. Owed chunks are "
    "listed too.",
    "documents": "One row per document of each corpus, keyed by (corpus, chunk, row), with the "
    "carried columns.",
    "rejects": "Rows that were refused, with the reason: on reading, or by the space or labeler "
    "named.",
    "spaces": "One row per space and corpus: an encoder with one pooling. Each space is also a "
    "view of its name with the vectors.",
    "corpus_changes": "Documents that were new, changed, moved or deleted since the last listing.",
    "unreadable_files": "Files of a corpus that could not be read when it was listed.",
}

COLUMNS: dict[str, dict[str, str]] = {
    "runs": {
        "run": "Name of the run in Prefect, and the last 8 digits of its id.",
        "state": "completed, or incomplete when something asked for is still owed.",
        "corpus": "Corpus that the run was about.",
        "plan": "Listing of the corpus that the run worked on.",
        "spaces": "Datasets of the spaces that were asked for.",
        "started_at": "Start of the run (UTC).",
        "ended_at": "End of the work, before publishing (UTC).",
        "asked": "Parameters of the run, as JSON.",
        "documents": "Documents committed by this run.",
        "rejected": "Rows that this run rejected on reading; they are no documents.",
        "without_vector": "Documents that a space rejected, such as texts without a token.",
        "encoded": "Texts that went through the model.",
        "reused": "Texts whose vectors were copied, from before or from another chunk of the run.",
        "duplicates": "Documents that share a vector with an earlier one of their chunk.",
        "tokens": "Tokens of the texts that the model read: without special tokens, prompts and "
        "padding, and once where windows share them.",
        "truncated": "Documents of which a part was left out: they are longer than what is read.",
        "device_seconds": "Time that devices worked, all processes together.",
        "wait_seconds": "Time that devices waited for the tokenizer, likewise.",
        "failures": "Chunks and files that could not be done, with the reason.",
        "labelers": "Datasets of the labelers that were asked for.",
        "labelled": "Labels decided by this run, one for each document and labeler.",
        "for_review": "Of these, those that a person should look at.",
    },
    "chunks": {
        "corpus": "Corpus of the chunk.",
        "dataset": "Folder under datasets/ in the store.",
        "space": "Name of the space, if this is about one.",
        "labeler": "Title of the labeler, if this is about its labels; documents have neither.",
        "version": "Name of the labeler in the store.",
        "chunk": "Name of the chunk.",
        "file": "Source file, relative to the root of the corpus.",
        "row_start": "First row of the chunk in the file, from 0.",
        "rows_planned": "Rows of the file that the chunk covers.",
        "is_committed": "False while the chunk is owed.",
        "rows": "Rows kept.",
        "rejected": "Rows rejected in this dataset.",
        "part": "Parquet part in the store; null when no row was kept.",
        "rejects_part": "Parquet part with the rejects, if any.",
        "size_bytes": "Size of the part.",
        "tokens": "Tokens encoded for this chunk.",
        "attempt": "Attempt that committed the chunk.",
    },
    "documents": {
        "corpus": "Corpus of the document.",
        "chunk": "Chunk of the document; (chunk, row) joins it to the vectors.",
        "row": "Row in the source file, from 0.",
        "doc_id": "The user's id, or <file>#<row>. Not always unique: duplicates are kept.",
        "text_hash": "blake2b-128 of the text's UTF-8 bytes: equal texts have equal hashes.",
        "file": "Source file, relative to the root of the corpus.",
        "duplicate_of": "Row of the chunk's first document with the same text, if this is not it.",
    },
    "rejects": {
        "corpus": "Corpus of the row.",
        "space": "Space that refused the text, if one did.",
        "labeler": "Labeler that gave the document no label, if one did not. If neither a space "
        "nor a labeler stands here, the row was refused on reading.",
        "version": "Name of this labeler in the store.",
        "chunk": "Chunk of the row.",
        "row": "Row in the source file, from 0.",
        "doc_id": "The user's id, or <file>#<row>.",
        "text_hash": "Hash of the text, where there is one.",
        "file": "Source file, relative to the root of the corpus.",
        "stage": "read, encode or label.",
        "reason": "null, empty, blank, invalid_utf8, no_tokens, not_finite, zero_norm, or "
        "no_direction: a vector of which rounding leaves nothing, or that was so before; and of "
        "a label no_vector or member_missing: what it is decided from is not there.",
        "detail": "More about the reason, if any.",
    },
    "spaces": {
        "space": "Name of the view with the vectors.",
        "dataset": "Folder under datasets/ in the store.",
        "corpus": "Corpus that this row counts.",
        "model": "Model id or folder, as it was first given.",
        "strategy": "Pooling strategy.",
        "dimension": "Length of the vectors.",
        "precision": "float32, float16, int8 or binary, as stored; the view gives BIT for "
        "binary, FLOAT for all others.",
        "is_normalized": "Whether vectors have length 1.",
        "vectors": "Documents of the corpus that have a vector in this space.",
        "rejected": "Documents of the corpus that this space rejected.",
        "owed_chunks": "Chunks of the corpus that are not embedded yet.",
        "is_complete": "Whether nothing is owed.",
        "encoder": "Identity of the encoder, as JSON.",
        "pooling": "Pooling with its parameters, as JSON.",
    },
    "corpus_changes": {
        "seal": "Number of the seal that brought the change.",
        "corpus": "Corpus that changed.",
        "change": "new, changed, moved or deleted. While a listing still owes chunks, nothing is "
        "said to be new or deleted on account of them; a file that cannot be read counts as gone.",
        "doc_id": "Document, by its name after the change (before it, if deleted).",
        "file": "File after the change; null if deleted.",
        "row": "Row after the change; null if deleted.",
        "file_before": "File before the change; null if new.",
        "row_before": "Row before the change; null if new.",
        "text_hash": "Hash of the text after the change (before it, if deleted).",
    },
    "unreadable_files": {
        "corpus": "Corpus of the file.",
        "file": "The file, relative to the root of the corpus.",
        "reason": "Why it could not be read.",
    },
}

SPACE_COLUMNS: dict[str, str] = {
    "chunk": "Chunk of the document; (chunk, row) joins it to documents.",
    "row": "Row in the source file, from 0.",
    "doc_id": "The user's id, or <file>#<row>.",
    "text_hash": "blake2b-128 of the text's UTF-8 bytes.",
    "n_tokens": "Tokens before the text was cut, special and prompt tokens included; null if it "
    "was too long to count.",
    "n_unknown": "Of the tokens that were read, those that the tokenizer does not know, [UNK]; "
    "null in parts that were written before this was kept.",
    "truncated": "Whether a part of the text was left out.",
    "n_windows": "Windows that the text was read in: 1 unless it is long and encoder.long_texts is "
    "windows.",
    "vector": "The embedding: FLOAT[d], restored from its ranges if it is stored in int8. Of "
    "binary, BIT: for each dimension 1 if it is above 0; bit_count(xor(a, b)) counts those "
    "that differ.",
}

CARRIED_COLUMN = (
    "Carried along from the source files as it stands there; null for a corpus without it. It is "
    "text where corpora hold different types under this name."
)
