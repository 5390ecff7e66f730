"""What a session's owner does on its page when it is asked to: one function a command, by the command's name.

An errand gets its arguments as the API left them and returns what the API is to answer. It is repeatable when doing it
twice is doing it once; one that is not ends as `uncertain` when its owner died on the way. Its failure is the code of
the WaypostError that it raises.

    errands_chats.py     mark_read, typing
    errands_contacts.py  check_exists, save_contact
    errands_messages.py  edit_message, revoke_message, react_to_message
    errands_groups.py    create_group, list_groups, get_group, change_participants
    errands_linking.py   pairing_code
"""

from containers.worker.errands_chats import mark_read, typing
from containers.worker.errands_contacts import check_exists, save_contact
from containers.worker.errands_desk import Errand
from containers.worker.errands_groups import change_participants, create_group, get_group, list_groups
from containers.worker.errands_linking import pairing_code
from containers.worker.errands_messages import edit_message, react_to_message, revoke_message

_ALL: tuple[Errand, ...] = (
    mark_read, typing, check_exists, save_contact, edit_message, revoke_message, react_to_message,
    create_group, list_groups, get_group, change_participants, pairing_code,
)  # fmt: skip
ERRANDS: dict[str, Errand] = {errand.__name__: errand for errand in _ALL}
REPEATABLE = frozenset(ERRANDS) - {"create_group"}
BEFORE_LOGIN = frozenset({"pairing_code"})
