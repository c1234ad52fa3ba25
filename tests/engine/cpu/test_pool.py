"""Buffers come back when their last user is gone, and not before."""

import copy
import gc
import pickle

from sabcore.engine.cpu.pool import POOL, Loan, Pool

KEY = "a kind for these tests"


def test_a_loan_returns_when_the_last_reference_to_it_is_gone() -> None:
    POOL.clear()
    first = Loan(KEY, lambda: [1])
    buffers, shared = first.buffers, copy.copy([first])
    del first
    gc.collect()
    assert Loan(KEY, lambda: [2]).buffers == [2]
    del shared
    gc.collect()
    again = Loan(KEY, lambda: [3]), Loan(KEY, lambda: [3])
    assert any(loan.buffers is buffers for loan in again)


def test_what_a_deep_or_unpickled_copy_holds_never_enters_the_pool() -> None:
    POOL.clear()
    loan = Loan(KEY, lambda: [1])
    for other in (copy.deepcopy(loan), pickle.loads(pickle.dumps(loan))):
        assert other.buffers == [1]
        assert other.buffers is not loan.buffers
        del other
        gc.collect()
        assert Loan(KEY, lambda: [2]).buffers == [2]


def test_the_pool_forgets_kinds_not_asked_for() -> None:
    pool = Pool(keep=2)
    a = pool.take("a", object)
    pool.give_back("a", a)
    assert pool.take("a", object) is a
    for other in ("b", "c"):
        pool.take(other, object)
    pool.give_back("a", a)
    assert pool.take("a", object) is not a
