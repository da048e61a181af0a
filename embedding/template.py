"""Find out what a tokenizer puts around a text. Knows one probe's ids, no texts of a corpus."""

from collections.abc import Iterator
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer


@dataclass(frozen=True, slots=True)
class Template:
    """The ids around every text, such as [CLS] before and [SEP] after.

    Attributes:
        before: Ids put before the content.
        after: Ids put after it.
        types_before: Their token type ids.
        type_inside: The token type id of the content.
        types_after: The token type ids of those after.
        cls: The classification token's place in a row; negative: counted from the row's end.
            None: there is none.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    types_before: tuple[int, ...]
    type_inside: int
    types_after: tuple[int, ...]
    cls: int | None

    def __len__(self) -> int:
        """How many tokens it adds to a text."""
        return len(self.before) + len(self.after)


def read_template(backend: Tokenizer, cls_id: int | None) -> Template:
    """The template of the tokenizer, as a probe shows it.

    Raises:
        ValueError: The tokenizer puts special tokens elsewhere than around the content.
    """
    probe = _probe(backend)
    inside = [i for i, special in enumerate(probe.special_tokens_mask) if not special]
    first, last = inside[0], inside[-1] + 1
    if last - first != len(inside):
        raise ValueError(
            f"the tokenizer puts special tokens inside a text: found {probe.tokens}. "
            "Choose another model."
        )
    before, after = tuple(probe.ids[:first]), tuple(probe.ids[last:])
    return Template(
        before=before,
        after=after,
        types_before=tuple(probe.type_ids[:first]),
        type_inside=probe.type_ids[first],
        types_after=tuple(probe.type_ids[last:]),
        cls=_place_of(cls_id, before, after),
    )


def _probe(backend: Tokenizer) -> Encoding:
    """The encoding of the first short text that has a token of content."""
    for text in _short_texts(backend):
        encoding = backend.encode(text)
        if not all(encoding.special_tokens_mask):
            return encoding
    raise ValueError("the tokenizer makes no token of any word in its vocabulary")


def _short_texts(backend: Tokenizer) -> Iterator[str]:
    yield "a"
    yield from sorted(backend.get_vocab())


def _place_of(cls_id: int | None, before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    if cls_id in before:
        return before.index(cls_id)
    if cls_id in after:
        return after.index(cls_id) - len(after)
    return None
