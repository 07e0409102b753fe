"""What `tell` takes: answers in any order, late, in part, again; all of a call or nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from distillation_data import World, same
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire.distillation import Told


@pytest.fixture
def loop():
    loop = World().loop()
    loop.ask()
    return loop


def test_answers_in_any_order_and_in_part_are_those_in_one_go():
    world = World()
    whole, parts = world.loop(), world.loop()
    requests, again = whole.ask(), parts.ask()
    assert np.array_equal(requests.request, again.request)
    votes = world.votes(requests)
    whole.tell(requests.request, votes)
    order = np.random.default_rng(0).permutation(len(votes))
    for some in np.array_split(order, 7):
        told = parts.tell(requests.request[some], votes[some])
        assert told == Told(len(some), 0, 0, 0)
    assert len(parts.pending) == 0
    assert same(whole, parts)
    assert np.array_equal(whole.fit().fit.theta, parts.fit().fit.theta)
    assert np.array_equal(whole.ask().first, parts.ask().first)


def test_the_same_answer_twice_is_nothing(loop):
    ids = loop.pending.request[:5]
    assert loop.tell(ids, 1) == Told(5, 0, 0, 0)
    before = loop._state.ledger.version
    assert loop.tell(ids[::-1], np.ones(5)) == Told(0, 5, 0, 0)
    assert loop._state.ledger.version == before
    assert loop.tell([ids[0], ids[0], 30], [1, 1, 0]) == Told(1, 2, 0, 0)


def test_another_answer_is_refused_with_both_answers_and_nothing_is_entered(loop):
    loop.tell([3, 4], [1, -1])
    with pytest.raises(ValueError, match=r"request 4 is answered -1 already, and now 0") as caught:
        loop.tell([7, 3, 4], [1, 1, 0])
    assert caught.value.position == 2
    assert 7 in loop.pending.request
    assert loop.tell([7, 3, 4], [1, 1, 0], replace=True) == Told(1, 1, 1, 0)
    assert loop._state.ledger.vote[[3, 4, 7]].tolist() == [1, 0, 1]


def test_two_answers_to_one_request_in_one_call(loop):
    with pytest.raises(ValueError, match=r"request 2 is answered 1 already, and now -1") as caught:
        loop.tell([9, 2, 1, 2], [1, 1, 0, -1], replace=True)
    assert caught.value.position == 3
    assert len(loop.pending) == loop._state.ledger.n_requests


def test_probabilities_and_votes_are_one_kind_of_answer(loop):
    assert loop.tell([0, 1], probabilities=[[1, 0, 0], [0.6, 0.1, 0.3]]) == Told(2, 0, 0, 0)
    assert loop.tell([0], [1]) == Told(0, 1, 0, 0)
    assert loop.tell([1], probabilities=[[0.6, 0.1, 0.3]]) == Told(0, 1, 0, 0)
    with pytest.raises(ValueError, match=r"answered \(0.6, 0.1, 0.3\) already, and now 1"):
        loop.tell([1], [1])
    with pytest.raises(ValueError, match=r"now \(0.6, 0.2, 0.2\)"):
        loop.tell([1], probabilities=[[0.6, 0.2, 0.2]])
    masses = loop._state.ledger.said(np.array([0, 1])).masses()
    assert masses.tolist() == [[1, 0, 0], [0.6, 0.1, 0.3]]
    assert loop.tell([1], [0], replace=True).replaced == 1
    assert loop._state.ledger.said(np.array([1])).masses().tolist() == [[0, 1, 0]]
    loop.ask()  # the new requests have room for probabilities
    assert loop._state.ledger.chances.shape == (loop._state.ledger.n_requests, 3)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_sequence_of_calls_ends_in_the_last_accepted_answers(data):
    loop = World(2, 4).loop(bridges=0)
    n = len(loop.ask())
    book: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        rows = data.draw(
            st.lists(st.tuples(st.integers(0, n - 1), st.sampled_from([1, 0, -1])), max_size=6)
        )
        replace = data.draw(st.booleans())
        call: dict[int, int] = {}
        good = all(call.setdefault(i, v) == v for i, v in rows)
        if not replace:
            good = good and all(book.get(i, v) == v for i, v in call.items())
        ids, votes = [i for i, _ in rows], [v for _, v in rows]
        if good:
            told = loop.tell(np.array(ids, int), np.array(votes, int), replace=replace)
            assert told.new == len(set(call) - set(book))
            assert told.replaced == sum(book.get(i, v) != v for i, v in call.items())
            assert told.new + told.repeated + told.replaced == len(rows)
            book |= call
        else:
            with pytest.raises(ValueError, match="is answered"):
                loop.tell(ids, votes, replace=replace)
    ledger = loop._state.ledger
    answered = np.flatnonzero(ledger.state == 1)
    assert {int(i): int(ledger.vote[i]) for i in answered} == book


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame])
def test_frames(loop, kind):
    first = loop.requests([5]).first[0]
    frame = kind({"request": [2, 3, 4], "vote": ["first", "tie", "second"]})
    assert loop.tell(frame).new == 3
    assert loop._state.ledger.vote[[2, 3, 4]].tolist() == [1, 0, -1]
    frame = kind({"request": [6, 7, 8], "said": ["A", None, "B"]})
    assert loop.tell(frame, "said", mapping={"A": "first", "B": "second"}).new == 2
    assert 7 in loop.pending.request
    assert loop._state.ledger.vote[[6, 8]].tolist() == [1, -1]
    frame = kind({"request": [9], "w": [0.5], "t": [0.25], "l": [0.25]})
    assert loop.tell(frame, probabilities=["w", "t", "l"]).new == 1
    assert loop._state.ledger.chances[9].tolist() == [0.5, 0.25, 0.25]
    assert first in loop.items[1]


def test_votes_may_name_the_winner():
    loop = vn.distillation.Distillation((["q"] * 4, ["w", "x", "y", "z"]), ["ann"])
    requests = loop.ask()
    frame = {"request": requests.request, "vote": requests.second}
    loop.tell(frame)
    assert (loop._state.ledger.vote == -1).all()


def test_errors_in_a_frame_name_the_column_and_the_row_of_the_frame(loop):
    frame = {"request": [0, 1, 2, 999], "vote": ["first", "", "second", "first"]}
    with pytest.raises(ValueError, match=r"request\[3\] = 999 \(column 'request'\).*no such") as e:
        loop.tell(frame)
    assert e.value.position == 3
    with pytest.raises(ValueError, match=r"means neither|is neither") as e:
        loop.tell({"request": [0, 1, 2], "vote": ["first", "", "perhaps"]})
    assert e.value.position == 2
    loop.tell([2], [1])
    with pytest.raises(ValueError, match="request 2 is answered 1 already, and now -1") as e:
        loop.tell({"request": [0, 1, 2], "vote": ["first", "", "second"]})
    assert e.value.position == 2
    assert len(loop.pending) == loop._state.ledger.n_requests - 1


def test_a_late_answer_counts(loop):
    world = World()
    first = loop.pending
    loop.ask(20)
    loop.tell(first.request, world.votes(first))
    report = loop.report()
    assert report["votes"].tolist() == [len(first), 0]
    assert report["pending"].tolist() == [0, 20]
