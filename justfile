# Tasks of the project: `just --list`.

# List the tasks
default:
    @just --list

# Run the tests of the core, or those that are named: just test tests/docs
test *ARGS:
    uv run --group test pytest {{ARGS}}

# Check style, import contracts and types
lint:
    uv run --group lint ruff check
    uv run --group lint ruff format --check
    uv run --group lint lint-imports --no-cache
    uv run --group lint --group test mypy

# Repair what ruff can repair
fix:
    uv run --group lint ruff check --fix
    uv run --group lint ruff format

# Build the site into site/
docs:
    NO_MKDOCS_2_WARNING=1 uv run --group docs mkdocs build --strict

# Serve the site while it is edited
serve:
    NO_MKDOCS_2_WARNING=1 uv run --group docs mkdocs serve

# Match the sample and open with its report
demo:
    uv run samesku demo

# Take the picture of the sample's report anew (needs chromium)
picture:
    folder=$(mktemp -d) && uv run samesku demo --quiet --out "$folder" && \
    chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1030 \
        --screenshot=docs/report.png "file://$folder/result/report.html"

# Run all that must pass before a merge
ci:
    .ci/run
