# make serve   chat with the four articles at http://127.0.0.1:8000        make test   everything that CI runs
# make ask Q="…"   one answer        make eval   the articles' figures        make lint   style, types        make bench   speed
# make gate        is any figure worse than eval/baseline.json?     make widget   the chat's script, with Node

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: serve ask test lint eval eval-public gate bench browser widget clean

serve: $(INSTALLED)
	@$(BIN)/quotewell serve

ask: $(INSTALLED)
	@$(BIN)/quotewell ask "$(Q)"

test: lint browser
	$(BIN)/python -m pytest -n 2 --dist loadscope -q

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

eval: $(INSTALLED)
	$(BIN)/quotewell eval run eval/gold/articles-dev.jsonl --out .eval/runs --write docs/evals.md
	$(BIN)/quotewell eval report .eval/runs/articles-dev.json --no-times --out docs/eval-report.html
	$(BIN)/quotewell eval run eval/gold/articles-test.jsonl --write docs/evals.md --write README.md

# The halves of public sets that nothing was tuned on: make eval-public SETS=FOLDER. Indexes are kept in .eval/.
eval-public: $(INSTALLED)
	$(BIN)/quotewell eval run --test eval/gold/articles-test.jsonl $(wildcard $(SETS)/*/) --write docs/evals.md
	$(BIN)/quotewell eval fusion --test eval/gold/articles-test.jsonl $(wildcard $(SETS)/*/) --write docs/evals.md

gate: $(INSTALLED)
	$(BIN)/quotewell eval gate

widget:
	cd server/widget && npm ci --silent --no-audit --no-fund && npm run --silent build

bench: $(INSTALLED)
	$(BIN)/quotewell eval bench --write docs/evals.md

# Chromium for the browser tests: installed where that is allowed, else one line says what to do.
browser: $(INSTALLED)
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && echo "installing chromium for the browser tests" && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || echo "browser tests are skipped: install chromium (Debian: apt-get install chromium)"

# torch first and pinned: a later package that asks for any torch would otherwise bring gigabytes of CUDA. The rest by
# uv, in seconds instead of minutes; where uv cannot reach the registry as pip is told to, pip does it.
$(INSTALLED): pyproject.toml constraints.txt
	@echo "setting up .venv (once, some minutes)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile -c constraints.txt torch==2.13.0
	$(BIN)/pip install -q --no-compile -c constraints.txt uv
	UV_SYSTEM_CERTS=1 $(BIN)/uv pip install -q --python $(BIN)/python -c constraints.txt -e ".[test]" \
	  || $(BIN)/pip install -q -c constraints.txt -e ".[test]"
	@touch $@

clean:
	rm -rf .venv .index build *.egg-info
