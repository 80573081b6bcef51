"""Every environment variable that UNO reads, in one place.

Values only: importing this touches neither Django nor the file system, so that the
engine process and the trainers can use it too. ``docs/configuration.md`` lists the same
variables and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env, validate

ROOT = Path(__file__).resolve().parent.parent
ENGINE_BACKENDS = ("llama", "torch")
ROLES = ("user", "curator", "admin")
MODEL_FORMATS = ("", "original", "q4_0", "q8_0", "f16")


@dataclass(frozen=True, slots=True)
class Settings:
    """UNO's configuration as read from the environment."""

    secret_key: str
    debug: bool
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    database_url: str
    redis_url: str
    data_dir: Path
    evaluation_data: Path
    host: str
    port: int
    engine_url: str
    engine_token: str
    engine_backend: str
    embedding_url: str
    engine_context: int
    engine_slots: int
    engine_cache_mib: int
    threads: int
    train_processes: int
    base_model: str
    model_path: str
    model_format: str
    embedder_path: str
    open_signup: bool
    api_requests_per_minute: int
    chat_settings_role: str
    log_level: str


def read_env() -> Settings:
    """Read the environment (and a ``.env`` file beside ``manage.py``, where there is one).

    Raises
    ------
    environs.EnvError
        A value that cannot be parsed, naming the variable.
    """
    env = Env()
    env.read_env(str(ROOT / ".env"), recurse=False)
    data_dir = Path(env.str("UNO_DATA_DIR", str(ROOT / "var"))).resolve()
    return Settings(
        secret_key=env.str("UNO_SECRET_KEY", ""),
        debug=env.bool("UNO_DEBUG", False),
        allowed_hosts=env.list("UNO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"]),
        csrf_trusted_origins=env.list("UNO_CSRF_TRUSTED_ORIGINS", []),
        database_url=env.str("DATABASE_URL", f"sqlite:///{data_dir / 'uno.sqlite3'}"),
        redis_url=env.str("REDIS_URL", ""),
        data_dir=data_dir,
        evaluation_data=Path(
            env.str("UNO_EVALUATION_DATA", str(data_dir / "evaluation"))
        ).resolve(),
        host=env.str("UNO_HOST", "127.0.0.1"),
        port=env.int("UNO_PORT", 8000),
        engine_url=env.str("UNO_ENGINE_URL", "http://127.0.0.1:8081"),
        engine_token=env.str("UNO_ENGINE_TOKEN", ""),
        engine_backend=env.str(
            "UNO_ENGINE_BACKEND", "llama", validate=validate.OneOf(ENGINE_BACKENDS)
        ),
        embedding_url=env.str("UNO_EMBEDDING_URL", ""),
        engine_context=env.int("UNO_ENGINE_CONTEXT", 4096),
        engine_slots=env.int("UNO_ENGINE_SLOTS", 8),
        engine_cache_mib=env.int("UNO_ENGINE_CACHE_MIB", 512),
        threads=env.int("UNO_THREADS", 0),
        train_processes=env.int("UNO_TRAIN_PROCESSES", 1, validate=validate.Range(min=1, max=64)),
        base_model=env.str("UNO_BASE_MODEL", "smollm2-135m-instruct"),
        model_path=env.str("UNO_MODEL_PATH", ""),
        model_format=env.str("UNO_MODEL_FORMAT", "", validate=validate.OneOf(MODEL_FORMATS)),
        embedder_path=env.str("UNO_EMBEDDER_PATH", ""),
        open_signup=env.bool("UNO_OPEN_SIGNUP", False),
        api_requests_per_minute=env.int("UNO_API_REQUESTS_PER_MINUTE", 60),
        chat_settings_role=env.str(
            "UNO_CHAT_SETTINGS_ROLE", "curator", validate=validate.OneOf(ROLES)
        ),
        log_level=env.str("UNO_LOG_LEVEL", "INFO"),
    )
