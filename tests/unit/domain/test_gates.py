"""A gate opens for what the named function itself vouched for, about the same thing, and for nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.budget import Budget
from midcall.domain.gates import Gate, PastRun, closed_gate, what_to_do
from midcall.domain.json_equality import same
from midcall.domain.variables import CALLER, LLM, SYSTEM, Variable, merge, set_by

VERIFIED = Gate("verify_customer", "verified", equals=True, same_params=("customer_id",))
ANY_CUSTOMER = Gate("verify_customer", "verified", equals=True)


def verified(customer: Any, *, value: Any = True, function: str = "verify_customer") -> PastRun:
    """Make a run that vouched for a customer, or did not."""
    return PastRun(function, {"customer_id": customer, "phone_pin": "5678"}, {"verified": value})


def is_open(gate: Gate, params: dict[str, Any], *runs: PastRun, variables: dict[str, Variable] | None = None) -> bool:
    """Tell whether a call passes."""
    return closed_gate([gate], params, runs, variables or {}) is None


def test_verifying_a_customer_opens_that_customers_orders_alone() -> None:
    """The itellico example: customer 12345 was verified, so 99999's orders stay closed."""
    assert is_open(VERIFIED, {"customer_id": "12345"}, verified("12345"))
    assert not is_open(VERIFIED, {"customer_id": "99999"}, verified("12345"))
    assert not is_open(VERIFIED, {"customer_id": "12345"})


def test_two_customers_verified_one_after_the_other_are_both_open() -> None:
    """Each run speaks for its own customer."""
    runs = (verified("12345"), verified("99999"))
    assert is_open(VERIFIED, {"customer_id": "12345"}, *runs)
    assert is_open(VERIFIED, {"customer_id": "99999"}, *runs)


def test_a_later_not_verified_closes_the_gate_again() -> None:
    """The latest word about the same thing counts; about another thing it does not."""
    assert not is_open(VERIFIED, {"customer_id": "1"}, verified("1"), verified("1", value=False))
    assert is_open(VERIFIED, {"customer_id": "1"}, verified("1"), verified("2", value=False))
    assert is_open(VERIFIED, {"customer_id": "1"}, verified("1", value=False), verified("1"))
    assert not is_open(ANY_CUSTOMER, {}, verified("1"), verified("2", value=False))


@pytest.mark.parametrize("source", [CALLER, LLM, SYSTEM, set_by("another")])
def test_a_variable_that_anybody_else_set_opens_nothing(source: str) -> None:
    """Whoever the session says it came from: only runs of the named function count."""
    variables = {"verified": Variable(value=True, source=source, at=1)}
    for gate in (VERIFIED, ANY_CUSTOMER):
        assert not is_open(gate, {"customer_id": "12345"}, variables=variables)
    assert not is_open(VERIFIED, {"customer_id": "12345"}, verified("12345", function="verify"), variables=variables)


def test_a_run_that_did_not_set_the_variable_says_nothing() -> None:
    """Succeeding is not vouching; and it takes nothing back either."""
    silent = PastRun("verify_customer", {"customer_id": "1"}, {"name": "John"})
    assert not is_open(VERIFIED, {"customer_id": "1"}, silent)
    assert is_open(VERIFIED, {"customer_id": "1"}, verified("1"), silent)


@pytest.mark.parametrize("value", [1, 1.0, "true", [True], {"verified": True}, None, False])
def test_only_the_very_value_opens(value: Any) -> None:
    """True is not 1, whatever Python says."""
    assert not is_open(VERIFIED, {"customer_id": "1"}, verified("1", value=value))
    assert not is_open(VERIFIED, {"customer_id": True}, verified(1))


def test_a_parameter_that_is_missing_on_either_side_opens_nothing() -> None:
    """Null is a value: it is not the same as one that was never given."""
    without = PastRun("verify_customer", {}, {"verified": True})
    assert not is_open(VERIFIED, {}, verified("1"))
    assert not is_open(VERIFIED, {}, without)
    assert not is_open(VERIFIED, {"customer_id": None}, without)


def test_all_of_several_parameters_must_be_the_same() -> None:
    """And all of several gates must be open; the first closed one is named."""
    gate = Gate("f", "ok", equals="yes", same_params=("a", "b"))
    run = PastRun("f", {"a": 1, "b": [1, {"x": None}]}, {"ok": "yes"})
    assert is_open(gate, {"a": 1.0, "b": [1, {"x": None}]}, run)
    assert not is_open(gate, {"a": 1, "b": [1, {}]}, run)
    assert closed_gate([gate, VERIFIED], {"a": 1, "b": [1, {"x": None}], "customer_id": "1"}, [run], {}) == VERIFIED


def test_another_function_may_take_a_word_back_but_not_give_it() -> None:
    """Without `same_params` the variable as it now is must still say so, if a function set it since."""
    taken_back = {"verified": Variable(value=False, source=set_by("log_out"), at=2)}
    assert not is_open(ANY_CUSTOMER, {}, verified("1"), variables=taken_back)
    said_again = {"verified": Variable(value=True, source=set_by("log_in"), at=2)}
    assert is_open(ANY_CUSTOMER, {}, verified("1"), variables=said_again)
    assert not is_open(ANY_CUSTOMER, {}, verified("1", value=False), variables=said_again)


def test_the_caller_cannot_close_a_gate_either() -> None:
    """What it writes over the variable changes nothing about who was verified."""
    variables = merge({}, {"verified": False}, source=CALLER, at=2)
    assert is_open(ANY_CUSTOMER, {}, verified("1"), variables=variables)


def test_what_to_do_names_the_function_and_the_parameters() -> None:
    """The LLM learns what to call, and with what."""
    text = what_to_do(VERIFIED)
    assert "verify_customer" in text
    assert "the same customer_id" in text


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=6,
)


@given(one=values, other=values)
def test_being_the_same_is_an_equivalence(one: Any, other: Any) -> None:
    """Everything is the same as itself, and two things are so from both sides."""
    budget = Budget(10_000, seconds=60)
    assert same(one, one, budget)
    assert same(one, other, budget) == same(other, one, budget)
    if same(one, other, budget):
        assert one == other


def test_a_gate_that_cannot_be_looked_at_in_time_is_closed() -> None:
    """A session with many runs about large values: only what was seen opens a gate."""
    large = [[0] * 100 for _ in range(100)]
    others = [verified([*large[:-1], [number]]) for number in range(3_000)]
    assert closed_gate([VERIFIED], {"customer_id": large}, [verified(large), *others], {}) == VERIFIED
    assert closed_gate([VERIFIED], {"customer_id": large}, [*others, verified(large)], {}) is None
