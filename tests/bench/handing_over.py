"""From the request of a client to the page having the message: acceptance, queue, attempt on record, hand-over."""

import time

from tests.bench.figures import Figure, spread, tell
from tests.bench.notes import until
from tests.bench.stage import friend, stage
from waypost.domain.ids import whatsapp_hex

COUNT = 150
PAUSE_SECONDS = 0.1


def measure() -> list[Figure]:
    with stage(1) as waypost:
        sender = waypost.client()
        for number in range(COUNT // 3):
            sender.send(friend(number), "hello")
        time.sleep(3)
        sent = []
        for number in range(COUNT):
            sent.append(sender.send(friend(number), f"text {number}"))
            time.sleep(PAUSE_SECONDS)
        seen = waypost.notes.sent_in_page
        until(lambda: all(whatsapp_hex(one) in seen for one, _, _ in sent), 20, "the page has all of them")
        from_request = [seen[whatsapp_hex(one)] - began for one, began, _ in sent]
        from_accepted = [seen[whatsapp_hex(one)] - ended for one, _, ended in sent]
    return [
        *spread("accepted → handed to the page", from_accepted, p50=15),
        *spread("request → handed to the page", from_request),
    ]


if __name__ == "__main__":
    tell(measure())
