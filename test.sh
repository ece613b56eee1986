#!/usr/bin/env bash
# Installs what is missing, builds the release preset, runs every test.
#
#   ./test.sh            everything, in minutes
#   ./test.sh --quick    without the tests that need a Vulkan driver
#   ./test.sh --all      everything, then an hour of the pool's soak, the fuzzers and the models with --long, in hours
#
# The last line is "N passed, N failed"; the exit code is 0 if nothing failed.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/steps.sh
source scripts/steps.sh

selection=()
soak=false
case "${1-}" in
  "") ;;
  --quick) selection=(--label-exclude gpu) ;;
  --all) soak=true ;;
  *) echo "test.sh: unknown option $1 (--quick or --all)" >&2; exit 2 ;;
esac

step "packages" scripts/install_deps.sh --tests || { summary; exit 1; }
if step "build release" build release; then
  run_tests release "${selection[@]}"
  if $soak; then
    step "soak of the pool" env FLUX_SOAK=1 build/release/tests/pool/flux_pool_soak_test || true
    step "packages of the fuzzers" scripts/install_deps.sh --all && step "fuzzers, an hour each" scripts/fuzz.sh 3600 || true
    step "clang-tidy with the analyzer" scripts/tidy.sh || true
    step "models, far beyond the exhaustive bounds" scripts/check_model.sh --long || true
  fi
fi
summary
