#!/usr/bin/env bash
# Installs what is missing, builds the command, and flies through a world of models.
#
#   ./demo.sh [MODEL…] [-- OPTION…]
#
# MODEL: files or folders that assimp can load; without any, the models of Debian's assimp-testmodels. OPTION: for
# `flux view`, and stronger than the ones below. Needs no GPU: without one, a software driver draws.
set -euo pipefail
cd "$(dirname "$0")"

models=()
while (($# > 0)) && [[ $1 != -- ]]; do
  models+=("$1")
  shift
done
if (($# > 0)); then shift; fi
((${#models[@]} > 0)) || models=(/usr/share/assimp/models)

scripts/install_deps.sh
cmake --preset release
cmake --build --preset release --target flux --parallel "$(nproc)"

build/release/apps/flux/flux view "${models[@]}" --frames 240 --objects 8000 --size 1280x720 --verify --out flux-out "$@"
