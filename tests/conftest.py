"""For all tests: no real service, Kaggle's above all, can be reached, and no clock decides."""

import os

from hypothesis import settings

# Set at import: in force before the first fixture of any scope, and inherited by every child.
# Port 9 (discard) answers nobody; only LOCALHOST keeps Kaggle's client off its real address.
_NOWHERE = "http://127.0.0.1:9"
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ[_name] = os.environ[_name.upper()] = _NOWHERE
for _name in [name for name in os.environ if name.startswith("KAGGLE_")]:
    del os.environ[_name]
os.environ["KAGGLE_API_ENVIRONMENT"] = "LOCALHOST"
os.environ.pop("no_proxy", None)
os.environ.pop("NO_PROXY", None)
# Albumentations asks a server for its newest version on import, unless told not to.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

# A slow machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
