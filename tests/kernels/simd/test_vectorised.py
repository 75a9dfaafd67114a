import re

import pytest
from numba import njit

from harmodels.kernels.elman import tbptt as elman_tbptt
from harmodels.kernels.simd.emitter import WIDE

OPTIONS = {"window": 4, "learning_rate": 0.1, "clip": 1.0}


@pytest.fixture
def assembly(make_end_to_end, monkeypatch):
    """What the processor runs: the entry point compiled anew, for a cached one has no listing."""
    train = njit(nogil=True, error_model="numpy")(elman_tbptt._train.py_func)
    monkeypatch.setattr(elman_tbptt, "_train", train)
    elman_tbptt.train_epoch(*make_end_to_end(), **OPTIONS)
    return "".join(train.inspect_asm().values())


@pytest.mark.skipif(not WIDE, reason="looks for AVX-512 registers")
def test_products_and_tanh_work_on_whole_registers(assembly):
    # how many depends on how far a processor's model unrolls (160 here, above 200 there)
    assert len(re.findall(r"vfmadd\d+ps.*zmm", assembly)) > 100
    assert re.search(r"vdivps.*[yz]mm", assembly), "tanh is computed number by number"
