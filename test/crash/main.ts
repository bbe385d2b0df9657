/**
 * `pnpm crash-test [--kills 200] [--seed 1] [--experiment FILE] [--iterations N] [--engine NAME]
 * [--shorten]`: the proof that resume is exact, for anyone to run. `--shorten` makes an experiment measure and save often
 * enough for few iterations. Exits with 1 when any byte differs, and leaves those runs for looking at.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { crashTest } from "./crashTest.ts"

const { values } = parseArgs({
  // `pnpm crash-test -- --kills 5` hands the `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    experiment: { type: "string", default: "test/fixtures/tiny.ts" },
    iterations: { type: "string", default: "200" },
    engine: { type: "string" },
    shorten: { type: "boolean", default: false },
  },
})

const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
const { crashes, different, runs } = await crashTest({
  experiment: values.experiment,
  iterations: Number(values.iterations),
  kills: Number(values.kills),
  seed: Number(values.seed),
  scratch,
  shorten: values.shorten,
  ...(values.engine === undefined ? {} : { engine: values.engine }),
  say: (line) => console.log(line),
})
const early = crashes.filter(({ at }) => at === "no run yet").length
console.log(
  `${crashes.length} kills (seed ${values.seed}; ${early} before the run directory was there) over ${runs} runs of ${values.experiment}: ` +
    (different.length === 0
      ? "every run ended with the same bytes"
      : `${different.length} DIFFER: ${different.join(", ")}`),
)
if (different.length === 0) rmSync(scratch, { recursive: true })
process.exitCode = different.length === 0 ? 0 : 1
