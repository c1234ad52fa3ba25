"""How sabcore is built and installed.

A checkout shows its architecture at the top level: `sabcore/` (the engine), `reference/` (independent oracles),
`demos/` and `benchmarks/`. A user's site-packages should gain one name only, so these companions are installed
*inside* the package, as `sabcore.reference` and so on: names as common as `reference` would clash with others.

`package_dir` below does that for wheels, source archives and editable installs, on every platform. In a checkout
symbolic links, `sabcore/reference` and so on, say the same to tools that only look at files: the type checker,
editors, and `python -m sabcore` run without installing. The companions import their own modules relatively and never
mind under which name they are loaded; `import reference` in a checkout works too, without `sabcore`.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

COMPANIONS = ["reference", "demos", "benchmarks"]


def packages() -> list[str]:
    inside = find_packages(include=["sabcore", "sabcore.*"], exclude=[f"sabcore.{name}*" for name in COMPANIONS])
    beside = find_packages(include=[pattern for name in COMPANIONS for pattern in (name, f"{name}.*")])
    return inside + [f"sabcore.{name}" for name in beside]


def version() -> str:
    """The one that `sabcore.__version__` says, read without importing what is not installed yet."""
    return re.search(r'__version__ = "(.*?)"', Path("sabcore/__init__.py").read_text(encoding="utf-8"))[1]


setup(
    name="sabcore",
    version=version(),
    description="A from-scratch reference engine for Sparse Attentive Backtracking with explicit gradients",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=packages(),
    package_dir={f"sabcore.{name}": name for name in COMPANIONS},
    package_data={"sabcore": ["py.typed", "vectors/shipped/*.safetensors"]},
    install_requires=[
        "numpy>=2.0",
        "numba>=0.61",
        "scipy>=1.13",  # Numba compiles `np.dot` through SciPy's BLAS bindings
        "click>=8.1",
        "rich>=13",
        "safetensors>=0.4.5",
        "matplotlib>=3.8",
        "threadpoolctl>=3.5",
    ],
    extras_require={
        "torch": ["torch==2.13.0"],
        "cuda12": ["cupy-cuda12x[ctk]>=13.6", "numba-cuda[cu12]>=0.20"],
        "cuda13": ["cupy-cuda13x[ctk]>=13.6", "numba-cuda[cu13]>=0.20"],
        # What compiles the CUDA kernels on a machine without a GPU; exactly these, so that registers are counted alike.
        "cuda-compiler": [
            "numba-cuda[cu13]==0.30.4",
            "cuda-toolkit==13.0.2",
            "nvidia-cuda-nvcc==13.0.88",
        ],
        "test": [
            "torch==2.13.0",  # exactly: an unpinned one may pull gigabytes of CUDA packages
            "hypothesis>=6.100",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "ruff==0.17.5",
            "mypy==2.4.1",
        ],
    },
    entry_points={"console_scripts": ["sab = sabcore.cli:main"]},
    classifiers=[
        "Programming Language :: Python :: 3",
        "License :: OSI Approved :: MIT License",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
