"""People write STOP in their languages to a running house: each is understood, told so once, and left in peace."""

from tests.e2e.house import House, link, poll
from waypost.services.vocabulary import languages

BOT = "4915112340100"
# One word for each person; the confirmation is in the language of the word.
WORDS = {
    "en": "Unsubscribe!", "de": "Abmelden", "es": "¡BAJA!", "fr": "désabonner", "pt": "Descadastrar",
    "ru": "Отписаться", "tr": "DURDUR", "ar": "توقف", "he": "הסר", "hi": "बंद करो", "zh": "退订",
    "ja": "配信停止", "ko": "수신거부",
}  # fmt: skip


def test_stop_is_understood_in_thirteen_languages_and_start_brings_back(house: House) -> None:
    session = link(house, BOT)
    numbers = {language: f"49151123402{at:02d}" for at, language in enumerate(WORDS)}
    with house.api() as api, house.simulator() as simulator:
        for language, number in numbers.items():
            simulator.post("/control/accounts", json={"number": number, "name": language}).raise_for_status()
            said = {"to": BOT, "text": WORDS[language]}
            simulator.post(f"/control/accounts/{number}/messages", json=said).raise_for_status()

        def texts(number: str) -> list[str]:
            query = {"with": BOT}
            found = simulator.get(f"/control/accounts/{number}/messages", params=query).raise_for_status().json()
            return [one["text"] for one in found if not one["from_me"]]

        for language, number in numbers.items():
            told = poll(lambda number=number: texts(number), 20, f"{language} is told")  # type: ignore[misc]
            assert told == [languages()[language]["stopped"]]
        consents = api.get("/v1/consents", params={"limit": 100}).raise_for_status().json()["contacts"]
        out = {one["chat"]["pn"] for one in consents if one["opted_out_by"] == "keyword"}
        assert {f"{number}@c.us" for number in numbers.values()} <= out

        grace = numbers["de"]
        refused = api.post(f"/v1/sessions/{session}/messages", json={"to": grace, "text": "hello"})
        assert (refused.status_code, refused.json()["code"]) == (403, "opted_out")
        simulator.post(f"/control/accounts/{grace}/messages", json={"to": BOT, "text": "Anmelden"}).raise_for_status()
        poll(lambda: len(texts(grace)) == 2, 20, "the way back is confirmed")
        api.post(f"/v1/sessions/{session}/messages", json={"to": grace, "text": "hello"}).raise_for_status()
        poll(lambda: texts(grace)[-1] == "hello", 20, "the message arrives")
        assert [text[:3] for text in texts(grace)] == ["Sie", "Sie", "hel"]
