"""A plug-in writes to the wire of its process what is no message, or more than one may have."""

import json

import pytest

from partner_api.calls import (
    CallbackNotify,
    Download,
    Faulted,
    GetContentPartnerInfo,
    Malformed,
    MalformedAnswer,
    SetCallback,
)
from partner_api.hresult import (
    E_INVALIDARG,
    RPC_E_INVALID_DATAPACKET,
    RPC_E_SERVER_CANTMARSHAL_DATA,
    RPC_E_SERVER_DIED,
    RPC_E_TIMEOUT,
    S_OK,
)
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.long]


def call(name: object = "GetCatalogVersion", number: object = 7, arguments: object = None) -> str:
    body = {"id": number, "name": name, "arguments": {} if arguments is None else arguments}
    return json.dumps({"call": body})


def returned(number: object, name: object = "Return", values: object = None) -> str:
    values = {"hr": "0x00000000"} if values is None else values
    return json.dumps({"return": {"id": number, "name": name, "values": values}})


NO_MESSAGES = {
    "words": "good morning",
    "an empty line": "",
    "no object": "7",
    "null": "null",
    "a list": "[]",
    "an object without a key": "{}",
    "an object with two keys": '{"log": {"level": 30, "text": "x"}, "call": 7}',
    "a kind that there is not": '{"surprise": {}}',
    "a kind that the player sends": '{"create": {"settings": {}, "data_dir": "x"}}',
    "half an object": '{"return": {"id": 1',
    "not a number": '{"log": {"level": NaN, "text": "x"}}',
    "a call without a body": '{"call": null}',
    "a call of an unknown method": call("FormatDisk"),
    "a call with foreign arguments": call(arguments={"count": 1}),
    "a call with a list for arguments": call(arguments=[]),
    "a call of the partner's own interface": call("SetCallback", arguments={"attached": True}),
    "a return of an unknown kind": returned(1, "Surprise"),
    "a return without a number": '{"return": {"name": "Return", "values": {"hr": "0x00000000"}}}',
    "a return with a list for a number": returned([1]),
    "a return with a wrong code": returned(1, values={"hr": 0}),
    "a return whose number is no number": returned("eight"),
    "a message of its start, long after": '{"loaded": {"reference": "x:Y", "service_info": {}}}',
    "a failure that is none": '{"failed": {"stage": "create", "problems": ["not I"]}}',
    "a log line without a text": '{"log": {"level": 30}}',
    "a log line of a wrong level": '{"log": {"level": "high", "text": "x"}}',
    "a list of lists, 100,000 deep": "{depth}",
    "a call whose number is 100,000 lists": '{"call": {"id": {depth}, "name": "x"}}',
}


@pytest.mark.parametrize("case", NO_MESSAGES)
async def test_a_line_that_is_no_message_ends_the_instance(survival, case):
    async with survival.open("wire_vandals:WritesALine", line=NO_MESSAGES[case]) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_INVALID_DATAPACKET]
        assert stage.states(request) == [TrackState.ABANDONED] * 3
        await stage.loses("its process sent")


ODD_MESSAGES = {
    "a return nobody waits for": returned(999_999),
    "a log line of an unknown level": '{"log": {"level": 31, "text": "x"}}',
    "a log line of a huge level": '{"log": {"level": 1180591620717411303424, "text": "x"}}',
    "a log line of a negative level": '{"log": {"level": -1, "text": "x"}}',
}


@pytest.mark.parametrize("case", ODD_MESSAGES)
async def test_a_message_that_nobody_waits_for_changes_nothing(survival, case):
    async with survival.open("wire_vandals:WritesALine", line=ODD_MESSAGES[case]) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [S_OK]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


@pytest.mark.parametrize(
    "line",
    [
        '{"hello": {"wire": 1, "contract": 1}}',
        '{"loaded": {"reference": "x:Y", "service_info": {}}}',
        "good morning",
    ],
)
async def test_a_message_out_of_turn_while_the_plug_in_is_made_makes_it_unavailable(survival, line):
    async with survival.open("wire_vandals:WritesALine", line=line, place="constructor") as stage:
        with pytest.raises(PartnerUnavailable, match=stage.partner):
            await stage.activate()
        assert stage.player.active is None


async def test_random_bytes_end_the_instance(survival):
    async with survival.open("wire_vandals:WritesRandomBytes") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_INVALID_DATAPACKET]
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


@pytest.mark.parametrize("place", ["constructor", "SetCallback"])
async def test_random_bytes_at_the_start_make_the_plug_in_unavailable(survival, place):
    async with survival.open("wire_vandals:WritesRandomBytes", place=place) as stage:
        with pytest.raises(PartnerUnavailable):
            await stage.activate()
        ends = [RPC_E_INVALID_DATAPACKET] if place == "SetCallback" else []
        assert stage.codes(SetCallback) == ends


async def test_100_mb_in_one_line_end_the_instance(survival):
    async with survival.open("wire_vandals:WritesWithoutNewline") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_INVALID_DATAPACKET]
        await stage.loses("a line of more than 16777216 bytes")
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_a_message_torn_by_the_death_of_its_sender_is_that_death(survival):
    async with survival.open("wire_vandals:TearsAMessage") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_a_plug_in_that_shuts_its_wire_is_lost(survival):
    async with survival.open("wire_vandals:HangsUp") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3


@pytest.mark.long
async def test_a_plug_in_that_calls_and_does_not_listen_is_lost(survival):
    host = {"call_deadline": 10}
    async with survival.open("wire_vandals:CallsWithoutListening", host=host) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download)[0] in {RPC_E_SERVER_DIED, RPC_E_TIMEOUT}
        assert stage.states(request) == [TrackState.ABANDONED] * 3


async def test_params_of_100_mb_are_refused_and_settle_the_track(survival):
    async with survival.open("long_messages:AnswersWithLongParams") as stage:
        await stage.activate()
        request = await stage.download("track:70")
        assert stage.codes(MalformedAnswer) == [E_INVALIDARG]
        assert stage.states(request) == [TrackState.REFUSED]
        assert stage.losses == []


async def test_a_notification_of_100_mb_is_refused(survival):
    async with survival.open("long_messages:NotifiesAtLength") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Malformed, called="CallbackNotify") == [E_INVALIDARG]
        assert stage.called(CallbackNotify) == []
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_an_answer_of_100_mb_fits_no_message_and_the_instance_goes_on(survival):
    async with survival.open("long_messages:HasALongName") as stage:
        await stage.activate()
        request = await stage.download()
        (answer,) = stage.returns(GetContentPartnerInfo)
        assert isinstance(answer, Faulted)
        assert answer.hr == RPC_E_SERVER_CANTMARSHAL_DATA
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []
