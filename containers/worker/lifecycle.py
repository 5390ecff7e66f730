"""The life of a session, without I/O: (state, observation, now) in, (state, effects) out.

stopped ─► starting ─► scan_qr ─► pairing ──────────► syncing ─► working ◄─► restricted
              │           │       passkey_required                │  ▲
              │           └─► failed (codes used up)              ▼  │
              └─ a restored login ─► syncing                    degraded ─► failed (remedies used up)

stopped, logged_out, banned, failed, asleep: at rest, no browser, only StartAsked leads out

transitions.py   the table of all statuses and signals, and the actions of linking and of commands
mending.py       the actions of trouble
remedies.py      what is tried, in which order
"""

from containers.worker.effects import Announce, Effect, WithdrawCode
from containers.worker.signals import Observation, signal_of
from containers.worker.states import State, Status
from containers.worker.transitions import TABLE


def step(state: State, observation: Observation, now: float) -> tuple[State, tuple[Effect, ...]]:
    """`now` in seconds of a clock that does not jump. Effects are to be done in their order; Announce comes last,
    and only when status or reason changed. Messages and the like change nothing."""
    signal = signal_of(observation)
    if signal is None:
        return state, ()
    after, effects = TABLE[state.status, signal](state, signal, observation, now)
    if state.status is Status.SCAN_QR and after.status is not Status.SCAN_QR:
        effects = (WithdrawCode(), *effects)
    if (after.status, after.reason) != (state.status, state.reason):
        effects = (*effects, Announce(after.status, after.reason))
    return after, effects
