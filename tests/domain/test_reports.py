"""What a refusal says of the address: replies as the large providers and servers word them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.reports import Evidence, enhanced_status, evidence_of

Replies = list[tuple[int | None, str]]

DEAD: Replies = [
    # Gmail
    (
        550,
        (
            "5.1.1 The email account that you tried to reach does not exist. Please try\n"
            "5.1.1 double-checking the recipient's email address for typos or\n"
            "5.1.1 unnecessary spaces. For more information, go to\n"
            "5.1.1  https://support.google.com/mail/?p=NoSuchUser d2e1a72-7si21 - gsmtp"
        ),
    ),
    # Outlook, Exchange
    (550, "5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [AM7EUR03FT]"),
    (
        550,
        (
            "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anna@example.org not found by SMTP"
            " address lookup"
        ),
    ),
    (550, "5.1.1 RESOLVER.ADR.ExRecipNotFound; not found"),
    (550, "5.4.1 Recipient address rejected: Access denied. AS(201806281) [VI1EUR04FT048]"),
    (550, "5.4.310 DNS domain example.invalid does not exist [Message=InfoDomainNonexistent]"),
    (550, "5.0.350 Remote server returned an error -> 550 User unknown"),
    # Yahoo, AOL
    (554, "delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0] - mta4"),
    (554, "delivery error: dd Not a valid recipient - atlas-production.v2-mail-prod1-gq1"),
    (552, "1 Requested mail action aborted, mailbox not found"),
    # iCloud, GMX, mail.ru, Comcast
    (550, "5.1.1 <anna@icloud.com>: user does not exist"),
    (
        550,
        "Requested action not taken: mailbox unavailable\nFor explanation visit postmaster.gmx.net",
    ),
    (550, "Message was not accepted -- invalid mailbox.  Local mailbox a@mail.ru is unavailable"),
    (550, "5.1.1 Not our Customer"),
    # Postfix
    (
        550,
        "5.1.1 <anna@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    (550, "<anna@example.org>: Recipient address rejected: User unknown in relay recipient table"),
    (
        None,
        (
            "5.4.4 Host or domain name not found. Name service error for name=example.invalid type=AAAA:"
            " Host not found"
        ),
    ),
    (556, "5.1.10 Domain example.org does not accept mail (nullMX)"),
    (556, "Nobody here reads mail"),
    # Sendmail
    (550, "5.1.1 <anna@example.org>... User unknown"),
    (553, "5.3.0 <anna@example.org>... No such user here"),
    (550, "5.1.2 <anna@example.invalid>... Host unknown (Name server: example.invalid: not found)"),
    # Exim, cPanel
    (550, "Unrouteable address"),
    (550, '"Unknown User"'),
    (550, "No Such User Here"),
    (550, "Verification failed for <anna@example.org>\nNo such person at this address"),
    # qmail
    (550, "sorry, no mailbox here by that name. (#5.1.1)"),
    (511, "sorry, no mailbox here by that name (#5.1.1 - chkuser)"),
    (None, "Sorry, I couldn't find any host named example.invalid. (#5.1.2)"),
    (None, "Sorry, I couldn't find any host named example.invalid."),
    # others, without a status
    (550, "user unknown"),
    (550, "unknown local-part"),
    (550, "The recipient is invalid"),
    (550, "anna@example.org: mailbox does not exist"),
    (550, "The account anna no longer exists"),
    (550, "5.1.6 mailbox has moved, no forwarding address"),
    (550, "5.1.1 user unknown, see our policy"),
    (553, "5.1.3 malformed address"),
]

MAILBOX: Replies = [
    (552, "5.2.2 The email account that you tried to reach is over quota. p=OverQuotaPerm - gsmtp"),
    (452, "4.2.2 The email account that you tried to reach is over quota - gsmtp"),
    (550, "5.2.1 The email account that you tried to reach is disabled. p=DisabledUser - gsmtp"),
    (550, "5.2.1 The user you are trying to contact is receiving mail too quickly - gsmtp"),
    (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that - gsmtp"),
    (
        554,
        "30 Sorry, your message to a@aol.com cannot be delivered. This mailbox is disabled (554.30)",
    ),
    (554, "5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"),
    (552, "5.2.2 <anna@icloud.com>: user is over quota"),
    (550, "5.2.1 Mailbox disabled, not accepting messages; user unknown"),
    (550, "Mailbox is full"),
    (552, "Requested mail action aborted: exceeded storage allocation, mailbox full"),
    (550, "Account anna@example.org is suspended, no such user may write"),
    (None, "4.4.7 Message expired"),
    (None, "5.4.7 Delivery time expired"),
    (452, "mailbox full"),
]

OURS: Replies = [
    # Gmail
    (550, "5.7.26 This mail has been blocked because the sender is unauthenticated - gsmtp"),
    (550, "5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail"),
    (
        421,
        "4.7.28 Our system has detected an unusual rate of unsolicited mail from your IP address",
    ),
    (550, "5.7.25 The IP address sending this message does not have a PTR record - gsmtp"),
    # Outlook, Exchange
    (550, "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3150) [AM6EUR05FT]"),
    (550, "SC-001 Unfortunately, messages from 192.0.2.1 weren't sent; part of a block list"),
    (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]"),
    (550, "5.7.515 Access denied, sending domain example.org doesn't meet the required level"),
    (550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"),
    (451, "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited"),
    (552, "5.3.4 Message size exceeds fixed maximum message size"),
    (550, "5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient"),
    (554, "5.1.90 Your message can't be sent because you've reached your daily limit"),
    # Yahoo
    (554, "5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com"),
    (553, "5.7.1 [BL21] Connections will not be accepted from 192.0.2.1"),
    (421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints"),
    # iCloud, GMX, Spamhaus
    (554, "5.7.1 [HM08] Message rejected due to local policy"),
    (554, "Transaction failed\nReject due to policy restrictions."),
    (
        550,
        "Requested action not taken: mailbox unavailable\ninvalid DNS MX or A/AAAA resource record",
    ),
    (554, "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    # Postfix
    (554, "5.7.1 <anna@example.org>: Relay access denied"),
    (550, "5.1.8 <b@example.invalid>: Sender address rejected: Domain not found"),
    (550, "5.1.0 <b@example.org>: Sender address rejected: User unknown in local recipient table"),
    (504, "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
    (450, "4.7.1 <anna@example.org>: Recipient address rejected: Greylisted"),
    (451, "Greylisted, please try again in 300 seconds"),
    (530, "5.7.0 Must issue a STARTTLS command first"),
    # Exim
    (550, "Sender verify failed\nThe mail server could not deliver mail to b@example.org."),
    (550, "relay not permitted"),
    (550, "Administrative prohibition"),
    (550, "Callback setup failed while verifying <b@example.org>\nUnknown user"),
    # qmail
    (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (554, "message rejected as spam, no such user (#5.0.0)"),
    # sequence, syntax
    (503, "bad sequence of commands"),
    (501, "5.5.4 bad argument"),
    (554, "5.6.0 lone line feed"),
    (550, "5.7.1 No such user"),
]

ROUTE: Replies = [
    (451, "4.3.0 Temporary system problem"),
    (452, "4.3.1 Insufficient system storage"),
    (451, "4.4.0 Temporary server error. Please try again later. PRX4"),
    (None, "4.4.1 connect to mx.example.org[192.0.2.2]:25: Connection timed out"),
    (None, "5.4.0 loops back to myself"),
    (554, "5.4.14 Hop count exceeded - possible mail loop ATTR34"),
    (550, "5.4.1 no answer from host"),
    (None, "5.4.4 unable to route: Malformed or unexpected name server reply"),
    (554, "5.3.2 STOREDRV.Deliver; Missing or bad mailbox database properties"),
    (550, "5.3.0 rejected"),
]

OTHER: Replies = [
    (250, "2.1.5 Ok"),
    (None, ""),
    (550, ""),
    (550, "no"),
    (554, "Transaction failed"),
    (550, "5.0.0 something went wrong"),
    (550, "<anna@example.org>: Recipient address rejected: Access denied"),
    (450, "4.1.1 <anna@example.org>: Recipient address rejected: unverified address"),
    (450, "user unknown"),
    (451, "4.1.2 no such domain"),
    (550, "5.1.1 message blocked by spam filter"),
    (551, "user not local; please try <anna@example.net>"),
    (999, "5.1.1 user unknown"),
    (354, "go ahead"),
]

CASES = [
    (code, text, evidence)
    for evidence, cases in {
        Evidence.ADDRESS_DEAD: DEAD,
        Evidence.MAILBOX: MAILBOX,
        Evidence.OURS: OURS,
        Evidence.ROUTE: ROUTE,
        Evidence.OTHER: OTHER,
    }.items()
    for code, text in cases
]


@pytest.mark.parametrize(("code", "text", "evidence"), CASES)
def test_a_reply_is_evidence_for_what_it_says(
    code: int | None, text: str, evidence: Evidence
) -> None:
    assert evidence_of(code, text=text) is evidence


@pytest.mark.parametrize("status", ["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_a_status_of_the_address_is_enough(status: str) -> None:
    assert evidence_of(550, status) is Evidence.ADDRESS_DEAD


def test_a_given_status_goes_before_the_one_in_the_text() -> None:
    assert evidence_of(550, "5.1.1", "5.7.1 no") is Evidence.ADDRESS_DEAD


@given(st.integers(max_value=499), st.text(), st.text())
def test_only_what_is_permanent_may_be_dead(code: int, status: str, text: str) -> None:
    assert code == 0 or evidence_of(code, status, text) is not Evidence.ADDRESS_DEAD


@given(st.sampled_from([5, 6, 7]), st.integers(0, 999), st.sampled_from(DEAD))
def test_policy_content_and_protocol_never_count_against_the_signer(
    subject: int, detail: int, worded: tuple[int | None, str]
) -> None:
    status = f"5.{subject}.{detail}"
    assert status == "5.5.0" or evidence_of(550, status, worded[1]) is Evidence.OURS


@given(st.sampled_from(DEAD), st.integers(0, 999))
def test_a_mailbox_in_trouble_is_never_dead(worded: tuple[int | None, str], detail: int) -> None:
    found = evidence_of(550, f"5.2.{detail or 2}", worded[1])
    assert found in {Evidence.MAILBOX, Evidence.OURS}


@given(st.none() | st.integers(), st.text(), st.text())
def test_every_reply_is_evidence_of_something(code: int | None, status: str, text: str) -> None:
    assert evidence_of(code, status, text) in Evidence


@pytest.mark.parametrize("hostile", ["a" * 10**6, "user " * 10**6, "mailbox\n5.1.1 " * 10**5])
def test_a_long_reply_costs_no_more_than_a_short_one(hostile: str) -> None:
    assert evidence_of(550, text=hostile) in Evidence


def test_the_enhanced_status_leads_a_reply() -> None:
    assert enhanced_status("5.1.1 user unknown") == "5.1.1"
