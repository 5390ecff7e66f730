"""Why a file is refused: every code, in words for people, and how to mend it. Nothing of the file's content or name
gets into them; where a figure helps, it is one of the file's own measures."""

from waypost.errors import MediaRefused

_TYPES = (
    "Send one of: jpeg, png, gif, webp; mp4, 3gpp; mp3, m4a, amr, ogg; pdf, doc, docx, plain text, zip. "
    "What counts is the content, not the name."
)

_SMALLER = "Make it smaller first."

# code: (what is wrong, how to mend it). {} are filled with the facts that `refusal` is given.
REFUSALS: dict[str, tuple[str, str]] = {
    "media_empty": ("The file is empty.", "Upload it again: nothing arrived."),
    "media_source_too_large": (
        "The file has {size} bytes, and at most {limit} are taken in.",
        _SMALLER,
    ),
    "media_too_large": (
        "The file has {size} bytes, and at most {limit} can be sent; it is of a kind that cannot be made smaller.",
        "Make it smaller, or split it.",
    ),
    "media_type_unsupported": ("The file is {found}, which is not accepted.", _TYPES),
    "media_type_mismatch": (
        "The file is declared as one type, but its content is {found}.",
        "Declare the type that it is, or none: it is judged by its content.",
    ),
    "media_kind_unfit": ("A file of the type {found} cannot be sent as {kind}.", "Send it as one of: {kinds}."),
    "media_truncated": (
        "The file ends before its content does: {what}.",
        "Upload it again; the end of it got lost.",
    ),
    "media_damaged": (
        "The file cannot be read: {what}.",
        "Save it anew with a program that can open it, and try again.",
    ),
    "media_polyglot": (
        "The file is two things at once: {what}.",
        "Save it anew with a program of its type, so that it holds nothing else.",
    ),
    "media_pixel_bomb": (
        "The picture unpacks to {pixels} pixels, and at most {limit} are taken.",
        "Make the picture smaller first.",
    ),
    "media_zip_bomb": ("The archive is built to swell when it is unpacked: {what}.", "Pack the files anew."),
    "media_unsafe_names": (
        "The archive has names that would write outside of the folder it is unpacked into.",
        "Pack the files anew, with relative names.",
    ),
    "media_encrypted": (
        "The file is locked with a password, so its type cannot be told.",
        "Send it without the password, or packed in a zip.",
    ),
    "media_macros": (
        "The document carries macros, programs that may run when it is opened.",
        "Save it as docx, without macros, or as pdf.",
    ),
    "media_markup_bomb": (
        "The document's text is built to swell when it is read.",
        "Save it anew with a word processor.",
    ),
    "media_cannot_fit": (
        "{seconds} seconds do not fit into {limit} bytes at a quality worth sending.",
        "Cut it to {fitting} seconds or less.",
    ),
    "media_too_costly": (
        "The file takes more {what} to read than one file may.",
        "Make it smaller or simpler first.",
    ),
    "media_prepared_otherwise": (
        "The file was prepared to be sent as {prepared}, which cannot go as {kind}.",
        "Upload it again with `kind` {kind}, or send it as one of: {kinds}.",
    ),
    "media_caption_unfit": (
        "What is sent as {kind} carries no text.",
        "Send the text as a message of its own, or the file as one of: {kinds}.",
    ),
    "media_view_once_unfit": (
        "What is sent as {kind} cannot be shown once only.",
        "Leave `view_once` out, or send the file as one of: {kinds}.",
    ),
    "upload_never_came": (
        "The upload was begun, and not completed within {hours} hours.",
        "Upload it anew, send all parts, say that it is complete (POST /v1/media/{{id}}/complete), and send it anew.",
    ),
    "media_expired": ("The file is gone: files are kept for 30 days.", "Upload it again, and send it anew."),
    "media_unreadable": (
        "The stored file is not what was stored: it fails its integrity check.",
        "Upload it again, and send it anew.",
    ),
    "media_broke_reader": (
        "The program that reads such files broke down over this one.",
        "Save it anew with a program that can open it, and try again.",
    ),
    "url_refused": (
        "The URL leads to where nothing is fetched from.",
        "Give an https:// URL without user name and password, whose host is on the public internet, also after "
        "redirects.",
    ),
    "url_redirects": ("The URL redirects more than {limit} times.", "Give the URL that it leads to in the end."),
    "url_unreachable": (
        "The URL's server could not be reached, or broke off.",
        "Check that the URL can be opened from the internet, or upload the file.",
    ),
    "url_too_slow": (
        "The URL's server did not give the whole file in time.",
        "Put it on a faster server, or upload the file.",
    ),
    "url_too_large": ("The URL gives more than {limit} bytes, which is the most that is taken in.", _SMALLER),
    "url_status": (
        "The URL's server answered with the status {status}.",
        "Check that the URL is right, still valid, and can be opened without logging in.",
    ),
    "url_page": (
        "The URL gives a web page, not a file.",
        "Give the URL of the file itself: often it is the page of a login, or one that shows the file.",
    ),
    "url_compressed": (
        "The URL's server compresses the file although it was asked not to.",
        "Have it given as it is, or upload the file.",
    ),
}

# Where the mistake is, if it is not the file.
_FIELDS = {"media_caption_unfit": "text"}


def refusal(code: str, **facts: object) -> MediaRefused:
    """The error of this code, its words filled with `facts`."""
    words, mend = REFUSALS[code]
    field = _FIELDS.get(code, "media")
    return MediaRefused(words.format(**facts), field=field, mend=mend.format(**facts), code=code)
