"""Order texts into batches and lay out their ids. Knows lengths and ids, no text and no model."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from embedding.template import Template
from embedding.tokenized import LongArray, TokenRows

# From this length on, attention costs more memory than all the rest of a layer.
ATTENTION_LENGTH = 1_024

Ids = Int64[np.ndarray, " tokens"]
Mask = Bool[np.ndarray, " tokens"]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """The tokens of one batch, text after text, template included.

    Attributes:
        rows: Which rows these are, of texts or windows.
        width: The length of the longest.
        ids: Vocabulary ids.
        types: Token type ids.
        segment: The number of each token's text within the batch.
        position: The number of each token within its text.
        special: Whether the template put the token there.
        prompt: Whether it belongs to the prompt, or the template put it before the prompt.
        cls: Whether it is the classification token; None: the template has none.
    """

    rows: Int64[np.ndarray, " texts"]
    width: int
    ids: Ids
    types: Ids
    segment: Ids
    position: Ids
    special: Mask
    prompt: Mask
    cls: Mask | None


def order_longest_first(tokenized: TokenRows) -> Int64[np.ndarray, " rows"]:
    """The texts that have content, longest first; equal ones keep their order.

    Texts of like length share a batch, so little is padded; and the batch that needs most memory
    comes first, so that too little of it shows at once.
    """
    order: LongArray = np.argsort(-tokenized.lengths, kind="stable")
    with_content: LongArray = order[~tokenized.no_tokens[order]]
    return with_content


def batch_cost(num_texts: int, width: int) -> int:
    """What a padded batch costs, in tokens of a short text: attention grows with the square."""
    return num_texts * (width + width * width // ATTENTION_LENGTH)


def texts_that_fit(width: int, token_budget: int) -> int:
    """How many texts of this width one batch takes: at least one."""
    return max(1, token_budget // max(1, batch_cost(1, width)))


def cost_of_texts(widths: LongArray) -> LongArray:
    """What texts of these widths cost, each by itself."""
    costs: LongArray = widths + widths * widths // ATTENTION_LENGTH
    return costs


def filled_up(num_tokens: int) -> int:
    """The next of few numbers of tokens: sixteen from one power of two to the next, no more.

    Up to 2,048 they are multiples of 64. A kernel is made, and kept, for each that is met.
    """
    step = max(64, (1 << (num_tokens - 1).bit_length()) // 32)
    return -(-num_tokens // step) * step


def pack_batch(
    tokenized: TokenRows, rows: Int64[np.ndarray, " texts"], template: Template
) -> PackedBatch:
    """The ids of some rows with the template around each."""
    content = tokenized.lengths[rows]
    prompt = tokenized.prompt_tokens[rows]
    lengths = content + len(template)
    starts = np.cumsum(lengths) - lengths
    segment = np.repeat(np.arange(len(rows)), lengths)
    position = np.arange(len(segment)) - starts[segment]
    within = position - len(template.before)
    inside = (within >= 0) & (within < content[segment])
    ids = np.empty(len(segment), dtype=np.int64)
    ids[inside] = tokenized.ids[(tokenized.offsets[rows][segment] + within)[inside]]
    types = np.full(len(segment), template.type_inside, dtype=np.int64)
    _fill_around(ids, starts, lengths, (template.before, template.after))
    _fill_around(types, starts, lengths, (template.types_before, template.types_after))
    return PackedBatch(
        rows=rows,
        width=int(lengths.max()),
        ids=ids,
        types=types,
        segment=segment,
        position=position,
        special=~inside,
        prompt=(within < prompt[segment]) & (prompt[segment] > 0),
        cls=_mark_cls(len(ids), starts, lengths, template),
    )


def _fill_around(
    values: Ids, starts: LongArray, lengths: LongArray, around: tuple[tuple[int, ...], ...]
) -> None:
    before, after = around
    for i, value in enumerate(before):
        values[starts + i] = value
    for i, value in enumerate(after):
        values[starts + lengths - len(after) + i] = value


def _mark_cls(size: int, starts: LongArray, lengths: LongArray, template: Template) -> Mask | None:
    if template.cls is None:
        return None
    is_cls = np.zeros(size, dtype=np.bool_)
    is_cls[starts + (template.cls if template.cls >= 0 else lengths + template.cls)] = True
    return is_cls
