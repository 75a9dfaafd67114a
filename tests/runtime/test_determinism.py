"""Settings of torch: the user's come back, whichever thread leaves last."""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import numpy as np
import pytest
import torch

from harmodels import GRUClassifier
from harmodels.runtime.determinism import deterministic_torch

NEW_NAMES = hasattr(torch.backends, "fp32_precision")  # since torch 2.9


def products():
    if not NEW_NAMES:
        return torch.get_float32_matmul_precision()
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision


def settings():
    smallest = torch.tensor(torch.finfo(torch.float32).smallest_normal)
    return (
        torch.get_num_threads(),
        torch.get_deterministic_debug_mode(),
        products(),
        torch.utils.deterministic.fill_uninitialized_memory,
        bool(smallest / 2),
    )


NAME = "CUBLAS_WORKSPACE_CONFIG"
INSIDE = (1, 2, ("ieee", "ieee") if NEW_NAMES else "highest", False, False)


@pytest.fixture
def own():
    """Return settings that a user chose, which are those of before afterwards."""
    before = settings()
    torch.set_num_threads(3)
    torch.set_deterministic_debug_mode("warn")
    torch.set_float32_matmul_precision("medium")
    torch.utils.deterministic.fill_uninitialized_memory = True
    yield (3, 1, ("tf32", "bf16") if NEW_NAMES else "medium", True, before[-1])
    torch.set_float32_matmul_precision("highest")
    torch.utils.deterministic.fill_uninitialized_memory = before[-2]
    torch.set_num_threads(before[0])
    torch.set_deterministic_debug_mode(before[1])


@pytest.mark.parametrize("leaving", list(itertools.permutations(range(3))))
def test_threads_leave_in_any_order_and_all_is_as_it_was(leaving, own):
    """The first is the thread of the user, the others are new."""
    seen = []
    threads = [ThreadPoolExecutor(1) for _ in range(2)]
    calls = [lambda f, *a: f(*a), *(lambda f, *a, t=t: t.submit(f, *a).result() for t in threads)]
    for (
        call
    ) in calls:  # a thread that begins within a body would inherit that denormals are flushed
        call(int)
    bodies = [deterministic_torch() for _ in calls]
    for call, body in zip(calls, bodies, strict=True):
        call(body.__enter__)
    for number in leaving:
        seen += [call(settings) for call, body in zip(calls, bodies, strict=True) if body]
        calls[number](bodies[number].__exit__, None, None, None)
        bodies[number] = None
    assert set(seen) == {INSIDE}
    assert [call(settings) for call in calls] == [own] * 3
    with ThreadPoolExecutor(1) as new:
        assert new.submit(settings).result() == own


def test_who_enters_while_the_last_one_leaves_waits_for_it(own, monkeypatch):
    body, entered, give_back = deterministic_torch(), [], torch.set_deterministic_debug_mode

    def enter_meanwhile(mode):
        if mode != "error" and not entered:
            entered.append(thread.submit(body.__enter__))
            wait(entered, timeout=0.5)  # long enough for one who does not wait
        give_back(mode)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(int).result()
        monkeypatch.setattr(torch, "set_deterministic_debug_mode", enter_meanwhile)
        with deterministic_torch():
            pass
        entered[0].result()
        thread.submit(body.__exit__, None, None, None).result()
    assert settings() == own


def test_a_body_within_a_body_leaves_the_outer_one_as_it_is(own):
    with deterministic_torch():
        with deterministic_torch():
            pass
        assert settings() == INSIDE
    assert settings() == own


def test_an_error_gives_the_settings_back(own):
    with pytest.raises(KeyError), deterministic_torch():
        raise KeyError
    assert settings() == own


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_eight_threads_train_the_same_bytes_as_one(engine, own):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 9, 3)), np.arange(20) % 2

    def trained(_):
        model = GRUClassifier(5, epochs=3, engine=engine, random_state=1).fit(X, y)
        return model.predict_proba(X).tobytes()

    alone = trained(0)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(trained, range(16))) == {alone}
    assert settings() == own


def test_a_callback_may_predict(own):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 9, 3)), np.arange(12) % 2
    other = GRUClassifier(3, epochs=1, random_state=0).fit(X, y)
    seen = []

    def predict(report):
        other.predict(X)
        seen.append(settings())

    GRUClassifier(3, epochs=2, random_state=0, callback=predict).fit(X, y)
    assert seen == [INSIDE] * 2
    assert settings() == own


def test_predicting_is_deterministic_too(own, monkeypatch):
    X = np.random.default_rng(0).normal(size=(12, 9, 3))
    model = GRUClassifier(3, epochs=1, random_state=0).fit(X, np.arange(12) % 2)
    seen, learner = [], model._learner
    monkeypatch.setattr(model, "_learner", lambda *a: seen.append(settings()) or learner(*a))
    model.predict(X)
    assert seen == [INSIDE]
    assert settings() == own


def test_threads_that_come_and_go_leave_nothing(own):
    def visit():
        for _ in range(40):
            with deterministic_torch():
                assert settings() == INSIDE

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(6))
        for done in [pool.submit(visit) for _ in range(12)]:
            done.result()
    assert settings() == own


@pytest.mark.parametrize(("device", "mode"), [("cpu", 2), ("cuda", 1), ("cuda:1", 1)])
def test_on_a_gpu_what_torch_cannot_promise_is_a_warning(own, device, mode):
    with deterministic_torch(device):
        assert settings() == (1, mode, *INSIDE[2:])
    assert settings() == own


def in_a_process(program, **environment):
    """Return what a program prints that starts with these variables, and without others of CUDA."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("CUBLAS")}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**inherited, **environment},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(("own", "found"), [({}, ":4096:8"), ({NAME: ":16:8"}, ":16:8")])
def test_importing_harmodels_makes_products_on_a_gpu_deterministic(own, found):
    assert in_a_process(f"import harmodels, os; print(os.environ[{NAME!r}])", **own) == [found]


PRECISIONS = """
import torch
from harmodels.runtime.determinism import deterministic_torch, make_deterministic
b = torch.backends
places = b, b.cuda.matmul, b.cudnn, b.mkldnn, b.mkldnn.matmul
show = lambda: [place.fp32_precision for place in places]
{chosen}
before = show()
with deterministic_torch():
    print(b.cuda.matmul.fp32_precision, b.mkldnn.matmul.fp32_precision)
assert show() == before, (before, show())
{afterwards}
make_deterministic()
print(b.cuda.matmul.fp32_precision, b.mkldnn.matmul.fp32_precision)
print(torch.utils.deterministic.fill_uninitialized_memory, torch.get_deterministic_debug_mode())
"""


@pytest.mark.skipif(not NEW_NAMES, reason="before torch 2.9")
@pytest.mark.parametrize(
    ("chosen", "afterwards"),
    [
        ("", "b.fp32_precision = 'tf32'; assert b.cuda.matmul.fp32_precision == 'tf32'"),
        ("b.fp32_precision = 'tf32'", "b.fp32_precision = 'ieee'; assert set(show()) == {'ieee'}"),
        ("b.cuda.matmul.fp32_precision = 'tf32'", ""),
        ("b.cudnn.fp32_precision = 'tf32'", ""),
        ("b.mkldnn.matmul.fp32_precision = 'bf16'", ""),
        ("b.cuda.matmul.allow_tf32 = True", "assert b.cuda.matmul.allow_tf32"),
        (
            "torch.set_float32_matmul_precision('medium')",
            "assert torch.get_float32_matmul_precision() == 'medium'",
        ),
    ],
)
def test_products_are_of_float32_whatever_the_user_chose_and_the_choice_comes_back(
    chosen, afterwards
):
    """Each in a process of its own: torch refuses its old names once a new one was used."""
    program = PRECISIONS.format(chosen=chosen, afterwards=afterwards)
    assert in_a_process(program) == [*["ieee"] * 4, "False", "2"]
