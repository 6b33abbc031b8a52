import subprocess
import sys

import samesku

OPTIONAL = [
    "altair", "cv2", "faiss", "fastapi", "jinja2", "kaggle", "lancedb", "lightgbm", "matplotlib",
    "onnx", "openai", "pyarrow", "pytorch_metric_learning", "ray", "torch", "torchvision",
    "transformers", "uvicorn",
]  # fmt: skip

# Optional packages are put out of reach: also the whole way of a posting needs none of them.
SCRIPT = """
import sys
refused = sys.argv[1].split(",")
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in refused:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import polars as pl
import samesku, samesku.cli, samesku.demo, samesku.evaluation
offers = pl.DataFrame({"posting_id": ["a", "b"], "title": ["tea 5 g", "tea 5g"]})
assert samesku.Matcher().match(samesku.read_catalog(offers)).cluster_count == 1
print(*sorted(set(sys.modules) & set(refused)))
"""


def test_nothing_optional_is_needed_or_imported():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ",".join(OPTIONAL)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_every_public_name_is_there():
    assert sorted(samesku.__all__) == samesku.__all__
    assert all(hasattr(samesku, name) for name in samesku.__all__)
