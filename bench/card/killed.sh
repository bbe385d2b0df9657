#!/usr/bin/env bash
# The same training whole, and killed twice and resumed: bash bench/card/killed.sh NODE FOLDER DEVICE. Exit code 0: checkpoints,
# metrics and predictions have the same bytes. AFTER is the iteration of the first checkpoint after which each kill comes.
node=$1 folder=$2 device=$3
experiment=$(dirname "$0")/killed.ts
mkdir -p "$folder"
train() { exec "$node" cli/start.mjs run "$experiment" --device "$device" --runs-dir "$folder/$1" --data-dir "$folder/data"; }
newest() { ls "$folder/killed"/*/checkpoints 2> /dev/null | grep -o '[0-9]*' | tail -n 1 | sed 's/^0*//'; }
digests() { (cd "$folder/$1"/*/ && find checkpoints metrics.ndjson predictions.safetensors -type f -exec sha256sum {} + | sort -k 2); }
(train whole) > "$folder/whole.txt" 2>&1 || exit
tail -n 2 "$folder/whole.txt"
(train killed) > "$folder/killed.txt" 2>&1 &
process=$!
for after in ${AFTER:-400 1000}; do
  until [ "$(newest || true)" -ge "$after" ] 2> /dev/null || ! kill -0 $process 2> /dev/null; do sleep 0.05; done
  kill -KILL $process && echo "killed after iteration $(newest)"
  wait $process 2> /dev/null
  "$node" cli/start.mjs resume latest --runs-dir "$folder/killed" > "$folder/killed.txt" 2>&1 &
  process=$!
done
wait $process || exit
tail -n 2 "$folder/killed.txt"
diff <(digests whole) <(digests killed) && echo "$(digests whole | wc -l) files with the same bytes"
