"""The client of the wire, against processes that speak it well, badly or not at all."""

import sys
import textwrap
from pathlib import Path

import pytest

from partner_api import calls
from partner_api.calls import Faulted, Return
from partner_api.hresult import (
    E_UNEXPECTED,
    RPC_E_CLIENT_CANTMARSHAL_DATA,
    RPC_E_INVALID_DATAPACKET,
    RPC_E_SERVER_DIED,
    RPC_E_SERVER_DIED_DNE,
    RPC_E_TIMEOUT,
    S_OK,
)
from partner_api.service_info import CONTRACT_VERSION
from partner_api.surrogate.wire import MAX_MESSAGE_BYTES, WIRE_VERSION
from player_host.errors import PartnerIncompatible, PartnerUnavailable, SettingsError
from player_host.plugins.instance import Making
from player_host.plugins.output import Scrubber
from player_host.plugins.port import InstancePort
from player_host.plugins.surrogate import start_surrogate
from player_host.settings import HostSettings, PartnerSettings
from player_host.units import Seconds

pytestmark = pytest.mark.anyio
LONG = Seconds(60.0)
SHORT = Seconds(0.3)
COMPLETE = calls.DownloadTrackComplete(S_OK, 7, None)

WIRE = """
    import json, os, socket, sys, time
    wire = socket.socket(fileno=int(sys.argv[1])).makefile("rwb")
    def say(**message):
        wire.write(json.dumps(message).encode() + b"\\n")
        wire.flush()
    answers = socket.socket(fileno=int(sys.argv[2])).makefile("rb")
    def hear(source=wire):
        line = source.readline()
        return json.loads(line) if line else sys.exit()
    def hello(wire_version={wire}, contract={contract}):
        say(hello=dict(wire=wire_version, contract=contract, software="a test"))
    def loaded():
        hello()
        hear()
        say(loaded=dict(reference="shop:Shop", service_info=dict(key="Shop", friendly_name="Shop",
            capabilities=0x40, threading_model="Apartment", contract_version={contract})))
    def created():
        loaded()
        hear()
        say(created=dict(secrets=[]))
"""


class Session:
    """What a plug-in's calls reach."""

    def __init__(self):
        self.received = []

    def receive(self, call):
        self.received.append(call)
        return Return(S_OK)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def start(tmp_path):
    """Start a surrogate that does what a script says."""
    started = []

    async def start(script: str, **host):
        program = tmp_path / "surrogate.py"
        words = WIRE.format(wire=WIRE_VERSION, contract=CONTRACT_VERSION)
        program.write_text(textwrap.dedent(words) + textwrap.dedent(script))
        host = {"load_deadline": LONG, "surrogate": (sys.executable, str(program))} | host
        settings = PartnerSettings("shop", Path("partners.toml"), HostSettings(**host))
        surrogate = await start_surrogate("shop", settings, reference=None)
        started.append(surrogate)
        return surrogate

    yield start
    for surrogate in started:
        await surrogate.close()


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def make(tmp_path, session):
    """Let a surrogate make its plug-in."""

    async def make(surrogate, table=None, losses=None, deadline=LONG):
        scrubber = Scrubber()
        port = InstancePort(
            "shop", session, scrubber, on_flood=lambda: None, note_rejection=lambda *_: None
        )
        lost = (losses if losses is not None else []).append
        making = Making(table or {}, "partners.toml: [shop]", tmp_path, port, scrubber, 30, lost)
        await surrogate.create(making, deadline)

    return make


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (f"{WIRE_VERSION + 1}, {CONTRACT_VERSION}", "of the wire.*the player is older"),
        (f"{WIRE_VERSION - 1}, {CONTRACT_VERSION}", "of the wire.*the surrogate is older"),
        (f"{WIRE_VERSION}, {CONTRACT_VERSION + 1}", "of the contract.*the player is older"),
        (f"{WIRE_VERSION}, {CONTRACT_VERSION - 1}", "of the contract.*the surrogate is older"),
    ],
)
async def test_a_surrogate_of_another_version_is_told_and_which_side_is_older(
    start, versions, words
):
    with pytest.raises(PartnerIncompatible, match=words):
        await start(f"hello({versions}); hear()")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.exit(7)", "ended with exit status 7"),
        ("print('no licence server', file=sys.stderr); sys.exit(7)", "no licence server"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("wire.write(b'hello\\n'); wire.flush(); hear()", "sent a line that is no message"),
        ("say(loaded={}); hear()", "no Loaded"),
        ("say(hello={'wire': '1'}); hear()", "no Hello"),
        ("say(nonsense=1); hear()", "unknown kind"),
        ("say(hello=1, load=2); hear()", "no message"),
        ("hello(); hello(); hear(); hear()", "out of turn"),
        ("hello(); hear(); hello(); hear()", "out of turn"),
        ("hello(); hear(); say(loaded=dict(reference='', service_info={})); hear()", "ServiceInfo"),
        ("hello(); sys.exit(0)", "ended with exit status 0"),
    ],
)
async def test_a_process_that_does_not_get_as_far_as_loading_is_unavailable(start, script, words):
    with pytest.raises(PartnerUnavailable, match=words) as caught:
        await start(script)
    assert caught.value.where == "partner shop"


@pytest.mark.parametrize("script", ["time.sleep(600)", "hello(); time.sleep(600)"])
async def test_a_process_that_says_nothing_is_ended_at_the_deadline(start, script):
    with pytest.raises(PartnerUnavailable, match=r"within 0.3 s"):
        await start(script, load_deadline=SHORT)


async def test_problems_of_the_settings_come_back_as_data(start, make):
    surrogate = await start(
        "loaded(); hear(); say(failed=dict(stage='settings', problems=['a: wrong', 'b: missing']))"
    )
    with pytest.raises(SettingsError, match=r"partners.toml: \[shop\]: a: wrong; b: missing"):
        await make(surrogate)


async def test_settings_that_no_message_can_hold_are_settings_that_are_wrong(start, make):
    surrogate = await start("loaded(); hear()")
    with pytest.raises(SettingsError, match="cannot be sent"):
        await make(surrogate, {"store_url": "x" * MAX_MESSAGE_BYTES})


async def test_a_call_and_its_return(start, make):
    surrogate = await start(
        """
        created()
        call = hear()["call"]
        say(**{"return": dict(id=call["id"], name="Return", values=dict(hr="0x00000001"))})
        hear()
        """
    )
    await make(surrogate)
    assert (await surrogate.call(COMPLETE, LONG)).hr == 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("InfoReturned", '{"hr": "0x00000000", "data": {"type": "EMPTY", "value": None}}'),
        ("Faulted", '{"hr": "0x80010007", "reason": "it says that it is dead"}'),
    ],
)
async def test_an_end_that_the_call_cannot_have_is_a_fault_of_the_plug_in(
    start, make, name, values
):
    surrogate = await start(
        f"""
        created()
        call = hear()["call"]
        say(**{{"return": dict(id=call["id"], name="{name}", values={values})}})
        hear()
        """
    )
    await make(surrogate)
    returned = await surrogate.call(COMPLETE, LONG)
    assert isinstance(returned, Faulted)
    assert returned.hr == E_UNEXPECTED
    assert surrogate.loss is None


VANDALISM = {
    "no message": 'wire.write(b"\\xff\\x00\\n"); wire.flush()',
    "a call of the player's": 'say(call=dict(id=1, name="Logout", arguments={}))',
    "an unknown call": 'say(call=dict(id=1, name="Explode", arguments={}))',
    "a call without a number": 'say(call=dict(id=[], name="GetCatalogVersion", arguments={}))',
    "a return without a number": 'say(**{"return": dict(id={}, name="Return", values={})})',
    "a body that is none": "say(call=None)",
    "loaded again": "say(loaded=dict(reference='x', service_info={}))",
    "a line that is too long": (
        f'wire.write(b"x" * ({MAX_MESSAGE_BYTES} + 1) + b"\\n"); wire.flush()'
    ),
    "returns that nobody waits for": (
        'for _ in range(10_000): say(**{"return": dict(id=99, name="Return",'
        ' values=dict(hr="0x00000000"))})'
    ),
}


@pytest.mark.requirement("T1-THR-06")
@pytest.mark.parametrize("kind", VANDALISM)
async def test_what_is_no_message_ends_the_instance_and_the_call(start, make, kind):
    surrogate = await start(f"created()\nhear()\n{VANDALISM[kind]}\nhear()\n")
    losses = []
    await make(surrogate, losses=losses)
    returned = await surrogate.call(COMPLETE, LONG)
    assert isinstance(returned, Faulted)
    assert returned.hr == RPC_E_INVALID_DATAPACKET
    assert [loss.hr for loss in losses] == [RPC_E_INVALID_DATAPACKET]
    assert (await surrogate.call(COMPLETE, LONG)).hr == RPC_E_SERVER_DIED_DNE


@pytest.mark.requirement("T1-THR-06")
async def test_death_during_a_call_is_its_end(start, make):
    surrogate = await start("created(); hear(); os._exit(7)")
    losses = []
    await make(surrogate, losses=losses)
    returned = await surrogate.call(COMPLETE, LONG)
    assert returned.hr == RPC_E_SERVER_DIED
    assert "exit status 7" in returned.reason
    assert len(losses) == 1


async def test_a_missed_deadline_ends_the_process(start, make):
    surrogate = await start("created(); hear(); time.sleep(600)")
    await make(surrogate)
    assert (await surrogate.call(COMPLETE, SHORT)).hr == RPC_E_TIMEOUT
    await surrogate.close()
    assert surrogate._child.ended


async def test_a_call_that_no_message_can_hold_is_not_made(start, make):
    surrogate = await start("created(); hear()")
    await make(surrogate)
    call = calls.SendMessage("x" * MAX_MESSAGE_BYTES, "")
    assert (await surrogate.call(call, LONG)).hr == RPC_E_CLIENT_CANTMARSHAL_DATA
    assert surrogate.loss is None


async def test_a_process_that_does_not_read_holds_up_nobody(start, make):
    surrogate = await start("created(); time.sleep(600)")
    await make(surrogate)
    call = calls.SendMessage("x" * (MAX_MESSAGE_BYTES - 1_000), "")
    assert (await surrogate.call(call, SHORT)).hr == RPC_E_TIMEOUT


async def test_one_that_ignores_goodbye_is_ended_after_the_grace(start, make, monkeypatch):
    monkeypatch.setattr("player_host.plugins.surrogate.EXIT_GRACE", SHORT)
    surrogate = await start("created(); hear(); time.sleep(600)")
    await make(surrogate)
    await surrogate.close()
    assert surrogate._child.ended
    assert surrogate._child.ending() == "was killed by SIGKILL"


async def test_the_plug_ins_call_reaches_the_session_and_its_answer_the_plug_in(
    start, make, session
):
    surrogate = await start(
        """
        created()
        call = hear()["call"]
        say(call=dict(id=41, name="SendMessageComplete",
            arguments=dict(message="m", param="p", result="r")))
        answer = hear(answers)["return"]
        hr = answer["values"]["hr"] if answer["id"] == 41 else "0x80004005"
        say(**{"return": dict(id=call["id"], name="Return", values=dict(hr=hr))})
        hear()
        """
    )
    await make(surrogate)
    assert await surrogate.call(COMPLETE, LONG) == Return(S_OK)
    assert session.received == [calls.SendMessageComplete("m", "p", "r")]
