import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.events import append_event, read_events
from harness.secrets import REDACTED, redact, refuse_secrets
from harness.study import load_study
from tests.command import harness_alone, typed

_HEX = st.text("0123456789abcdef", min_size=40, max_size=40)
_LETTERS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=36, max_size=60)
_KEYS = st.one_of(
    _HEX.map("local-{}".format),
    _LETTERS.map("wandb_v1_{}".format),
    _LETTERS.map("hf_{}".format),
    _LETTERS.map("ghp_{}".format),
    _LETTERS.map("glpat-{}".format),
    _LETTERS.map("sk-ant-{}".format),
    _LETTERS.map(lambda text: f"eyJ{text}.eyJ{text}.{text}"),
)
_SECRETS = st.one_of(_KEYS, _HEX, st.text("abcdefghijklmnopqrstuvwxyz0123456789_+/=-", min_size=9, max_size=60).filter(
    lambda text: text[0] not in "/~"
))  # fmt: skip
_NAMES = st.sampled_from(["WANDB_API_KEY", "api_key", "apikey", "HF_TOKEN", "db_password", "client_secret", "token"])
_TEXT = st.text(max_size=60)


@given(before=_TEXT, key=_KEYS, after=_TEXT)
def test_a_service_s_key_goes_from_any_text_around_it(before: str, key: str, after: str) -> None:
    assume(key not in before + after)
    assert key not in redact(f"{before} {key} {after}")


@given(before=_TEXT, name=_NAMES, sign=st.sampled_from(["=", ": ", "='", '": "', " = "]), secret=_SECRETS, after=_TEXT)
def test_what_is_assigned_to_a_secret_s_name_goes(before: str, name: str, sign: str, secret: str, after: str) -> None:
    assume(secret not in before + after)
    assert secret not in redact(f"{before} {name}{sign}{secret} {after}")


@given(text=st.one_of(_TEXT, st.builds("{}={} {}".format, _NAMES, _SECRETS, _TEXT)))
def test_what_is_redacted_stays_as_it_is(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(text=st.text("abcdefghijklmnopqrstuvwxyz0123456789 .,;()\n", max_size=200))
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "commit 0123456789abcdef0123456789abcdef01234567",
        "num_tokens=131072000",
        "model.width=1024 size of a token: 64",
        "export WANDB_API_KEY=$(cat /run/secrets/wandb)",
    ],
)
def test_what_only_looks_a_little_like_a_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://me:hunter2@host/path", f"https://me:{REDACTED}@host/path"),
        ("Authorization: Bearer abcdefghijkl", f"Authorization: Bearer {REDACTED}"),
        ("curl -H 'authorization: Basic YXBpOmtleQ=='", f"curl -H 'authorization: Basic {REDACTED}'"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", f"{REDACTED}\nrest"),
    ],
)
def test_headers_addresses_and_key_files_are_known(text: str, left: str) -> None:
    assert redact(text) == left


def test_the_environment_s_own_secrets_go_wherever_they_appear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SERVICE_TOKEN", "correct horse battery")
    assert redact("sent 'correct horse battery' to the server") == f"sent '{REDACTED}' to the server"


_PLACES = st.sampled_from([("optim", "note"), ("runtime",), ("launcher", "setup", "more"), ()])


@given(place=_PLACES, name=_NAMES, secret=_SECRETS)
def test_a_configuration_with_a_secret_is_refused_without_saying_it(
    place: tuple[str, ...], name: str, secret: str
) -> None:
    for leaf in ({name: secret}, {"setup": [f"export {name}={secret}"]}, {f"{name}={secret}": 1}):
        tree: object = leaf
        for part in reversed(place):
            tree = {part: tree}
        with pytest.raises(ConfigError, match="looks like a key, token or password") as caught:
            refuse_secrets(tree)
        assert secret not in str(caught.value)


@given(key=st.one_of(_KEYS, _HEX))
def test_a_bare_key_is_refused_whatever_its_name(key: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.model\.options\.variant: looks like a key"):
        refuse_secrets({"model": {"options": {"variant": key}}})


@pytest.mark.parametrize("name", ["demo", "single"])
def test_our_own_studies_hold_none(name: str) -> None:
    assert load_study([f"study={name}"]).runs


def test_a_key_on_the_command_line_is_one_error_line_that_does_not_repeat_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0123456789abcdef0123456789abcdef01234567"
    code, said = typed("plan", f"+model.options.wandb_api_key={key}", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: config.model.options.wandb_api_key: looks like a key")
    assert key not in said


def test_harness_run_refuses_it_too(tmp_path: Path) -> None:
    done = harness_alone("run", "+model.options.wandb_api_key=hf_abcdefghijklmnopqrstuvwxyz", cwd=tmp_path)
    assert done.returncode == 2
    assert "looks like a key" in done.stderr
    assert "hf_abc" not in done.stderr + done.stdout


def test_an_error_message_that_repeats_a_secret_is_redacted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed("plan", "hf_abcdefghijklmnopqrstuvwxyz", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, "hf_abc" in said) == (2, False)
    assert f"command line: '{REDACTED}' is not an override" in said


def test_no_secret_gets_into_a_run_s_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    append_event(
        tmp_path, "failure", reason="403 for 0123456789abcdef", traceback='File "x"\n  api_key="abcdefghijk"\n'
    )
    (event,) = read_events(tmp_path)
    assert event["reason"] == f"403 for {REDACTED}"
    assert "abcdefghijk" not in json.dumps(event)
