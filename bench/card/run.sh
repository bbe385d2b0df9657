#!/usr/bin/env bash
# On the machine with the card, in the checkout: bash bench/card/run.sh [doctor|bench|peers|cnn|fast|killed ...]; all in less than
# ten minutes. Prints and keeps in $OUT what doctor finds, images a second of our engine and of PyTorch and JAX beside it, and two whole
# trainings. For a trial without a card: ITERATIONS, BATCHES and SECONDS_EACH are small, and DEVICE is cpu.
here=$(cd "$(dirname "$0")" && pwd)
carried=${CARRIED:-$PWD/.scratch/card}
OUT=${OUT:-/tmp/card}
steps=${*:-doctor bench peers cnn fast killed}
device=${DEVICE:-gpu}
budget=${ITERATIONS:+--iterations $ITERATIONS}
mkdir -p "$OUT"
if [ ! -e node_modules ]; then
  python3 -c "import sys, tarfile; tarfile.open(sys.argv[1]).extractall('.')" "$carried/app.tar.xz"
  mv node "$carried/node"
fi
node=$carried/node
[ -x "$node" ] || node=$(command -v node)
if ! ldconfig -p | grep -q libvulkan.so.1 && ls "$carried"/*.deb > /dev/null 2>&1 && [ "$(id -u)" = 0 ] && [ -z "$VK_DRIVER_FILES" ]; then
  for package in "$carried"/*.deb; do dpkg -x "$package" /; done
  ldconfig
fi
icd=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -e $icd ] && [ -z "$VK_DRIVER_FILES" ]; then
  export VK_DRIVER_FILES=$icd __EGL_VENDOR_LIBRARY_FILENAMES=/usr/local/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json
fi
began=$(date +%s)
# NAME LIMIT COMMAND...: a limited step, whose output is kept and whose failure ends nothing.
step() {
  local name=$1 limit=$2 start=$(date +%s.%N)
  shift 2
  [[ " $steps " == *" ${name%%-*} "* ]] || return 0
  echo "== $name"
  timeout --signal INT --kill-after 20 "$limit" "$@" 2>&1 | tee "$OUT/$name.txt"
  echo "== $name: exit code ${PIPESTATUS[0]} after $(echo "$(date +%s.%N) - $start" | bc 2> /dev/null || echo "$(($(date +%s) - ${start%.*}))") s" | tee -a "$OUT/summary.txt"
}
pipeline() { "$node" cli/start.mjs "$@" --runs-dir "$OUT/runs" --data-dir "$OUT/data"; }
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | tee "$OUT/card.txt"
step doctor 40 "$node" cli/start.mjs doctor
step bench 150 "$node" bench/gpu.ts experiments/cnn.ts --batches "${BATCHES:-100,1000}" --seconds "${SECONDS_EACH:-3}"
step peers-reference 60 "$node" bench/card/reference.ts "$OUT/reference"
step peers 170 python3 "$here/peers.py" "$OUT/reference" "${SECONDS_EACH:-2}"
export -f pipeline
export node OUT
step cnn 130 bash -c "pipeline run experiments/cnn.ts --device $device $budget"
# Twice: the second one finds what drivers cache of shaders.
step fast-1 60 bash -c "pipeline run experiments/cnn-fast.ts --device $device $budget"
step fast-2 40 bash -c "pipeline run experiments/cnn-fast.ts --device $device $budget"
step killed 90 bash "$here/killed.sh" "$node" "$OUT/kills" "$device"
rm -rf "$OUT/data" "$OUT/kills"
tar -C "$OUT" -czf "$OUT/runs.tar.gz" --exclude checkpoints runs 2> /dev/null && rm -rf "$OUT/runs"
echo "== all after $(($(date +%s) - began)) s"
cat "$OUT/summary.txt"
