# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run view test lint bench clean

run: $(VENV)/.installed
	$(BIN)/streamlit run app.py

# Shows runs and computes none, without TensorFlow, in an environment of its own (docs/hosting.md).
# Not compiled beforehand: the bytecode of everything would take 163 MB more.
view: .venv-view/.installed
	.venv-view/bin/streamlit run app.py

.venv-view/.installed: requirements-view.txt
	$(PYTHON) -m venv .venv-view
	.venv-view/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
	  -r requirements-view.txt
	touch $@

# Two files at a time; three of those that look at a screen, which mostly wait; then, alone, what
# measures time. A process that dies at a test is not started again: it would die at the same test.
# Some hundred processes import shipdash, and compile it each where the environment keeps Python
# from storing bytecode.
BY_FILES := --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --durations=25
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.installed-dev chromium
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n 2 $(BY_FILES) -m "not browser"
	$(BIN)/python -m pytest -n 3 $(BY_FILES) -m "browser and not clock" \
	  tests/test_browser*.py tests/test_bench.py
	$(BIN)/python -m pytest --durations=25 -m "browser and clock" tests/test_browser*.py

# A run's parts, memory, growth, the server; all of it takes hours, so a part may be named:
#   make bench BENCH="--only machine,full --keep"
bench: $(VENV)/.installed-dev chromium
	$(BIN)/python -m benchmarks $(BENCH)

# Installed again whenever the requirements change.
$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Debian's own Chromium; sudo only where we are not root already.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq chromium; }

clean:
	rm -rf $(VENV) .venv-view
