"""Recording what people agree to and what they take back: how it stands and the step that led there, at once.

Each is safe to repeat: what changes nothing is not recorded a second time.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from waypost.domain.consent import (
    MAX_PURPOSES,
    Consent,
    Standing,
    with_consent,
    with_opt_out,
    with_return,
    with_withdrawal,
)
from waypost.entities.consent import Recorded, Step, get_standing, record_write, standing_write
from waypost.errors import ConditionFailed, Conflict, TransactionConflict
from waypost.ports import Table
from waypost.services.contention import TRIES, pause
from waypost.services.sealing import Seals

PROOF = "consent-proof"  # what a proof is sealed for


@dataclass(frozen=True, slots=True)
class Registry:
    """One tenant's records of one person. `by` is who records: an API key, or `keyword`."""

    contact: str
    tenant: str
    by: str
    now_ms: int
    table: Table
    seals: Seals

    def give(self, consent: Consent, *, proof: str | None = None) -> tuple[Standing, bool]:
        """Record a consent; False when it, or a newer one, is known already. Raises Conflict `too_many_purposes`."""
        step = self._step("given", consent.purpose, consent.means, consent.given_ms, proof, consent.until_ms)
        return self._change(lambda standing: with_consent(standing, consent), step)

    def withdraw(self, purpose: str, *, means: str, at_ms: int, proof: str | None = None) -> tuple[Standing, bool]:
        """Record that one purpose was withdrawn; False when it was before."""
        step = self._step("withdrawn", purpose, means, at_ms, proof)
        return self._change(lambda standing: with_withdrawal(standing, purpose, by=means, at_ms=at_ms), step)

    def opt_out(
        self, *, means: str, at_ms: int, token: str = "", confirmation: str = "", proof: str | None = None
    ) -> tuple[Standing, bool]:
        """Record that a person wants nothing any more; False when they said so before. `confirmation` is the message
        that is to tell them that it was understood, `token` what they said it with."""
        step = self._step("opted_out", "", means, at_ms, proof)
        return self._change(
            lambda standing: with_opt_out(standing, by=means, token=token, confirmation=confirmation, at_ms=at_ms), step
        )

    def come_back(
        self, consent: Consent, *, token: str = "", confirmation: str = "", proof: str | None = None
    ) -> tuple[Standing, bool]:
        """Record that a person who had opted out wants messages again; False when they had not."""
        step = self._step("returned", consent.purpose, consent.means, consent.given_ms, proof, consent.until_ms)
        return self._change(
            lambda standing: with_return(standing, consent, token=token, confirmation=confirmation), step
        )

    def _change(self, change: Callable[[Standing], Standing], step: Recorded) -> tuple[Standing, bool]:
        for attempt in range(TRIES):
            before = get_standing(self.table, self.contact)
            after = change(before)
            if after is before:
                return before, False
            if len(after.consents) > MAX_PURPOSES:
                raise Conflict(
                    f"At most {MAX_PURPOSES} purposes are kept for one person.",
                    field="purpose",
                    mend="Use fewer, broader purposes.",
                    code="too_many_purposes",
                )
            try:
                self.table.transact([standing_write(self.contact, self.tenant, before, after), record_write(step)])
            except (ConditionFailed, TransactionConflict):
                pause(attempt)
            else:
                return replace(after, version=before.version + 1), True
        raise TransactionConflict("Too many changes to this person's consents at once; try again.")

    def _step(self, step: Step, purpose: str, means: str, at_ms: int, proof: str | None, until_ms: int = 0) -> Recorded:
        record_id = os.urandom(8).hex()
        return Recorded(
            id=record_id,
            contact=self.contact,
            tenant=self.tenant,
            step=step,
            purpose=purpose,
            means=means,
            by=self.by,
            at_ms=at_ms,
            until_ms=until_ms,
            recorded_ms=self.now_ms,
            sealed=self.seals.seal_json(self.tenant, self.contact, f"{PROOF}#{record_id}", {"proof": proof}),
        )


def proof_of(recorded: Recorded, seals: Seals) -> str | None:
    found = seals.open_json(recorded.tenant, recorded.contact, f"{PROOF}#{recorded.id}", recorded.sealed)["proof"]
    return None if found is None else str(found)
