/**
 * `pnpm fuzz [--minutes 1] [--seed 1] [--target NAME] [--case N]`: wrong files, images and experiments by the thousand. Exits
 * with 1 if any of them crashes the program, is taken in with a trace, or takes longer than 20 s; the inputs are kept.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { fuzzTarget } from "./fuzz.ts"
import { makeTargets } from "./targets.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    target: { type: "string" },
    /** This case alone: as a crash names it. */
    case: { type: "string" },
  },
})

const scratch = mkdtempSync(join(tmpdir(), "tidemark-fuzz-"))
const every = await makeTargets(scratch)
const chosen = every.filter(({ name }) => values.target === undefined || name === values.target)
if (chosen.length === 0) {
  console.error(
    `there is no target ${values.target}, expected one of ${every.map(({ name }) => name).join(", ")}`,
  )
  process.exit(64)
}
const minutes = Number(values.minutes)
let crashes = 0
for (const [i, target] of chosen.entries()) {
  // Commands on stored files take a hundred times as long as the others: they get half of the time.
  const share = chosen.length === 1 ? 1 : i === 0 ? 0.5 : 0.5 / (chosen.length - 1)
  const single = values.case === undefined ? undefined : Number(values.case)
  const tally = await fuzzTarget(target, {
    seed: Number(values.seed),
    scratch: join(scratch, target.name.replaceAll(" ", "-")),
    first: single ?? 0,
    cases: single === undefined ? Number.POSITIVE_INFINITY : 1,
    untilMs: performance.now() + share * minutes * 60_000,
  })
  const { accepted, cases, longestMs, refused } = tally
  console.log(
    `${target.name}: ${cases} cases, ${accepted} accepted, ${refused} refused, ${tally.crashes.length} crashed; the longest took ${Math.round(longestMs)} ms`,
  )
  for (const { detail, number } of tally.crashes) {
    console.log(`  case ${number}: ${detail.split("\n").slice(0, 12).join("\n    ")}`)
  }
  crashes += tally.crashes.length
}
if (crashes === 0) rmSync(scratch, { recursive: true, force: true })
else console.log(`the inputs are in ${scratch}`)
process.exitCode = crashes === 0 ? 0 : 1
