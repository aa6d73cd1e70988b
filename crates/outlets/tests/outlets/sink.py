"""A mail server for tests. Its first line is its port; then each message that it takes is a line of JSON."""

import argparse
import asyncio
import email
import email.policy
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 nobody of this name"
        if address.startswith("full@"):
            return "452 4.2.2 the mailbox is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "headers": [[name, str(value)] for name, value in message.items()],
                    "body": message.get_content(),
                    "cipher": server.transport.get_extra_info("cipher") is not None,
                    "user": session.auth_data.login.decode() if session.auth_data else None,
                }
            ),
            flush=True,
        )
        return "250 taken as 4711"


def authenticator(password):
    def judge(server, session, envelope, mechanism, data):
        good = data.login == b"ward" and data.password == password.encode()
        return AuthResult(success=good, handled=False, auth_data=data)

    return judge


async def serve(given):
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
    starttls = given.security == "starttls"

    def session():
        return SMTP(
            Sink(),
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticator(given.password) if given.password else None,
            auth_required=bool(given.password),
            auth_require_tls=starttls,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        session, "127.0.0.1", 0, ssl=context if given.security == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


parser = argparse.ArgumentParser()
parser.add_argument("security", choices=["starttls", "tls", "none"])
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--password")
asyncio.run(serve(parser.parse_args()))
