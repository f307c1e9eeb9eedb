"""Where settings come from, and which are refused before anything is sent."""

import pickle

import pytest

from hs_notebook import StreamingConfig, errors
from hs_notebook.client.config import DEFAULT_BASE_URL, EMBEDDED, HolySheepConfig, is_loopback

KEY = "sk-planted-config"


def resolve(environ=None, **arguments):
    return HolySheepConfig.resolve(environ=environ or {}, **arguments)


def test_defaults():
    config = resolve()
    assert (config.base_url, config.key, config.shape) == (DEFAULT_BASE_URL, None, None)
    assert (config.timeout, config.max_retries, config.max_concurrency) == (30.0, 3, 10)
    assert config.streaming == StreamingConfig(
        reconnect=True,
        reconnect_delay=1.0,
        max_reconnects=5,
        heartbeat_interval=15.0,
        progress_timeout=120.0,
    )
    assert config.streaming.liveness_timeout == 45
    assert set(config.sources.values()) == {"default"}


def test_arguments_before_the_environment():
    environ = {
        "HOLYSHEEP_API_KEY": " sk-env\n",
        "HOLYSHEEP_BASE_URL": "https://env.test/v1/",
        "HOLYSHEEP_SHAPE": "anthropic",
    }
    config = resolve(environ)
    assert (config.key.reveal(), config.base_url, config.shape) == (
        "sk-env",
        "https://env.test/v1",
        "anthropic",
    )
    assert config.sources["key"] == "HOLYSHEEP_API_KEY"
    assert config.sources["base_url"] == "HOLYSHEEP_BASE_URL"
    config = resolve(environ, api_key="sk-arg", base_url="https://arg.test", shape="google", max_retries=1)
    assert (config.key.reveal(), config.base_url, config.shape) == ("sk-arg", "https://arg.test", "google")
    assert {config.sources[name] for name in ("key", "base_url", "shape", "max_retries")} == {"argument"}
    assert resolve({"HOLYSHEEP_API_KEY": "  "}).key is None
    assert resolve(environ, api_key="").key is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "api.holysheep.ai/v1"},
        {"base_url": "ftp://x.test"},
        {"base_url": "http://"},
        {"base_url": "http://x.test:99999/v1"},
        {"base_url": "http://[::1/v1"},
        {"base_url": "http://x.test/v1?key=1"},
        {"base_url": "http://a b/v1"},
        {"base_url": f"https://user:{KEY}@x.test/v1"},
        {"shape": "openia"},
        {"api_key": "sk-with a space"},
        {"api_key": "sk-“quoted”"},
        {"api_key": f"{KEY}\nmore"},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"max_retries": -1},
        {"max_concurrency": 0},
    ],
)
def test_wrong_settings_are_refused_without_showing_a_key(arguments):
    with pytest.raises(errors.SettingError) as caught:
        resolve(**arguments)
    assert KEY not in str(caught.value)
    assert 1 <= len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize(
    "arguments",
    [{"heartbeat_interval": 0}, {"progress_timeout": -1}, {"reconnect_delay": -1}, {"max_reconnects": -1}],
)
def test_wrong_streaming_settings_are_refused(arguments):
    with pytest.raises(errors.SettingError):
        StreamingConfig(**arguments)


def test_where_a_model_is_asked():
    assert resolve(base_url=EMBEDDED).target("anything") is None
    assert resolve().target("local") is None
    assert resolve({"HOLYSHEEP_BASE_URL": "https://x.test/v1"}).target("demo") is None
    own = resolve(base_url="http://127.0.0.1:8080/v1").target("local")
    assert (own.base_url, own.provider) == ("http://127.0.0.1:8080/v1", "127.0.0.1:8080")
    assert resolve(api_key=KEY).target("gpt-4.1").provider == "holysheep"


def test_no_key_for_the_hosted_gateway_tells_the_ways_to_get_going():
    with pytest.raises(errors.MissingKeyError) as caught:
        resolve().target("gpt-4.1")
    for way in ("HOLYSHEEP_API_KEY", "model=local", "model=demo", "HOLYSHEEP_BASE_URL"):
        assert way in str(caught.value)
    assert caught.value.means == ""


@pytest.mark.parametrize(("name", "meant"), [("loca", "local"), ("Local", "local"), ("demos", "demo")])
def test_a_misspelt_model_of_this_machine_is_named_beside_the_missing_key(name, meant):
    with pytest.raises(errors.MissingKeyError, match="No API key is set") as caught:
        resolve().target(name)
    assert caught.value.means == f"Did you mean model={meant}?"


@pytest.mark.parametrize(
    "url", ["http://x.test/v1", "http://192.168.1.5:11434/v1", "http://127.0.0.1.x.test/v1"]
)
def test_a_key_does_not_travel_unencrypted(url):
    with pytest.raises(errors.InsecureURLError) as caught:
        resolve(api_key=KEY, base_url=url).target("m")
    assert 'set HOLYSHEEP_API_KEY=""' in caught.value.remedy
    assert KEY not in str(caught.value)
    assert resolve(api_key="", base_url=url).target("m").key is None


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(host):
    assert is_loopback(host)
    address = f"[{host}]" if ":" in host else host
    assert resolve(api_key=KEY, base_url=f"http://{address}:1/v1").target("m").key.reveal() == KEY


@pytest.mark.parametrize("host", ["127.0.0.1.x.test", "localhost.x.test", "10.0.0.1", "0.0.0.0", ""])
def test_not_loopback(host):
    assert not is_loopback(host)


def test_a_key_shows_in_no_setting():
    config = resolve(api_key=KEY)
    for shown in (repr(config), repr(config.target("m"))):
        assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(config)
