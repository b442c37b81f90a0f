"""For all tests: no access to real services such as Kaggle, and no dependence on time or chance."""

import os

from hypothesis import settings

# Set at import, before the first fixture of any scope, and inherited by every child process.
# Nothing answers on port 9 (discard). LOCALHOST keeps Kaggle's client from its real address.
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

# A slow machine must not fail a test, and the same code must give the same result.
# The option --hypothesis-profile=explore searches for more examples.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("repeatable")
