"""Platforms of tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.tasks.refinement.architectures import encode_architecture


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {}),
        ("x86_64-el9", {"sw_platform": "x86_64-el9", "cpu_specs": [{"arch": "x86_64"}]}),
        ("@image", {"base_platform": "image"}),
        (
            "el9@image#x86_64-*-avx2",
            {
                "sw_platform": "el9",
                "base_platform": "image",
                "cpu_specs": [{"arch": "x86_64", "instr": "avx2"}],
            },
        ),
        (
            "a#(x86_64-intel|aarch64)&nvidia",
            {
                "sw_platform": "a",
                "cpu_specs": [{"arch": "x86_64", "vendor": "intel"}, {"arch": "aarch64"}],
                "gpu_spec": {"vendor": "nvidia"},
            },
        ),
        (
            "&nvidia-A100:cuda>=12.0:vram=40000:uarch=Ampere:driver<600:model!=.*K80:x=1:y",
            {
                "gpu_spec": {
                    "vendor": "nvidia",
                    "model": {"pattern": ".*K80", "excl": True},
                    "version": ">=12.0",
                    "vram": "==40000",
                    "microarchitecture": "Ampere",
                    "driver_version": "<600",
                }
            },
        ),
        (
            '{"sw_platform": "a", "encoded_platform": "@b#x86_64&amd"}',
            {
                "sw_platform": "a",
                "base_platform": "b",
                "cpu_specs": [{"arch": "x86_64"}],
                "gpu_spec": {"vendor": "amd"},
            },
        ),
    ],
)
def test_an_encoded_platform_becomes_json(text: str, wanted: dict[str, Any]) -> None:
    assert json.loads(encode_architecture(text) or "") == wanted


@pytest.mark.parametrize("text", [None, '{"sw_platform": "a", "later": 1}', "[1]"])
def test_json_without_an_encoded_part_stays_as_it_is(text: str | None) -> None:
    assert encode_architecture(text) == text


@given(st.text(alphabet='ab-@#&|():=<>*{}"1,', max_size=40))
def test_any_text_is_encoded(text: str) -> None:
    json.loads(encode_architecture(text) or "")
