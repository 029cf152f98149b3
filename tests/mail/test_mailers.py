"""Mailers against a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kb.domain.errors import Unavailable
from kb.mail.log import LogMailer
from kb.mail.port import Mail, MailRefused
from kb.mail.smtp import SmtpMailer
from tests.mail.server import Postbox, authenticate, make_certificate, running

MAIL = Mail(
    "1", "mina@example.org", "인사 and\r\nBcc: evil@example.org", "Hello.\n안녕하세요.\n", "<p>Hello. 안녕하세요.</p>"
)
HOST = "kb.example.org"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def port(postbox: Postbox) -> Iterator[int]:
    with running(postbox) as number:
        yield number


def test_a_mail_arrives_whole_in_both_forms(postbox: Postbox, port: int) -> None:
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", HOST)
    assert mailer.sends
    assert mailer.check() == f"smtp, 127.0.0.1 port {port}, from noreply@{HOST}"
    mailer.send(MAIL)
    [mail] = postbox.mails
    assert postbox.receivers == ["mina@example.org"]
    assert mail["Subject"] == "인사 and Bcc: evil@example.org"  # one line, no header of its own
    assert mail["Bcc"] is None
    assert mail["From"].addresses[0].addr_spec == f"noreply@{HOST}"
    assert mail["Message-ID"] == f"<1@{HOST}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    assert text.get_content().splitlines() == MAIL.text.splitlines()
    assert html.get_content().strip() == MAIL.html


def test_password_and_mail_go_encrypted(postbox: Postbox, tmp_path: Path) -> None:
    ours, theirs = make_certificate(tmp_path)
    with running(
        postbox, tls_context=ours, require_starttls=True, authenticator=authenticate, auth_required=True
    ) as port:
        url = f"smtp://kb%40city.example:p%40ss%2Fword@127.0.0.1:{port}"
        SmtpMailer(url, HOST, theirs).send(MAIL)
        SmtpMailer(f"{url}?from=library@city.example", HOST, theirs).send(MAIL)
        with pytest.raises(Unavailable, match="535") as wrong:
            SmtpMailer(url.replace("word", "wort"), HOST, theirs).send(MAIL)
        with pytest.raises(Unavailable):  # whose certificate nobody vouches for
            SmtpMailer(url, HOST).send(MAIL)
    assert "wort" not in str(wrong.value)
    assert postbox.encrypted == [True, True]
    senders = [mail["From"].addresses[0].addr_spec for mail in postbox.mails]
    assert senders == ["kb@city.example", "library@city.example"]


def test_a_password_is_not_given_to_a_server_that_does_not_encrypt(port: int, postbox: Postbox) -> None:
    with pytest.raises(Unavailable, match="does not encrypt"):
        SmtpMailer(f"smtp://a:b@127.0.0.1:{port}", HOST).send(MAIL)
    assert postbox.mails == []


@pytest.mark.parametrize(
    ("answer", "error"), [("550 unknown", MailRefused), ("451 later", Unavailable)], ids=["for good", "for now"]
)
def test_refused_is_told_from_not_now(postbox: Postbox, port: int, answer: str, error: type[Exception]) -> None:
    postbox.refused[MAIL.to] = answer
    with pytest.raises(error):
        SmtpMailer(f"smtp://127.0.0.1:{port}", HOST).send(MAIL)
    assert postbox.mails == []


def test_an_address_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(MailRefused):
        SmtpMailer(f"smtp://127.0.0.1:{port}", HOST).send(Mail("1", "a@b@c", "s", "t", "h"))


@pytest.mark.parametrize("scheme_port", ["", ":465"])
def test_a_server_out_of_reach_is_not_now(scheme_port: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    target = f"127.0.0.1{scheme_port or f':{free}'}"
    with pytest.raises(Unavailable, match="can't take mail now"):
        SmtpMailer(f"smtp://{target}", HOST, timeout=5).send(MAIL)


def test_the_log_has_neither_text_nor_link() -> None:
    mailer = LogMailer()
    with capture_logs() as lines:
        mailer.send(Mail("1", "mina@example.org", "Hello", "https://kb/invitation/secret", "<p>secret</p>"))
    assert not mailer.sends
    assert "not sent" in mailer.check()
    assert [line["to"] for line in lines] == ["mina@example.org"]
    assert "secret" not in str(lines)
