"""A comparison of two runs as text for people, as JSON and as Markdown."""

from collections.abc import Iterable, Iterator
from typing import Any

from eval.runs.compare import FEWEST_OF_A_TAG, FigureChange, Pair, RunComparison, SliceChange
from eval.runs.paired import UNCHANGED, Tally
from eval.runs.tables import NOT_MEASURED, Table, json_of, paragraphs, sentence
from eval.scoring.intervals import LEVEL
from eval.scoring.rows import Row

FIGURE_HEAD = ("measure", "first", "second", "difference", "95 % interval", "p", "Holm", "d", "better/same/worse", "n")
_SLICE_HEAD = ("tag", "measure", "first", "second", "difference", "p", "Holm", "better/same/worse", "n")
_EXPLAINED = (
    "difference: second − first; p: paired randomisation test; interval: BCa bootstrap; both by percentile bootstrap "
    "for what is no mean, such as AUROC; Holm: p adjusted for all figures shown, * where sure; d: Cohen's d, paired"
)
_SLICES = f"by tag, where something differs; Holm over the tags of a figure; below {FEWEST_OF_A_TAG} questions no test"
_SHOWN_CHARS = 90


def text_of_runs(found: RunComparison, names: tuple[str, str]) -> str:
    """Figures, slices and questions; `names` are the runs' own."""
    slices = _slices(found)
    return paragraphs(
        [_title(found), f"first: {names[0]} · second: {names[1]}", *found.notes],
        _figures(found),
        _EXPLAINED,
        headed("made with other settings:", setting_lines(found)),
        headed(_SLICES, [slices.as_text()], indent="") if slices.rows else "",
        *(headed(head, lines) for head, lines in questions_in(found)),
        "" if found.failing or found.mended else "no question is newly failing or newly right",
        _figure_notes(found),
    )


def markdown_of_runs(found: RunComparison, names: tuple[str, str], *, command: str) -> str:
    """The same, as tables and lists."""
    slices = _slices(found)
    return paragraphs(
        f"{_title(found)}. First: `{names[0]}`, second: `{names[1]}`.",
        *(f"{note}." for note in found.notes),
        _figures(found).as_markdown(),
        f"{sentence(_EXPLAINED)}. Written by `{command}`.".replace("*", "\\*"),
        headed("made with other settings:\n", setting_lines(found), indent="- "),
        *((f"{sentence(_SLICES)}:", slices.as_markdown()) if slices.rows else ()),
        *(headed(f"{sentence(head)}\n", lines, indent="- ") for head, lines in questions_in(found)),
        [f"- {note}" for note in _figure_notes(found)],
    )


def json_of_runs(found: RunComparison, names: tuple[str, str]) -> dict[str, Any]:
    """As JSON-able values; what was not measured or tested is null."""
    return {
        "set": found.set_name,
        "first": names[0],
        "second": names[1],
        "questions": found.common,
        "level": LEVEL,
        "figures": [json_of_figure(each) for each in found.figures],
        "slices": list(map(json_of, found.slices)),
        "newly_failing": [json_of_pair(pair) for pair in found.failing],
        "newly_right": [json_of_pair(pair) for pair in found.mended],
        "dropped": [{"id": row.id, "question": row.question} for row in found.dropped],
        "added": [{"id": row.id, "question": row.question} for row in found.added],
        "settings": list(map(json_of, found.settings)),
        "notes": list(found.notes),
    }


def json_of_figure(each: FigureChange) -> dict[str, Any]:
    """A figure with what is known of its change."""
    change = json_of(each.difference) if each.difference else dict.fromkeys(("value", "low", "high", "p"))
    better = {1: "higher", -1: "lower", 0: "neither"}[each.direction]
    return {
        "measure": each.name,
        "better": better,
        "first": each.first,
        "second": each.second,
        "n": each.n,
        "difference": change.pop("value"),
        **{name: change[name] for name in ("low", "high", "p")},
        "p_holm": each.adjusted,
        "effect": each.effect,
        "questions": json_of(each.tally) if each.tally else None,
        "note": each.note,
    }


def json_of_pair(pair: Pair) -> dict[str, Any]:
    """A question with what happened to it in each run."""
    first, second = pair
    fields = {"id": first.id, "question": first.question, "tags": list(first.tags)}
    return {**fields, "first": first.state, "second": second.state}


def figure_cells(each: FigureChange) -> tuple[str, ...]:
    """The cells under FIGURE_HEAD."""
    named = each.name, value_text(each.first), value_text(each.second)
    change = each.difference
    if change is None:
        return *named, *[""] * 6, str(each.n or "")
    interval = "" if change.low is None or change.high is None else f"{_signed(change.low)} to {_signed(change.high)}"
    mark = " *" if each.sure else "  "
    effect = "" if each.effect is None else f"{each.effect:+.2f}"
    tests = p_text(change.p), p_text(each.adjusted) + mark, effect
    return *named, _signed(change.value), interval, *tests, _counts(each.tally, each.direction), str(each.n)


def p_text(value: float | None) -> str:
    """Three digits; never the zero that no test gives."""
    return "" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _title(found: RunComparison) -> str:
    return f"{found.set_name} · {found.common} questions in both runs"


def headed(head: str, lines: Iterable[str], *, indent: str = "  ") -> str:
    """A heading and its lines; nothing where there are none."""
    shown = [f"{indent}{line}" for line in lines]
    return "\n".join([head, *shown]) if shown else ""


def _figures(found: RunComparison) -> Table:
    """Of those that either run has; the notes name the others."""
    return Table(
        FIGURE_HEAD, [figure_cells(each) for each in found.figures if (each.first, each.second) != (None, None)]
    )


def _slices(found: RunComparison) -> Table:
    return Table(_SLICE_HEAD, [_slice_cells(each) for each in found.slices if each.moved])


def _slice_cells(each: SliceChange) -> tuple[str, ...]:
    tested = p_text(each.p), p_text(each.adjusted)
    values = value_text(each.first), value_text(each.second), _signed(each.second - each.first)
    return each.tag, each.figure, *values, *tested, _counts(each.tally, 1), str(each.n)


def setting_lines(found: RunComparison) -> list[str]:
    return [f"{each.name}: {each.first} → {each.second}" for each in found.settings]


def questions_in(found: RunComparison) -> Iterator[tuple[str, list[str]]]:
    """Headings, and a line a question: id, what happened, text and tags."""
    for what, pairs in (("newly failing", found.failing), ("newly right", found.mended)):
        yield f"{what}: {len(pairs)}", [f"{one.id}: {one.state} → {two.state}: {_line(one)}" for one, two in pairs]
    for kind, rows in (("first", found.dropped), ("second", found.added)):
        yield f"only in the {kind} run, not compared: {len(rows)}", [f"{row.id}: {_line(row)}" for row in rows]


def _figure_notes(found: RunComparison) -> list[str]:
    """What the figures' rows cannot say; figures of one note stand together."""
    told = dict.fromkeys(each.note for each in found.figures if each.note and each.note != UNCHANGED)
    notes = [f"{note}: {' · '.join(each.name for each in found.figures if each.note == note)}" for note in told]
    for each in found.figures:
        if each.tally and (each.tally.first_only or each.tally.second_only):
            alone = f"{each.tally.first_only} in the first run alone, {each.tally.second_only} in the second alone"
            notes.append(f"{each.name}: questions that count {alone}")
    return notes


def _line(row: Row) -> str:
    question = " ".join(row.question.split())
    short = question if len(question) <= _SHOWN_CHARS else f"{question[:_SHOWN_CHARS]}…"
    return f"{short} [{', '.join(row.tags)}]" if row.tags else short


def _counts(counts: Tally | None, direction: int) -> str:
    if counts is None:
        return ""
    if direction == 0:
        return f"{counts.wins} more / {counts.ties} / {counts.losses} less"
    better, worse = (counts.losses, counts.wins) if direction < 0 else (counts.wins, counts.losses)
    return f"{better} / {counts.ties} / {worse}"


def value_text(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000"
