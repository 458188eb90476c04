"""How the server runs. Who may ask it is in files, which the server itself would have in its environment."""

import os
from pathlib import Path

secrets = Path(os.environ.get("ANALYTICS_SECRETS_DIR", "/run/secrets/analytics"))
os.environ["MOODLE_MLBACKEND_PYTHON_USERS"] = ":".join(
    (secrets / name).read_text().strip() for name in ("username", "password")
)

bind = "0.0.0.0:5000"
# One that trains, and one that answers meanwhile. Each has TensorFlow in memory.
workers = 2
# Seconds of the longest training; Moodle waits as long as its task may run.
timeout = 3600
# Not a disk: a worker that cannot tell that it lives is ended.
worker_tmp_dir = "/dev/shm"
