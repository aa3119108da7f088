import attrs
import pytest

from partner_api.enums import Capability, ThreadingModel
from partner_api.service_info import ServiceInfo

PROSEWARE = ServiceInfo(
    key="Proseware", friendly_name="Proseware Music", capabilities=Capability.CONTENT_PARTNER
)


@pytest.mark.requirement("T1-REG-09")
def test_an_apartment_is_what_a_plug_in_gets_if_it_says_nothing() -> None:
    assert PROSEWARE.threading_model is ThreadingModel.APARTMENT


def test_the_first_contract_is_what_a_plug_in_gets_if_it_says_nothing() -> None:
    assert PROSEWARE.contract_version == 1


def test_a_registration_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        PROSEWARE.key = "Contoso"  # type: ignore[misc]


@pytest.mark.requirement("T1-LIFE-05")
def test_a_registration_without_the_flag_of_a_content_partner_can_be_stated() -> None:
    info = attrs.evolve(PROSEWARE, capabilities=Capability.ALT_LOGIN)
    assert Capability.CONTENT_PARTNER not in info.capabilities


@pytest.mark.parametrize("field", ["key", "friendly_name"])
@pytest.mark.parametrize(
    "text", ["", " ", " Proseware", "Proseware ", "Prose\nware", "Prose\0ware"]
)
def test_a_name_is_printable_and_without_blanks_at_its_ends(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=field):
        attrs.evolve(PROSEWARE, **{field: text})


@pytest.mark.parametrize("name", ["音楽\u3000ストア", "می\u200cموسیقی", "Café\u00a0Musique"])
def test_a_name_may_be_written_in_any_script(name: str) -> None:
    assert attrs.evolve(PROSEWARE, friendly_name=name).friendly_name == name


@pytest.mark.parametrize("name", ["Prose\u202eware", "Prose\u2028ware", "Prose\ud83cware"])
def test_a_name_cannot_turn_the_text_around_or_break_the_line(name: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        attrs.evolve(PROSEWARE, friendly_name=name)


@pytest.mark.parametrize("field", ["key", "friendly_name"])
def test_a_name_has_at_most_255_characters(field: str) -> None:
    longest = "é" * 255
    assert getattr(attrs.evolve(PROSEWARE, **{field: longest}), field) == longest
    with pytest.raises(ValueError, match="at most 255"):
        attrs.evolve(PROSEWARE, **{field: longest + "é"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", None),
        ("key", b"Proseware"),
        ("friendly_name", 7),
        ("capabilities", 0x40),
        ("capabilities", None),
        ("threading_model", "Apartment"),
        ("contract_version", True),
        ("contract_version", "1"),
        ("contract_version", 1.0),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: object) -> None:
    with pytest.raises(TypeError, match=field):
        attrs.evolve(PROSEWARE, **{field: value})


@pytest.mark.parametrize("version", [0, -1])
def test_contract_versions_start_at_one(version: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        attrs.evolve(PROSEWARE, contract_version=version)
