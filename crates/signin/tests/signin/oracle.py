"""A second opinion on passkeys: Debian's python3-fido2 reads one registration and one log-on from standard input."""

import json
import sys
from base64 import urlsafe_b64decode

from fido2.server import Fido2Server
from fido2.ctap2 import AttestationObject, AuthenticatorData
from fido2.client import ClientData
from fido2.webauthn import PublicKeyCredentialRpEntity, UserVerificationRequirement


def plain(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


asked = json.load(sys.stdin)
server = Fido2Server(
    PublicKeyCredentialRpEntity(asked["rp"], "Ward"), verify_origin=lambda origin: origin == asked["origin"]
)


def state(challenge):
    return {"challenge": challenge, "user_verification": UserVerificationRequirement.REQUIRED}


made = asked["registration"]["response"]
data = server.register_complete(
    state(asked["create"]),
    ClientData(plain(made["clientDataJSON"])),
    AttestationObject(plain(made["attestationObject"])),
)
assert data.credential_data.credential_id == plain(asked["registration"]["rawId"])
print("registered")

given = asked["log_on"]["response"]


def log_on(signature):
    server.authenticate_complete(
        state(asked["get"]),
        [data.credential_data],
        plain(asked["log_on"]["rawId"]),
        ClientData(plain(given["clientDataJSON"])),
        AuthenticatorData(plain(given["authenticatorData"])),
        signature,
    )


log_on(plain(given["signature"]))
print("logged on")
changed = bytearray(plain(given["signature"]))
changed[-1] ^= 1
try:
    log_on(bytes(changed))
except Exception:
    print("refused")
