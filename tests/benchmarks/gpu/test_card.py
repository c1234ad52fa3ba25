"""What a card is called, and its state."""

from pathlib import Path

from sabcore.benchmarks.gpu import card
from sabcore.benchmarks.gpu.card import file_name

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_a_cards_state_is_what_nvidia_smi_says(monkeypatch):
    monkeypatch.setattr(card, "_first_line", lambda *command: "1980 MHz, 3201 MHz, 120.5 W, 41")
    assert card.card_state() == {
        "clocks.sm": "1980 MHz", "clocks.mem": "3201 MHz", "power.draw": "120.5 W", "temperature.gpu": "41",
    }  # fmt: skip
    monkeypatch.setattr(card, "_first_line", lambda *command: None)
    assert card.card_state() == {}


def test_files_are_named_after_the_card():
    assert file_name("NVIDIA H200 (MIG 1g.18gb)") == "nvidia-h200-mig-1g-18gb"
