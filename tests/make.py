"""Records as tests need them, and indexes: say what the test is about; all else is empty, and true of the rest."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.build import Builder
from index.cleaning.clean import Cleaned, clean
from index.embedding.embedder import Embedder, HashEmbedder
from index.records import Block, Document, Hit, OffsetRun, Passage, Span, plain_blocks
from index.search import Index, open_index
from index.settings import Settings, load_settings
from rag.answer import Answer, Citation, Quote, Reason, Workings
from rag.answer_json import Basis, read_stage, said_stage, whole_stage
from rag.assistant import Assistant, open_assistant


def document(text: str = "", name: str = "a", headings: Sequence[Span] = (), **given: Any) -> Document:
    """An English article of which nothing else is known; its source is its text where none is given.

    All its lines are text, but for the headings.
    """
    runs = (OffsetRun(0, 0, len(text)),) if text else ()
    fields: dict[str, Any] = {"title": "", "source": text, "runs": runs, "author": "", "publisher": ""}
    fields |= {
        "blocks": plain_blocks(text, headings),
        "published": None,
        "language": "en",
        "url": "",
        "inferred": (),
        "sha256": "",
    }
    return Document(id=name, text=text, **fields | given)


def laid_out(*lines: tuple[Any, ...], name: str = "a", **given: Any) -> Document:
    """Lines as (kind, text) or (kind, text, number of the line that it leads back to); a turn to who speaks in it."""
    starts = [sum(len(text) + 2 for _, text, *_ in lines[:n]) for n in range(len(lines))]
    ends = [start + len(text) for start, (_, text, *_) in zip(starts, lines, strict=True)]
    blocks = []
    for n, (kind, text, *lead) in enumerate(lines):
        spoken = Span(starts[n], starts[n] + text.index(": ") + 1) if kind == "turn" else Span(0, 0)
        back = Span(starts[lead[0]], ends[lead[0]]) if lead else spoken
        blocks.append(Block(kind, starts[n], ends[n], back))
    return document("\n\n".join(text for _, text, *_ in lines), name, blocks=tuple(blocks), **given)


def cleaned(source: str, name: str = "a", by: Callable[[str], Cleaned] = clean, **given: Any) -> Document:
    """The article that cleaning makes of a source, with the map between the two."""
    made = by(source)
    return document(made.text, name, source=source, runs=made.runs, blocks=made.blocks, **given)


def passage(
    text: str,
    of: str = "a",
    ordinal: int = 0,
    *,
    start: int = 0,
    sentences: tuple[Span, ...] = (),
    blocks: tuple[Block, ...] | None = None,
    context: str = "",
) -> Passage:
    """A passage of the document of that id, at `start` of its text; one sentence and one block where none are given."""
    end = start + len(text)
    inside = sentences or (Span(start, end),)
    made = (Block("text", start, end),) if blocks is None else blocks  # a passage of blanks has none
    return Passage(f"{of}#{ordinal}", of, ordinal, text, start, end, inside, made, context)


def quote(passage: Passage, span: tuple[int, int] | None = None, score: float = 1.0) -> Quote:
    """The words at `span` of the document; without one, all of the passage."""
    return Quote(passage, *span or (passage.start, passage.end), score)


def hit(passage: Passage, row: int = 0, score: float = 1.0) -> Hit:
    return Hit(row, passage, score, {}, {})


def citation(quote: str, document_id: str = "a", marker: int = 1, **given: Any) -> Citation:
    """Of the first passage; the quote begins its article and its source where nothing else is given."""
    fields: dict[str, Any] = {"passage_id": f"{document_id}#0", "title": "", "author": "", "published": None}
    fields |= {"inferred": (), "url": "", "start": 0, "end": len(quote), "source_start": 0, "source_end": len(quote)}
    return Citation(marker=marker, document_id=document_id, quote=quote, **fields | given)


def answer(question: str, *citations: Citation, **given: Any) -> Answer:
    """Answered by these citations; without one, abstained."""
    fields: dict[str, Any] = {"id": "", "status": "answered" if citations else "abstained", "text": "", "segments": ()}
    fields |= {"evidence": (), "confidence": 0.9, "reason": None if citations else Reason("off_corpus", ())}
    fields |= {"follow_ups": (), "index_version": "v1", "standalone": "", "as_of": None, "policy": None}
    return Answer(question=question, citations=citations, **{"workings": Workings((), {}, 0.0)} | fields | given)


def answer_fields(answer: Answer, basis: Basis) -> dict[str, Any]:
    """As other programs see it, with receipts, and its id over all of that."""
    return whole_stage(said_stage(answer, read_stage(answer, basis), basis), answer.follow_ups).fields


def run_row(id_: str, *, right: bool = True, answerable: bool = True, **other: Any) -> dict[str, Any]:
    """What a run file says of an answered question, by its first quote, or of one that the articles do not answer."""
    answered = right if answerable else not right
    fields = {
        "id": id_,
        "question": f"What of {id_}?",
        "answerable": answerable,
        "tags": ["when"],
        "status": "answered" if answered else "abstained",
        "confidence": 0.9 if answered else 0.1,
        "any_right": right if answerable else None,
        "scores": {"Success@1": float(right)} if answerable else {"abstention recall": float(right)},
        "evidence": ["a#0"],
    }
    return {**fields, **other}


def indexed(folder: Path, articles: Mapping[str, str], embedder: Embedder | None = None, **chosen: Any) -> Settings:
    """Settings for an index in the folder: of texts by the names of their files, `.txt` where one has no ending.

    The embedder is the one that needs no model where none is given.
    """
    for name, text in articles.items():
        path = folder / "articles" / (name if Path(name).suffix else f"{name}.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    by = embedder or HashEmbedder()
    settings = load_settings(data=folder / "data", embedder=by.name, **chosen)
    Builder(settings.data, settings, by).index([folder / "articles"])
    return settings


def index(folder: Path, articles: Mapping[str, str], embedder: Embedder | None = None, **chosen: Any) -> Index:
    """The index itself."""
    settings = indexed(folder, articles, embedder, **chosen)
    return open_index(settings.data, settings, embedder or HashEmbedder())


def assistant(folder: Path, articles: Mapping[str, str], embedder: Embedder | None = None, **chosen: Any) -> Assistant:
    """An assistant over it."""
    settings = indexed(folder, articles, embedder, **chosen)
    return open_assistant(settings=settings, embedder=embedder or HashEmbedder())
