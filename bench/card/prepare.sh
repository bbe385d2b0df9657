#!/usr/bin/env bash
# What is carried to a machine with a graphics card that reaches no network: bash bench/card/prepare.sh, in a checkout after
# `pnpm install`. Makes .scratch/card/: one archive of about 60 MB (Node.js, the packages that training needs, MNIST), and
# Debian's Vulkan loader. Linux on x64; needs strip, xz, and apt-get for the loader.
set -euo pipefail
to=$PWD/.scratch/card
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
rm -rf "$to" && mkdir -p "$to" "$made/app"
cp package.json pnpm-lock.yaml pnpm-workspace.yaml "$made/app/"
(cd "$made/app" && npx -y pnpm@10 install --prod --frozen-lockfile --ignore-scripts --prefer-offline --package-import-method copy)
cp -L node_modules/node/bin/node "$made/app/node"
rm "$made/app/"{package.json,pnpm-lock.yaml,pnpm-workspace.yaml}
cd "$made/app/node_modules/.pnpm"
# Other platforms, TensorFlow, and what no training reads.
rm -rf @tensorflow+tfjs-node-gpu* @tensorflow+tfjs@* @tensorflow+tfjs-backend-webgl* @tensorflow+tfjs-converter* @tensorflow+tfjs-data* \
  core-js@* @types+* undici@* @redis* @img+sharp*linuxmusl*
find onnxruntime-node@*/node_modules/onnxruntime-node/bin -mindepth 2 -maxdepth 2 -type d ! -name linux -exec rm -rf {} +
find onnxruntime-node@*/node_modules/onnxruntime-node/bin/*/linux -mindepth 1 -maxdepth 1 -type d ! -name x64 -exec rm -rf {} +
find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' -o -name '*.min.js' -o -name '*_test.js' -o -name '*.fesm.js' \
  -o -name '*.es2017.js' -o -name 'httpApiScalar.js' -o -name 'httpApiSwagger.js' \) -delete
rm -rf effect@*/node_modules/effect/{src,ai-docs}
strip -s "$made/app/node" onnxruntime-node@*/node_modules/onnxruntime-node/bin/*/linux/x64/libonnxruntime.so.1
cd "$made/app"
tar -c . | xz -T0 --x86 --lzma2="preset=${LEVEL:-9}" > "$to/app.tar.xz"
if command -v apt-get > /dev/null; then
  (cd "$to" && apt-get download libvulkan1 libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2) || echo "no Vulkan loader is carried: the machine needs its own"
fi
du -sh "$to"
