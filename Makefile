# make serve   chat with the four articles at http://127.0.0.1:8000        make test   everything that CI runs
# make ask Q="…"   one answer        make eval   the articles' figures        make lint   style, types        make bench   speed
# make gate        is any figure worse than eval/baseline.json?     make widget   the chat's script, with Node
# make house       how many rooms, and how few meanings a word has  make coverage the share of lines that tests run
# make lock        requirements.lock, made anew from pyproject.toml           make rigs   attacks on a real server, in full
# make audit       what is known to be wrong with what is locked             make sbom   a list of all that is locked

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: serve ask test rigs clients engines lint coverage house eval eval-public gate bench peers browser docs widget lock audit sbom clean

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

# What the setting `store` and `index --workers ray` need, which is in no lock, and their suites; with QUOTEWELL_TEST_STORE=milvus+http://HOST:19530/NAME
# or another address over a server as well, whose collections of that name it replaces.
engines: $(INSTALLED)
	$(BIN)/pip install -q --no-build-isolation -e '.[milvus,postgres,ray]'
	$(BIN)/pip install -q --no-deps --require-hashes -r tests/postgres.txt \
	  || echo "no PostgreSQL server for this machine: its part of the suite is skipped"
	$(BIN)/python -m pytest -q tests/test_index_engines.py tests/test_index_shards.py

# Slower than `make test`, by what counting costs; commands that the tests start are counted too.
coverage: browser
	$(BIN)/python -m pytest -n 2 --dist loadscope -q --cov --cov-report=term:skip-covered

# What attacks a real server: about an hour of one processor. ROUNDS=5: some minutes; ROUNDS=1000: all there is, hours.
# `make test` has a small part of it. In pieces, each added to what was run of this code: make rigs ROUNDS=200 ONLY="kills or power"
rigs: $(INSTALLED)
	$(if $(ONLY),,@rm -f .rigs.jsonl)
	QUOTEWELL_ROUNDS=$(or $(ROUNDS),40) RIG_RECORD=$(CURDIR)/.rigs.jsonl \
	  $(BIN)/python -m pytest -q -m rig -k "$(ONLY)" -p no:cacheprovider --timeout=7200; status=$$?; \
	  $(BIN)/python -m tests.rigs.rig .rigs.jsonl docs/reliability.md docs/SECURITY.md; exit $$status

# Other people's clients against a real server, each installed in .clients/ (Open WebUI is 7 GB): make clients ONLY="llm mcp"
clients: $(INSTALLED)
	$(BIN)/python -m tests.clients.client $(ONLY)

house: $(INSTALLED)
	@$(BIN)/python tests/house.py

eval: $(INSTALLED)
	$(BIN)/quotewell eval run eval/gold/articles-dev.jsonl --out .eval/runs --write docs/evals.md
	$(BIN)/quotewell eval report .eval/runs/articles-dev.json --no-times --out .eval/report.html
	$(BIN)/quotewell eval run eval/gold/articles-test.jsonl --write docs/evals.md --write README.md

# The halves of public sets that nothing was tuned on: make eval-public SETS=FOLDER. Indexes are kept in .eval/.
eval-public: $(INSTALLED)
	$(BIN)/quotewell eval run --test eval/gold/articles-test.jsonl $(wildcard $(SETS)/*/) --write docs/evals.md
	$(BIN)/quotewell eval fusion --test eval/gold/articles-test.jsonl $(wildcard $(SETS)/*/) --write docs/evals.md

gate: $(INSTALLED)
	$(BIN)/quotewell eval gate

# The documents as a site, in build/site.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f docs/site/mkdocs.yml

widget:
	cd server/widget && npm ci --silent --no-audit --no-fund && npm run --silent build

bench: $(INSTALLED)
	$(BIN)/quotewell eval bench --write docs/benchmarks.md
	$(BIN)/quotewell eval growth --size 1000 --size 3000 --size 10000 --plot docs/growth.svg \
	  --write docs/benchmarks.md

# Beside other ways to search, each installed in .peers/ (some gigabytes): make peers SET=FOLDER, a public set.
peers: $(INSTALLED)
	UV_SYSTEM_CERTS=1 $(BIN)/quotewell eval peers $(SET) --write docs/benchmarks.md

# Chromium for the browser tests: installed where that is allowed, else one line says what to do.
browser: $(INSTALLED)
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && echo "installing chromium for the browser tests" && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || echo "browser tests are skipped: install chromium (Debian: apt-get install chromium)"

# Every file is checked against its hash in the lock, by uv, in seconds instead of minutes; where uv cannot reach the
# registry as pip is told to, pip does it. torch is pinned and not locked: which build there is depends on the machine.
$(INSTALLED): pyproject.toml requirements.lock
	@echo "setting up .venv (once, some minutes)"
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock | $(BIN)/pip install -q --no-compile --require-hashes -r /dev/stdin
	UV_SYSTEM_CERTS=1 $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements.lock \
	  || $(BIN)/pip install -q --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install -q --no-compile torch==2.13.0
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

# What is locked stays as it is as long as pyproject.toml allows; newer: make lock LOCK=--upgrade, or --upgrade-package=NAME.
lock: $(INSTALLED)
	UV_SYSTEM_CERTS=1 $(BIN)/uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-annotate \
	  --no-emit-package torch --custom-compile-command "make lock" -q -o requirements.lock $(LOCK)

# What is known to be wrong with what is locked, and a list of all of it (CycloneDX). Both need the network, so that
# they are no part of `make test`.
audit: $(INSTALLED)
	UV_SYSTEM_CERTS=1 $(BIN)/uv tool run --from pip-audit==2.10.1 pip-audit -r requirements.lock --require-hashes --disable-pip

sbom: $(INSTALLED)
	UV_SYSTEM_CERTS=1 $(BIN)/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --of JSON -o sbom.json

clean:
	rm -rf .venv .index build *.egg-info .coverage*
