"""Logging in through a browser, and what it takes until a login is in a session."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from application.ports.login_states import LoginState
from application.sessions.connecting import Connecting, Filled
from application.sessions.sweep import Sweep
from application.sessions.waiting_logins import WaitingLogins
from domain.errors import (
    AccountDiffers,
    BrokerLoginFailed,
    BrokerUnavailable,
    InvalidArgument,
    LoginLinkRefused,
    SessionHasExpired,
)
from domain.events import BrokerAuthenticated, BrokerAuthenticationFailed, SessionEnded
from domain.session import Due
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    RAVI,
    SIX_IN_THE_MORNING,
    World,
    context,
)
from tests.fakes.browser_login import THERE, FakeBrowserLogin

APP, TOKEN = Secrets({"api_key": "kitekey"}), Secrets({"access_token": "pasted"})
OTHER_ACCOUNT = replace(ASHAS_KITE, account_id="ZZ9999", secrets=Secrets({"access_token": "other"}))
TEN_MINUTES = timedelta(minutes=10)


class Pages:
    """The use cases over fakes, and a browser that has taken a link."""

    def __init__(self, world: World, apps: Mapping[str, Secrets] | None = None) -> None:
        self.world = world
        self.broker = FakeBrowserLogin()
        world.kite.browser = self.broker
        self.states = world.login_states
        self.waiting = WaitingLogins(
            states=self.states, log_in=world.log_in, brokers=world.brokers, clock=world.clock
        )
        self.connecting = Connecting(
            states=self.states,
            waiting=self.waiting,
            log_in=world.log_in,
            brokers=world.brokers,
            writer=world.writer,
            clock=world.clock,
            ids=world.ids,
            apps=apps or {},  # type: ignore[arg-type]  # names of brokers
        )

    def taken(self, label: str = "default") -> LoginState:
        """A link of Asha's, taken by a browser."""
        link = self.connecting.link(context(), self.world.entered(label=label).session_id, "kite")
        assert link is not None
        opened = self.states.of_link(link, self.world.clock.now())
        assert opened is not None
        self.states.claim(opened.login_id, self.world.clock.now())
        return self.now(opened)

    def now(self, login: LoginState) -> LoginState:
        return self.states.rows[login.login_id].state

    def verified(self, label: str = "default") -> LoginState:
        """The same, and the broker has said yes."""
        login = self.taken(label)
        assert self.connecting.submit(login, Filled(method="form", values=TOKEN)) is None
        return self.now(login)

    def confirm(self, login: LoginState, *, relink: bool = False, label: str = "default"):
        code = self.states.code(login.login_id) or ""
        entered = self.world.entered(label=label)
        return self.waiting.confirm(context(), entered, "kite", code, relink=relink)


@pytest.fixture
def pages(world: World) -> Pages:
    return Pages(world)


def test_a_verified_login_is_in_no_session_before_its_code_has_come(pages: Pages, world: World):
    login = pages.verified()

    assert login.stage == "waiting"
    assert world.facts(FIRST) == ["SessionCreated"]
    assert world.vault.holds(FIRST) == []

    pages.confirm(login)

    assert world.facts(FIRST) == ["SessionCreated", "BrokerAuthenticated", "BrokerSelected"]
    assert world.vault.get(ASHA, FIRST, "kite", 1) == ("AB1234", ASHAS_KITE.secrets)
    assert pages.states.kept(login.login_id) is None


def test_a_browser_that_comes_back_brings_what_was_kept_and_what_it_was_given(pages, world):
    login = pages.taken()

    url = pages.connecting.submit(login, Filled(method="page", values=APP))
    pages.connecting.come_back(pages.now(login), {"request_token": "rt"})

    assert url == f"{THERE}?state={login.login_id}"
    assert dict(world.kite.logged_in_with[0]) == {"api_key": "kitekey", "request_token": "rt"}
    assert pages.now(login).stage == "waiting"


def test_an_answer_that_was_used_is_not_used_again(pages: Pages, world: World):
    login = pages.taken()
    pages.connecting.submit(login, Filled(method="page", values=APP))
    pages.connecting.come_back(login, {"request_token": "rt"})

    with pytest.raises(LoginLinkRefused):
        pages.connecting.come_back(login, {"request_token": "rt"})

    assert len(world.kite.logged_in_with) == 1
    assert pages.now(login).stage == "waiting"


def test_a_refusal_of_the_broker_is_on_record_and_can_be_tried_again(pages: Pages, world: World):
    login = pages.taken()
    world.kite.login = LoginRefused("TOKEN_REFUSED", "No.")

    with pytest.raises(BrokerLoginFailed):
        pages.connecting.submit(login, Filled(method="form", values=TOKEN))

    assert world.events(FIRST)[-1] == BrokerAuthenticationFailed(
        broker="kite", code="TOKEN_REFUSED"
    )
    assert world.recorded(FIRST)[-1].envelope.client_name == "browser"
    assert pages.now(login).stage == "claimed"


def test_five_refusals_end_it(pages: Pages, world: World):
    login = pages.taken()
    world.kite.login = LoginRefused("MISSING_ARGUMENT", "Something is missing.")

    for _ in range(4):
        with pytest.raises(InvalidArgument):
            pages.connecting.submit(login, Filled(method="form", values=TOKEN))
    with pytest.raises(LoginLinkRefused):
        pages.connecting.submit(login, Filled(method="form", values=TOKEN))

    assert pages.states.rows == {}


def test_a_broker_that_is_away_costs_no_try(pages: Pages, world: World):
    login = pages.taken()
    world.kite.login = BrokerDown("away")

    for _ in range(6):
        with pytest.raises(BrokerUnavailable):
            pages.connecting.submit(login, Filled(method="form", values=TOKEN))

    assert pages.now(login).stage == "claimed"


def test_a_person_who_does_not_agree_at_the_broker_may_try_again(pages: Pages, world: World):
    login = pages.taken()
    pages.connecting.submit(login, Filled(method="page", values=APP))

    with pytest.raises(BrokerLoginFailed):
        pages.connecting.come_back(login, {})

    assert world.events(FIRST)[-1] == BrokerAuthenticationFailed(broker="kite", code="NOT_AGREED")
    assert pages.now(login).stage == "claimed"


def test_a_session_that_ended_takes_no_form_and_no_answer(pages: Pages, world: World):
    login = pages.taken()
    pages.connecting.submit(login, Filled(method="page", values=APP))
    world.append(FIRST, SessionEnded(reason="operator"))

    with pytest.raises(SessionHasExpired):
        pages.connecting.come_back(login, {"request_token": "rt"})
    with pytest.raises(SessionHasExpired):
        pages.connecting.visit(login)

    assert world.kite.logged_in_with == []
    assert pages.states.rows == {}


def test_what_nobody_confirms_is_ended_at_the_broker_and_forgotten(pages: Pages, world: World):
    login = pages.verified()
    unused = pages.taken()
    world.clock.advance(TEN_MINUTES)

    with pytest.raises(LoginLinkRefused):
        pages.confirm(login)
    assert pages.waiting.clean() == 2
    assert pages.waiting.clean() == 0

    assert pages.states.rows == {}
    assert unused.login_id != login.login_id
    assert [access.account_id for access in world.kite.logged_out] == ["AB1234"]
    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_login_that_a_crash_left_half_taken_is_not_ended_at_the_broker(pages, world, monkeypatch):
    login = pages.verified()

    def crash(login_id: str) -> None:
        raise SystemExit

    monkeypatch.setattr(pages.states, "empty", crash)
    with pytest.raises(SystemExit):
        pages.confirm(login)
    world.clock.advance(TEN_MINUTES)

    assert pages.waiting.clean() == 1

    assert pages.states.rows == {}
    assert "kite" in world.state(FIRST).logins
    assert world.kite.logged_out == []


def test_the_end_of_a_session_destroys_what_its_logins_under_way_have_kept(pages, world):
    pages.verified()
    at_work = pages.verified(label="work")

    world.close.end(context(), FIRST, "operator")

    assert list(pages.states.rows) == [at_work.login_id]


def test_a_session_that_is_succeeded_leaves_no_login_under_way(pages: Pages, world: World):
    pages.verified()
    world.clock.advance(timedelta(days=8))

    world.entered()

    assert pages.states.rows == {}


def test_a_login_that_waits_is_abandoned_for_its_broker_and_session_only(pages, world):
    pages.taken()
    waits, at_work = pages.verified(), pages.verified(label="work")

    assert pages.waiting.abandon(ASHA, FIRST, "groww") == 0
    assert pages.waiting.abandon(ASHA, FIRST, "kite") == 1

    left = [row.state.stage for row in pages.states.rows.values()]
    assert left == ["claimed", "waiting"]
    assert waits.login_id not in pages.states.rows
    assert at_work.login_id in pages.states.rows
    assert [access.account_id for access in world.kite.logged_out] == ["AB1234"]


def test_a_login_that_is_taken_at_this_moment_is_not_abandoned(pages, world, monkeypatch):
    login = pages.verified()
    seen = pages.states.under_way(ASHA, FIRST)
    monkeypatch.setattr(pages.states, "under_way", lambda principal, session_id: seen)
    pages.confirm(login)

    assert pages.waiting.abandon(ASHA, FIRST, "kite") == 0

    assert world.kite.logged_out == []
    assert pages.now(login).stage == "finished"


def test_a_way_out_that_is_lost_keeps_no_login_from_being_thrown_away(pages, world):
    pages.verified()
    pages.verified(label="work")
    world.egresses.ways[ASHA, "kite"] = None
    world.clock.advance(TEN_MINUTES)

    assert pages.waiting.clean() == 2

    assert pages.states.rows == {}
    assert world.kite.logged_out == []


def test_a_login_that_the_brokers_clock_ended_while_its_code_was_awaited_is_not_taken(pages, world):
    world.clock.at = SIX_IN_THE_MORNING - timedelta(minutes=5)
    login = pages.verified()
    world.clock.at = SIX_IN_THE_MORNING

    with pytest.raises(LoginLinkRefused, match="has ended meanwhile"):
        pages.confirm(login)

    assert pages.states.rows == {}
    assert world.vault.holds(FIRST) == []
    assert "BrokerAuthenticated" not in world.facts(FIRST)


def test_a_code_counts_for_its_own_session_only(pages: Pages, world: World):
    login = pages.verified(label="work")

    with pytest.raises(LoginLinkRefused, match="waits for a code in this session"):
        pages.confirm(login)
    with pytest.raises(LoginLinkRefused):
        pages.waiting.confirm(
            context(RAVI), world.entered(RAVI), "kite", login.login_id.upper(), relink=False
        )

    pages.confirm(login, label="work")


def test_wrong_codes_are_counted_over_the_whole_login(pages: Pages, world: World):
    login = pages.verified()

    for left in ("4 more", "3 more", "2 more", "1 more", "log in again"):
        with pytest.raises(LoginLinkRefused, match=left):
            pages.waiting.confirm(context(), world.entered(), "kite", "WRONG", relink=False)

    assert pages.states.rows == {}
    assert [access.account_id for access in world.kite.logged_out] == ["AB1234"]
    with pytest.raises(LoginLinkRefused):
        pages.confirm(login)


# Another account


def test_another_account_than_before_is_refused_and_ended_at_the_broker(world: World):
    world.at_kite()
    world.kite.login = OTHER_ACCOUNT

    with pytest.raises(AccountDiffers) as refusal:
        world.log_in(context(), world.entered(), "kite", TOKEN)

    assert "relink=true" in str(refusal.value)
    assert "ZZ9999" not in str(refusal.value)
    assert world.vault.holds(FIRST) == [("kite", 1)]
    assert [access.secrets["access_token"] for access in world.kite.logged_out] == ["other"]
    assert world.facts(FIRST)[-1] == "BrokerSelected"


def test_another_account_is_taken_when_the_person_says_so_and_is_the_one_from_then_on(world: World):
    world.at_kite()
    world.kite.login = OTHER_ACCOUNT

    world.log_in(context(), world.entered(), "kite", TOKEN, relink=True)
    world.log_in(context(), world.entered(), "kite", TOKEN)
    world.kite.login = ASHAS_KITE
    with pytest.raises(AccountDiffers):
        world.log_in(context(), world.entered(), "kite", TOKEN)

    logins = [e for e in world.events(FIRST) if isinstance(e, BrokerAuthenticated)]
    assert [login.relinked for login in logins] == [False, True, False]


def test_to_say_so_with_the_same_account_changes_nothing(world: World):
    world.at_kite()

    world.log_in(context(), world.entered(), "kite", TOKEN, relink=True)

    login = world.events(FIRST)[-1]
    assert isinstance(login, BrokerAuthenticated)
    assert login.relinked is False


def test_the_account_is_that_of_the_newest_login_over_all_sessions(world: World):
    world.at_kite()
    world.clock.advance(timedelta(minutes=1))
    world.kite.login = OTHER_ACCOUNT
    at_work = world.entered(label="work")
    with pytest.raises(AccountDiffers):
        world.log_in(context(), at_work, "kite", TOKEN)
    world.log_in(context(), at_work, "kite", TOKEN, relink=True)
    world.clock.advance(timedelta(minutes=1))

    world.log_in(context(), world.entered(), "kite", TOKEN)

    world.kite.login = ASHAS_KITE
    with pytest.raises(AccountDiffers):
        world.log_in(context(), world.entered(), "kite", TOKEN)


def test_the_account_outlives_the_session_and_the_logout(world: World):
    world.at_kite()
    world.log_out(context(), world.entered(), ("kite",))
    world.close.end(context(), FIRST, "operator")
    world.kite.login = OTHER_ACCOUNT

    with pytest.raises(AccountDiffers):
        world.log_in(context(), world.entered(), "kite", TOKEN)


def test_everybody_has_an_account_of_their_own(world: World):
    world.at_kite()
    world.kite.login = OTHER_ACCOUNT

    world.log_in(context(RAVI), world.entered(RAVI), "kite", TOKEN)


def test_an_account_that_comes_in_between_counts_and_keeps_its_secret(world: World):
    entered = world.entered()

    def somebody_else_is_faster():
        world.kite.login = OTHER_ACCOUNT
        world.log_in(context(), world.entered(), "kite", TOKEN)

    world.store.on_next_append(somebody_else_is_faster)
    with pytest.raises(AccountDiffers):
        world.log_in(context(), entered, "kite", TOKEN)

    assert len(world.vault.holds(FIRST)) == 1
    version = world.state(FIRST).logins["kite"].credential_version
    assert world.vault.get(ASHA, FIRST, "kite", version) == ("ZZ9999", OTHER_ACCOUNT.secrets)


def test_the_page_asks_only_after_the_account_was_another(pages: Pages, world: World):
    world.at_kite()
    world.kite.login = OTHER_ACCOUNT
    login = pages.taken()
    said_so = Filled(method="form", values=TOKEN, relink=True)

    with pytest.raises(AccountDiffers):
        pages.connecting.submit(login, said_so)
    assert pages.now(login).differs is True
    pages.connecting.submit(pages.now(login), said_so)
    pages.confirm(login)

    fact = world.events(FIRST)[-1]
    assert isinstance(fact, BrokerAuthenticated)
    assert fact.relinked is True


def test_an_account_that_changed_while_the_code_was_awaited_is_asked_about_again(pages, world):
    login = pages.verified()
    world.kite.login = OTHER_ACCOUNT
    world.log_in(context(), world.entered(), "kite", TOKEN)

    with pytest.raises(AccountDiffers):
        pages.confirm(login)

    assert pages.states.rows == {}


# Apps


def test_an_app_is_remembered_only_when_the_person_says_so(pages: Pages, world: World):
    pages.connecting.submit(pages.taken(), Filled(method="page", values=APP))
    assert pages.connecting.visit(pages.taken()).app_is_remembered is False

    pages.connecting.submit(pages.taken(), Filled(method="page", values=APP, remember_app=True))

    visit = pages.connecting.visit(pages.taken())
    assert visit.app_is_remembered is True
    assert visit.methods[0].fields == ()
    assert [line.name for line in visit.methods[1].fields] == ["access_token"]
    pages.connecting.submit(pages.taken(), Filled(method="page", values=Secrets({})))
    assert dict(pages.broker.departed[-1][0]) == {"api_key": "kitekey"}


def test_an_app_of_the_servers_is_nobodys_to_forget(world: World):
    pages = Pages(world, {"kite": Secrets({"api_key": "ours"})})

    visit = pages.connecting.visit(pages.taken())
    pages.connecting.submit(
        pages.taken(), Filled(method="page", values=Secrets({}), remember_app=True)
    )

    assert (visit.app_is_remembered, visit.methods[0].fields) == (False, ())
    assert dict(pages.broker.departed[-1][0]) == {"api_key": "ours"}
    assert pages.states.remembered_app(ASHA, "kite") is None


# The broker's clock


def test_a_look_at_logins_alone_ends_no_session(world: World):
    class Everything:
        def due(self, now, idle_after):
            return [Due(ASHA, FIRST, None), Due(ASHA, FIRST, "kite")]

    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING + timedelta(days=30)
    sweep = Sweep(
        deadlines=Everything(),
        close=world.close,
        writer=world.writer,
        clock=world.clock,
        ids=world.ids,
    )

    assert sweep(only_logins=True).ended == 1
    assert world.facts(FIRST)[-1] == "BrokerAuthenticationExpired"
