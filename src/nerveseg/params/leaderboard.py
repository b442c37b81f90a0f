"""Section `leaderboard` of params.yaml."""

from pydantic import Field

from nerveseg.params.section import Section


class LeaderboardParams(Section):
    """What to submit when the leaderboard is run by name.

    Attributes:
        networks: networks whose submissions/NETWORK.csv goes to Kaggle; none submits nothing.
        wait: seconds to wait for the scores; what is pending then is picked up by the next run.
    """

    networks: list[str]
    wait: int = Field(ge=0)
