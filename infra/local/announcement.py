"""What `waypost up` prints when everything is ready: addresses, the API key, and lines of curl to paste."""

from infra.local.addresses import Addresses
from infra.local.home import Home
from infra.local.people import FRIEND, OWNER


def announcement(home: Home, addresses: Addresses, api_key: str) -> str:
    lines = [
        "Waypost is up.",
        "",
        f"  API            {addresses.url}   {addresses.https_url}",
        f"  API key        {api_key}   (kept in {home.path / 'api-key'})",
        f"  Documentation  {addresses.url}/docs",
        f"  WebSocket      {addresses.websocket_url}",
        f"  Trust          {home.tls / 'ca.pem'}   (curl --cacert)",
        f"  Logs           {home.logs}",
        f"  Drop           {home.drop}/SESSION-ID/CHAT/   (a file put there is sent; see docs/drop.md)",
        f"  Rejected       {home.rejected}/   (what could not be sent from there, with the reason)",
    ]
    if addresses.simulator_url:
        lines.append(f"  Simulated phones  {addresses.simulator_url}/phone")
    else:
        lines.append(f"  WhatsApp       {addresses.whatsapp_url}")
    return "\n".join([*lines, "", *curl_lines(addresses, api_key), "", "Ctrl-C stops it; what it knows stays."])


def curl_lines(addresses: Addresses, api_key: str) -> list[str]:
    """Create a session, send a text, read events; with the simulator also the scan that links the phone."""
    url, key = addresses.url, f"-H 'x-api-key: {api_key}'"
    json = "-H 'content-type: application/json'"
    patient = "--fail --retry 60 --retry-delay 1 --retry-all-errors"
    create = f"""curl -sS {url}/v1/sessions {key} {json} -d '{{"name": "first", "start": true}}'"""
    create = f"S=$({create} | grep -o 'ses_[0-9A-Za-z]*' | head -n 1); echo $S"
    qr = f"curl -s {patient} {url}/v1/sessions/$S/qr {key} -H 'accept: application/json'"
    to = FRIEND.number if addresses.simulator_url else "YOUR-OTHER-NUMBER"
    text = f"""{json} -H "idempotency-key: hello-$S" -d '{{"to": "+{to}", "text": "Hello from Waypost"}}'"""
    send = f"curl -s {patient} {url}/v1/sessions/$S/messages {key} {text}"
    read = f'curl -sS "{url}/v1/events?session_id=$S&after=0" {key}'
    if addresses.simulator_url:
        scan = f"{qr} | curl -sS {addresses.simulator_url}/control/accounts/{OWNER.number}/scan {json} -d @-; echo"
        link = [f"# {OWNER.name}'s phone scans its QR code (or do it by hand on the page of the phones)", scan]
    else:
        link = ["# scan its QR code with your phone", f"{url}/v1/sessions/$S/qr shows it, with the key, as PNG or SVG"]
    return [
        "# create a session",
        create,
        *link,
        "# send a text; until the session is linked this waits",
        f"{send}; echo",
        "# read what happened",
        f"{read}; echo",
    ]
