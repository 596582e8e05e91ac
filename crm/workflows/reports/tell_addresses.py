"""Addresses are put on a mail provider's list: one that it will not take holds up no other."""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from crm.delivery.account_ports import NoAnswer, SuppressionLists
from crm.queries.keeping.refused import Refused

log = logging.getLogger(__name__)

AT_ONCE: Final = 500  # addresses in one request

SURE: Final = 20
"""So many addresses refused one by one, and none taken in the whole run: it is not the addresses."""


class Telling:
    """One run. What is told twice is told once, so a piece that was cut off is told again whole."""

    def __init__(self, account: SuppressionLists) -> None:
        self._account = account
        self.told = 0
        self.set_aside: dict[int, str] = {}
        """Prospects whose address the provider would not take, and its reason in a word of ours. Not told."""

    def tell(self, people: Iterable[Refused]) -> NoAnswer | None:
        """Tell these; why it has to wait, when the provider cannot be told anything now.

        A request that is refused for what stands in it is halved until those are found who spoil it. The big
        pieces come first and the last ones before the first: what can be told is told early, and tells that
        the provider does take something.
        """
        everybody = list({one.address: one for one in people}.values())
        pieces = deque(everybody[start : start + AT_ONCE] for start in range(0, len(everybody), AT_ONCE))
        refused: dict[int, str] = {}
        while pieces:
            some = pieces.popleft()
            answer = self._account.add([one.address for one in some])
            if answer is None:
                self.told += len(some)
            elif not answer.for_content:
                return answer
            elif len(some) > 1:
                pieces.extend(_halves(some))
            else:
                refused[some[0].prospect_id] = answer.reason
                if len(refused) >= SURE and not self.told:
                    return answer
        for prospect_id, reason in refused.items():
            log.warning(
                "the provider does not take this refusal", extra={"prospect": prospect_id, "reason": reason}
            )
        self.set_aside |= refused
        return None


def _halves(some: Sequence[Refused]) -> tuple[list[Refused], list[Refused]]:
    middle = len(some) // 2
    return list(some[middle:]), list(some[:middle])
