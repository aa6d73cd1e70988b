# Every chore of Ward. `make help` lists them. A fresh Debian machine with the Rust toolchain and a C compiler is enough.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Debian packages that the tests need: strace checks the order of system calls, python3-cryptography carries the
# third implementation of the format, g++ compiles the fuzzing runtime, poppler-utils reads PDF files with the tables of
# poppler-data, postgresql is the other database (tests start servers of their own from its programs), chromium with its
# driver and fonts-noto-cjk for Chinese is the browser in which pages are used, python3-venv holds what drives it and what
# asks the API, faketime brings the server's clock on meanwhile, rsyslog sends lines as it does everywhere, over TLS and
# RELP as well; so does syslog-ng, which is unpacked and not installed. logrotate turns files over, systemd writes and reads
# journals, zstd packs, softflowd exports flows and nfdump is another who collects them, dnsmasq (its base alone: nothing of
# it starts by itself) says what addresses are called. snmptrapd receives traps and informs, python3-aiosmtpd mail. Sensors
# are read of snmpd, of nut-server with its dummy driver (libnss3-tools puts its certificate into a database), of a
# controller by python3-pymodbus (with the serial packages that it asks for), of what mosquitto publishes; iproute2 sets up a
# network in which pings are allowed, and those between which nftables and conntrack stop what is denied; openssh-server is
# the way to a firewall of another kind. slapd is the directory that units and people are read from; tests run their own,
# and the one that Debian begins is not asked.
# fonts-cns11643-kai is the font of papers, zbar-tools reads the codes on them.
# `make run` needs none; without poppler it does not find the text of attached PDF files, without a Chinese font it prints
# nothing and says how one is installed (docs/howto/print-forms.md).
PACKAGES := chromium chromium-driver conntrack dnsmasq-base faketime fonts-cns11643-kai fonts-noto-cjk g++ iproute2 \
  libnss3-tools logrotate mosquitto mosquitto-clients nfdump nftables nut-server oathtool openssh-server poppler-data \
  poppler-utils postgresql python3-aiosmtpd python3-cryptography python3-fido2 python3-pymodbus \
  python3-serial-asyncio python3-venv rsyslog rsyslog-gnutls rsyslog-relp slapd snmpd snmptrapd softflowd strace systemd \
  systemd-journal-remote zbar-tools zstd
# What pages load is chosen and compressed by node; npm brings it by its lock file. `make run` needs both, too.
ASSETS := crates/web/assets

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ward
export CARGO_TARGET_DIR ?= $(CACHE)/target
export PATH := $(CACHE)/bin:$(PATH)
DATA ?= ward-data
LISTEN ?= 127.0.0.1:8440
FUZZ_SECONDS ?= 10
PYTHON := $(CACHE)/python
PEERS := $(CACHE)/peers
SYSLOG_NG := $(CACHE)/syslog-ng
AXE := $(CACHE)/axe
WARD := $(CARGO_TARGET_DIR)/release/ward

.PHONY: help
help: ## 列出所有工作 · list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: run
run: release ## 建置並啟動 Ward，必要時先建立帳本並發布隨附規範 · build Ward, make a ledger and publish the pack if there is none, serve
	@if [ ! -e $(DATA) ]; then \
	  echo "「$(DATA)」尚不存在，現在建立新帳本 · $(DATA) does not exist yet: creating a new ledger"; \
	  echo "+ ward ledger init --data $(DATA)"; \
	  $(WARD) ledger init --data $(DATA); \
	  echo "+ ward pack publish --data $(DATA)"; \
	  $(WARD) pack publish --data $(DATA); \
	fi
	@echo "+ ward serve --data $(DATA) --listen $(LISTEN)"
	@$(WARD) serve --data $(DATA) --listen $(LISTEN)

.PHONY: demo
demo: release ## 建置並啟動示範城市，可以任何人之身分進入 · build Ward, make a sample city where there is none, serve it to be entered as anybody
	@echo "+ ward demo"
	@$(WARD) demo

.PHONY: test
test: packages toolchain assets fmt tidy clippy doc third unit deploy api browser fuzz ## 持續整合所做的全部檢查 · all that continuous integration checks

.PHONY: soak
soak: packages toolchain assets syslog-ng ## 長時間迴圈：中斷、種子、模糊測試 · the long loops: kill -9, seeds, fuzzing
	WARD_SOAK=1 cargo test --locked --release --workspace
	$(MAKE) fuzz FUZZ_SECONDS=600

.PHONY: bench-ledger
bench-ledger: release ## 量測帳本速度，附記於 bench/RESULTS.md · measure the ledger, append to bench/RESULTS.md
	@mkdir -p bench
	@{ printf '\n## Ledger, %s, commit %s\n\n    make bench-ledger\n\n```\n' "$$(date -u +%F)" "$$(git rev-parse --short HEAD)"; \
	  $(WARD) bench ledger --data "$$(mktemp -d -p $(CARGO_TARGET_DIR))"; echo '```'; } | tee -a bench/RESULTS.md

.PHONY: bench-casework
bench-casework: release ## 量測案件與資料表，附記於 bench/RESULTS.md · measure casework and tables, append to bench/RESULTS.md
	@mkdir -p bench
	@{ printf '\n## Casework, %s, commit %s\n\n    make bench-casework\n\n```\n' "$$(date -u +%F)" "$$(git rev-parse --short HEAD)"; \
	  $(WARD) bench casework --data "$$(mktemp -d -p $(CARGO_TARGET_DIR))/city"; echo '```'; } | tee -a bench/RESULTS.md

.PHONY: bench-web
bench-web: release ## 量測網頁，附記於 bench/RESULTS.md · measure the pages, append to bench/RESULTS.md
	@mkdir -p bench
	@{ printf '\n## Pages, %s, commit %s\n\n    make bench-web\n\n```\n' "$$(date -u +%F)" "$$(git rev-parse --short HEAD)"; \
	  $(WARD) bench web --data "$$(mktemp -d -p $(CARGO_TARGET_DIR))/city"; echo '```'; } | tee -a bench/RESULTS.md

.PHONY: bench-watch
bench-watch: release ## 量測監看規則，附記於 bench/RESULTS.md；SIGMA_RULES 指明公開 Sigma 規則之資料夾 · measure the rules, append to bench/RESULTS.md; SIGMA_RULES names a folder of public rules
	@mkdir -p bench
	@cargo build --locked --release -p watch --example bench
	@cargo build --locked --release -p respond --example enforce_bench
	@{ printf '\n## Rules, %s, commit %s\n\n    make bench-watch\n\n```\n' "$$(date -u +%F)" "$$(git rev-parse --short HEAD)"; \
	  $(CARGO_TARGET_DIR)/release/examples/bench $(SIGMA_RULES); \
	  $(WARD) bench watch --data "$$(mktemp -d -p $(CARGO_TARGET_DIR))"; \
	  $(CARGO_TARGET_DIR)/release/examples/enforce_bench; echo '```'; } | tee -a bench/RESULTS.md

.PHONY: bench-telemetry
bench-telemetry: release peers ## 量測紀錄之接收與保存，與他種工具同場比較，附記於 bench/RESULTS.md · measure lines received and kept, peers beside, append to bench/RESULTS.md
	@mkdir -p bench
	@{ printf '\n## Lines, %s, commit %s\n\n    make bench-telemetry\n\n```\n' "$$(date -u +%F)" "$$(git rev-parse --short HEAD)"; \
	  $(WARD) bench telemetry --data "$$(mktemp -d -p $(CARGO_TARGET_DIR))" --python $(PEERS)/bin/python; echo '```'; } | tee -a bench/RESULTS.md

.PHONY: peers
peers: ## 備妥比較用之 ClickHouse（rsyslog 另以 apt 安裝）· fetch ClickHouse to compare with (rsyslog is Debian's)
	@cmp --silent bench/requirements.txt $(PEERS)/requirements.txt && exit 0; \
	rm -rf $(PEERS); /usr/bin/python3 -m venv $(PEERS); \
	echo "+ pip install --require-hashes --requirement bench/requirements.txt"; \
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --requirement bench/requirements.txt; \
	cp bench/requirements.txt $(PEERS)/

.PHONY: release
release: assets
	cargo build --locked --release --package ward

.PHONY: assets
assets: node ## 備妥網頁資源：依鎖定檔取得、選用、壓縮 · what pages load: fetched by lock file, chosen, compressed
	@node $(ASSETS)/build.mjs check $(CACHE)/assets && exit 0; \
	mkdir -p $(CACHE)/npm; cp $(ASSETS)/package.json $(ASSETS)/package-lock.json $(CACHE)/npm/; \
	echo "+ npm ci --ignore-scripts"; \
	(cd $(CACHE)/npm && npm ci --ignore-scripts --no-audit --no-fund); \
	node $(ASSETS)/build.mjs build $(CACHE)/npm/node_modules $(CACHE)/assets

.PHONY: fmt
fmt: ## 檢查排版 · check the formatting
	cargo fmt --all --check

.PHONY: tidy
tidy: ## 檢查專案規約 · check the house rules
	cargo xtask tidy

.PHONY: clippy
clippy: assets ## 靜態檢查，警告視為錯誤 · lints, warnings are errors
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: doc
doc: assets ## 產生程式文件，不容警告 · build the documentation, no warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

.PHONY: unit
unit: assets syslog-ng ## 執行測試，含短回合的當機迴圈 · run the tests, a short crash loop among them
	cargo test --locked --workspace

.PHONY: api
api: packages assets python ## 依介面規格測試應用程式介面 · ask the API whatever its description allows, and what it does not
	cargo test --locked --workspace --no-run
	cd tests/api; WARD=$(CARGO_TARGET_DIR)/debug/ward $(PYTHON)/bin/python -m unittest discover --verbose

# Of each page a picture lies beside its paper.
.PHONY: papers
papers: packages assets ## 產製全部表單（空白及填滿）供檢視 · every form, empty and filled to the brim, to be looked at
	@mkdir -p $(CARGO_TARGET_DIR)/papers
	WARD_PAPERS=$(abspath $(CARGO_TARGET_DIR))/papers cargo test --locked -p web --test pages -- every_register_has_its_empty_form
	cd $(CARGO_TARGET_DIR)/papers; for paper in *.pdf; do pdftoppm -r 60 -png "$$paper" "$${paper%.pdf}"; done
	@echo "$(CARGO_TARGET_DIR)/papers"

# The pictures and pages that the browser has kept lie under the target folder after the run.
.PHONY: browser
browser: packages assets python axe ## 於瀏覽器操作並檢視各頁，留存畫面 · use the pages in a browser, keep pictures of them
	cargo test --locked --workspace --no-run
	cd tests/browser; WARD=$(abspath $(CARGO_TARGET_DIR))/debug/ward SHOTS=$(abspath $(CARGO_TARGET_DIR))/browser \
	  AXE=$(AXE)/node_modules/axe-core/axe.min.js $(PYTHON)/bin/python -B -m unittest discover --verbose

# The test of the manual takes them; what it has taken is put into the book, which the program embeds.
.PHONY: manual-pictures
manual-pictures: packages assets python axe ## 產製使用手冊之畫面 · pictures of the manual, taken in a browser
	cargo build --locked --package ward
	cd tests/browser; WARD=$(abspath $(CARGO_TARGET_DIR))/debug/ward SHOTS=$(abspath $(CARGO_TARGET_DIR))/browser \
	  AXE=$(AXE)/node_modules/axe-core/axe.min.js $(PYTHON)/bin/python -B -m unittest --verbose test_manual -k pictures_of
	cp $(CARGO_TARGET_DIR)/browser/manual/*.webp docs/manual/pictures/

# What tests in Python take beside Debian's own, by its lock file, in a place of its own.
.PHONY: python
python: packages
	@cmp --silent tests/browser/requirements.txt $(PYTHON)/requirements.txt && exit 0; \
	rm -rf $(PYTHON); /usr/bin/python3 -m venv $(PYTHON); \
	echo "+ pip install --require-hashes --requirement tests/browser/requirements.txt"; \
	$(PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes \
	  --requirement tests/browser/requirements.txt; \
	cp tests/browser/requirements.txt $(PYTHON)/

# The rules of accessibility that run within a page, by their lock file.
.PHONY: axe
axe: node
	@cmp --silent tests/browser/package-lock.json $(AXE)/installed.json && exit 0; \
	rm -rf $(AXE); mkdir -p $(AXE); cp tests/browser/package.json tests/browser/package-lock.json $(AXE)/; \
	echo "+ npm ci --ignore-scripts"; (cd $(AXE) && npm ci --ignore-scripts --no-audit --no-fund); \
	cp tests/browser/package-lock.json $(AXE)/installed.json

.PHONY: third
third: ## 測試第三種實作 (Python) · test the third implementation of the format
	/usr/bin/python3 -m unittest discover --start-directory tests/third

.PHONY: deploy
deploy: packages assets ## 測試服務單元檔、備份與還原演練 · test units, backups and drills with the real program
	cargo test --locked --workspace --no-run
	WARD=$(CARGO_TARGET_DIR)/debug/ward /usr/bin/python3 -B -m unittest discover --start-directory tests/deploy

.PHONY: fuzz
fuzz: cargo-fuzz ## 每個目標模糊測試 FUZZ_SECONDS 秒 · fuzz each target for FUZZ_SECONDS seconds
	@cd fuzz; export CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/fuzz; \
	targets=$$(cargo fuzz list); [ -n "$$targets" ] || { echo "fuzz/Cargo.toml names no target"; exit 1; }; \
	cargo fuzz build --sanitizer none; \
	for target in $$targets; do \
	  echo "fuzz $$target: $(FUZZ_SECONDS) s"; \
	  cargo fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1; \
	done

.PHONY: cargo-fuzz
cargo-fuzz:
	@command -v cargo-fuzz >/dev/null || \
	  CARGO_TARGET_DIR=$(CACHE)/install cargo install cargo-fuzz --locked --version 0.13.2 --root $(CACHE)

# Root installs what is missing; anyone else is told the one line that does.
INSTALL = install="apt-get update && apt-get install -y --no-install-recommends$$missing"; \
	if [ "$$(id -u)" != 0 ]; then \
	  echo "缺少套件，請先執行 · packages are missing, run this first:"; \
	  echo "  sudo sh -c '$$install'"; exit 2; \
	fi; \
	echo "+ $$install"; DEBIAN_FRONTEND=noninteractive sh -c "$$install"

.PHONY: packages
packages:
	@command -v dpkg-query >/dev/null || \
	  { echo "本機不是 Debian，請自行安裝 · not a Debian machine, install yourself: $(PACKAGES)"; exit 0; }; \
	missing=; for name in $(PACKAGES); do \
	  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$name 2>/dev/null)" = installed ] || missing+=" $$name"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	$(INSTALL)

# Debian lets nobody install syslog-ng beside rsyslog, so that its packages are unpacked into a place of their own.
.PHONY: syslog-ng
syslog-ng: packages
	@[ ! -x $(SYSLOG_NG)/syslog-ng ] || exit 0; \
	command -v apt-get >/dev/null || \
	  { echo "本機不是 Debian，請自行安裝 · not a Debian machine, install yourself: syslog-ng"; exit 0; }; \
	rm -rf $(SYSLOG_NG) $(SYSLOG_NG).new; mkdir -p $(SYSLOG_NG).new; cd $(SYSLOG_NG).new; \
	names() { apt-get install --simulate --no-install-recommends syslog-ng-core | sed -n 's/^Inst \([^ ]*\).*/\1/p'; }; \
	[ -n "$$(names)" ] || apt-get update; \
	echo "+ apt-get download" $$(names); apt-get download -qq $$(names); \
	for package in *.deb; do dpkg -x $$package unpacked; rm $$package; done; \
	mkdir lib; find unpacked -name 'lib*.so*' -exec mv -t lib {} +; mv unpacked/usr/sbin/syslog-ng .; \
	rm -r unpacked; mv $(SYSLOG_NG).new $(SYSLOG_NG)

# Whichever node and npm the machine has will do; Debian's are installed where there are none.
.PHONY: node
node:
	@missing=; command -v node >/dev/null || missing+=" nodejs"; command -v npm >/dev/null || missing+=" npm"; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || \
	  { echo "本機不是 Debian，請自行安裝 · not a Debian machine, install yourself:$$missing"; exit 2; }; \
	$(INSTALL)

.PHONY: toolchain
toolchain:
	@cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 || \
	  { echo "請先執行 · run this first: rustup component add clippy rustfmt"; exit 2; }
