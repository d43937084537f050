"""Settings: flag > environment > quotewell.toml > default, and whatever is misspelt is said."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from index.errors import BadSetting
from index.settings import PREFIX, Settings, load_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUOTEWELL_WITHOUT_KEY", raising=False)  # with which servers under test are written to
    return tmp_path


def toml(folder: Path, text: str | bytes) -> None:
    (folder / "quotewell.toml").write_bytes(text if isinstance(text, bytes) else text.encode())


def refused(**flags: Any) -> str:
    with pytest.raises(BadSetting) as caught:
        load_settings(**flags)
    return str(caught.value)


def test_with_nothing_set_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.data, settings.embedder, settings.model_path) == (Path(".index"), "minilm", None)
    assert (settings.passage_tokens, settings.limit, settings.threshold) == (160, 10, None)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.model_fields_set == set()


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().limit == 10
    toml(here, "limit = 20\nstem = 'light'\nport = 9000\ndata = 'from-file'\n")
    assert load_settings().limit == 20
    monkeypatch.setenv("QUOTEWELL_LIMIT", "30")
    monkeypatch.setenv("quotewell_port", "9001")
    assert load_settings().limit == 30
    settings = load_settings(limit=40, port=None, stem=None)
    assert (settings.limit, settings.port, settings.stem, settings.data) == (40, 9001, "light", Path("from-file"))
    assert settings.model_fields_set == {"limit", "port", "stem", "data"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("data", "some/where", Path("some/where")),
        ("model_path", "/models/a", Path("/models/a")),
        ("passage_tokens", "64", 64),
        ("overlap_sentences", "0", 0),
        ("stem", "none", "none"),
        ("fusion", "rrf", "rrf"),
        ("dense_weight", "0.25", 0.25),
        ("threshold", "0.9", 0.9),
        ("port", "0", 0),
    ],
)
def test_every_source_gives_the_same_value(
    name: str, text: str, expected: object, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert getattr(load_settings(**{name: text}), name) == expected
    with monkeypatch.context() as during:
        during.setenv(f"{PREFIX}{name.upper()}", text)
        assert getattr(load_settings(), name) == expected
    toml(here, f"{name} = {text}\n" if text.replace(".", "").isdigit() else f'{name} = "{text}"\n')
    assert getattr(load_settings(), name) == expected


# -- unknown keys --


def test_an_unknown_flag_is_an_error_with_the_nearest_name() -> None:
    assert refused(prot=1) == "unknown setting 'prot'; did you mean port?"


def test_an_unknown_key_in_the_file_is_an_error_with_the_nearest_name(here: Path) -> None:
    toml(here, "overlap_sentence = 2\n")
    assert refused() == "unknown setting 'overlap_sentence'; did you mean overlap_sentences?"
    toml(here, "[index]\nlimit = 2\n")
    assert refused().startswith("unknown setting 'index'; ")


@pytest.mark.parametrize("name", ["QUOTEWELL_EMBEDER", "quotewell_embeder", "Quotewell_Embeder"])
def test_an_unknown_variable_is_an_error_with_the_nearest_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hash")
    assert refused() == f"unknown setting {name}; did you mean QUOTEWELL_EMBEDDER?"


def test_where_nothing_is_near_the_known_names_are_listed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for said in (refused(zzzzzz=1), refused(limit=3, zzzzzz=1)):
        assert said == f"unknown setting 'zzzzzz'; known are {', '.join(sorted(Settings.model_fields))}"
    monkeypatch.setenv("QUOTEWELL_ZZZZZZ", "1")
    assert "known are QUOTEWELL_ANSWER_MODEL, QUOTEWELL_CHAT_DEADLINE_S" in refused()


def test_variables_of_others_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTE", "1")
    monkeypatch.setenv("LIMIT", "50")
    monkeypatch.setenv("MY_QUOTEWELL_LIMIT", "50")
    assert load_settings().limit == 10


# -- wrong values --

WRONG = [
    ("limit", "many", "setting 'limit' is 'many': Input should be a valid integer"),
    ("limit", "0", "setting 'limit' is '0': Input should be greater than or equal to 1"),
    ("limit", "101", "setting 'limit' is '101': Input should be less than or equal to 100"),
    ("limit", "2.5", "setting 'limit' is '2.5': Input should be a valid integer"),
    ("dense_weight", "1.1", "setting 'dense_weight' is '1.1': Input should be less than or equal to 1"),
    ("dense_weight", "nan", "setting 'dense_weight' is 'nan': Input should be"),
    ("threshold", "high", "setting 'threshold' is 'high': Input should be a valid number"),
    ("threshold", "", "setting 'threshold' is '': Input should be a valid number"),
    ("port", "65536", "setting 'port' is '65536': Input should be less than or equal to 65535"),
    ("stem", "porter", "setting 'stem' is 'porter': Input should be 'none', 'light' or 'snowball'"),
    ("passage_tokens", "15", "setting 'passage_tokens' is '15': Input should be greater than or equal to 16"),
    ("overlap_sentences", "-1", "setting 'overlap_sentences' is '-1': Input should be greater than or equal to 0"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG, ids=[f"{name}={value}" for name, value, _ in WRONG])
def test_a_wrong_value_is_named_with_its_setting_and_what_is_expected(
    name: str, value: str, expected: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(**{name: value}).startswith(expected)
    assert refused(**{name: value}).endswith("; see the settings table in README.md")
    with monkeypatch.context() as during:
        during.setenv(f"{PREFIX}{name.upper()}", value)
        assert refused().startswith(expected)
    toml(here, f'{name} = "{value}"\n')
    assert refused().startswith(expected)


@pytest.mark.parametrize("text", ["limit = ", "[a", b"limit = '\xff'", "limit = 1\nlimit = 2", "limit = 1e"])
def test_a_file_that_is_not_toml_is_named(text: str | bytes, here: Path) -> None:
    toml(here, text)
    assert refused().startswith("quotewell.toml cannot be read: ")
    assert refused().endswith("; correct it or move it away")


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().limit = 3


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert not field.is_required()
