"""What is read, and how: pages by their path, C++ as C++, oracles and prose left out."""

from __future__ import annotations

from sabcore.proofs.corpus import defined, is_fast, lines_of, read_corpus, read_files

PAGE = "```\nu = 2 x   (Q.1)\nv = 2 u, w = u   (Q.2)\ndu = 2 dv + dw   (Q.2*) (Q.1*)\n```\n"
OTHER = "```\nz = x   (Z.1)\ndx = dz   (Z.1*)\n```\n"


def test_every_engine_and_every_page_is_read_and_no_oracle() -> None:
    sources, pages = read_files()
    assert {"step/lstm", "engine/plain", "engine/cpu/lstm", "engine/cuda/lstm.cu", "train/loss"} <= set(sources)
    assert not [path for path in sources if path.startswith(("reference/", "benchmarks/", "demos/", "proofs/"))]
    assert {"step/lstm", "engine/plain", "engine/exponentials", "transformer/block"} <= set(pages)
    assert not {"README", "theorems"} & set(pages)
    assert "lstm_step" in sources["step/lstm"]
    assert "(L.1*)" in pages["step/lstm"]


def test_a_source_is_read_in_its_own_language() -> None:
    sources = {"engine/cuda/half.cu": "void f() {\n  real u = 2 * x;  // Q.1\n}\n", "step/half": "u = 2 * x  # Q.1\n"}
    corpus = read_corpus(sources, {"step/half": PAGE})
    for source in corpus.sources.values():
        (statement,) = source.statements
        assert (statement.tags, set(statement.computed)) == (("Q.1",), {"u"})
    assert corpus.texts == {"step/half": PAGE}


def test_the_fast_engines_are_two() -> None:
    assert is_fast("engine/cpu/lstm")
    assert is_fast("engine/cuda/lstm.cu")
    assert not is_fast("engine/plain")
    assert not is_fast("step/lstm")


def test_a_tag_is_defined_by_a_page_and_starred_by_another_line_of_it() -> None:
    corpus = read_corpus({}, {"step/half": PAGE, "step/other": OTHER})
    assert defined(corpus) == {"Q.1": "step/half", "Q.2": "step/half", "Z.1": "step/other"}
    assert [line.text for line in lines_of(corpus, "Q.2")] == ["v = 2 u, w = u"]
    assert [line.text for line in lines_of(corpus, "Q.1*")] == ["du = 2 dv + dw"]
    assert [line.text for line in lines_of(corpus, "Z.1*")] == ["dx = dz"]
