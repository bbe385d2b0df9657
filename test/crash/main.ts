/**
 * `pnpm crash-test [--kills 200] [--seed 1] [--experiment FILE] [--iterations N] [--engine NAME] [--shorten]
 * [--ensemble [--jobs 2]] [--sweep [--jobs 2]]`: the proof that resume is exact, for anyone to run. `--shorten` makes an experiment measure and
 * save often enough for few iterations; `--ensemble` trains it with three seeds and kills parent, children, or all;
 * `--sweep` does so to the sweep of `test/fixtures/tinySweep.ts`. Exits with
 * 1 when any byte differs, and leaves those runs for looking at.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { crashTest } from "./crashTest.ts"
import { ensembleSubject, runSubject, sweepSubject } from "./subjects.ts"

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
    ensemble: { type: "boolean", default: false },
    sweep: { type: "boolean", default: false },
    jobs: { type: "string", default: "2" },
  },
})

const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
const what = {
  experiment: values.experiment,
  iterations: Number(values.iterations),
  scratch,
  shorten: values.shorten,
  ...(values.engine === undefined ? {} : { engine: values.engine }),
}
const jobs = Number(values.jobs)
const sweep = {
  sweep: "test/fixtures/tinySweep.ts",
  name: "tiny-rates",
  scratch,
  jobs,
  ...(values.engine === undefined ? {} : { engine: values.engine }),
}
const subject = values.sweep
  ? sweepSubject(sweep)
  : values.ensemble
    ? ensembleSubject({ ...what, jobs })
    : runSubject(what)
const { crashes, different, finished } = await crashTest({
  subject,
  kills: Number(values.kills),
  seed: Number(values.seed),
  scratch,
  say: (line) => console.log(line),
})
const counts = subject.targets.map((target) => {
  const hit = crashes.filter((crash) => crash.target === target)
  return `${hit.length} of the ${target}`
})
const early = crashes.filter(({ at }) => at === "no run yet").length
const name = values.sweep
  ? "a sweep"
  : values.ensemble
    ? `an ensemble of ${values.experiment}`
    : values.experiment
console.log(
  `${crashes.length} kills of ${name} (${counts.join(", ")}; seed ${values.seed}; ${early} before there was a run), ${finished} finished: ` +
    (different.length === 0
      ? "all with the same bytes"
      : `${different.length} DIFFER: ${different.join(", ")}`),
)
if (different.length === 0) rmSync(scratch, { recursive: true })
process.exitCode = different.length === 0 ? 0 : 1
