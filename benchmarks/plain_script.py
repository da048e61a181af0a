"""What a user writes without Poolhouse: Parquet in, sentence-transformers, Parquet out.

Stands alone, so that it is the script that it claims to be.
"""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

if __name__ == "__main__":
    source, model_folder, target, max_tokens = sys.argv[1:]
    table = pq.read_table(source, columns=["id", "text"])
    model = SentenceTransformer(model_folder)
    if max_tokens != "None":
        model.max_seq_length = int(max_tokens)
    vectors = model.encode(table["text"].to_pylist(), batch_size=32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    pq.write_table(pa.table({"id": table["id"], "vector": column}), target)
