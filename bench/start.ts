/**
 * The fixed cost of a job by phase: the processes of `run EXPERIMENT --iterations 1`, and what each phase takes of them.
 *
 *   pnpm bench:start [--experiment experiments/cnn.ts] [--engine onnx] [--rounds 8] [--data-dir data] [--json]
 *
 * The phases are the spans of the program (`spans.mjs` records them in the process). Figures are medians and, because other load
 * only adds, minima.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { median } from "./quartiles.ts"
import { cli } from "./untilIteration.ts"

const { values: options } = parseArgs({
  options: {
    experiment: { type: "string", default: "experiments/cnn.ts" },
    engine: { type: "string", default: "onnx" },
    rounds: { type: "string", default: "8" },
    "data-dir": { type: "string", default: "data" },
    json: { type: "boolean", default: false },
  },
})

/** A span, and when the process ended, in milliseconds from its start. */
interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Names that occur once in a run. `train` and `evaluate` are the first of theirs: the stage, and the validation split. */
const phases: ReadonlyArray<
  readonly [title: string, from: readonly [string, "from" | "to"], to: readonly [string, "from" | "to"]]
> = [
  ["Node.js, command line", ["process", "from"], ["run", "from"]],
  ["experiment file, in a thread; modules of training", ["run", "from"], ["startRun", "from"]],
  ["run directory, attempt", ["startRun", "from"], ["pipeline", "from"]],
  ["data: read, compared, split", ["pipeline", "from"], ["buildProgram", "from"]],
  ["network and initial weights", ["buildProgram", "from"], ["buildProgram", "to"]],
  ["tracing, sessions", ["buildProgram", "to"], ["eventOpening", "from"]],
  ["first events, first iteration", ["eventOpening", "from"], ["evaluate", "from"]],
  ["validation split", ["evaluate", "from"], ["evaluate", "to"]],
  ["metrics, checkpoint", ["evaluate", "to"], ["report", "from"]],
  ["test split, report", ["report", "from"], ["writeTestEvents", "to"]],
  ["report page and exit", ["writeTestEvents", "to"], ["process", "to"]],
]

const scratch = mkdtempSync(join(tmpdir(), "tidemark-start-"))
const file = join(scratch, "spans.json")
const recorder = fileURLToPath(new URL("spans.mjs", import.meta.url))
const measure = (): ReadonlyMap<string, Span> => {
  const places = ["--runs-dir", join(scratch, "runs"), "--data-dir", options["data-dir"]]
  const words = ["run", options.experiment, "--iterations", "1", "--engine", options.engine, ...places]
  execFileSync(process.execPath, ["--import", recorder, cli, ...words], {
    stdio: ["ignore", "ignore", "ignore"],
    // The recorder imports a module before the command line turns the compile cache on.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"), TIDEMARK_SPANS: file },
  })
  rmSync(join(scratch, "runs"), { recursive: true, force: true })
  const spans: ReadonlyArray<Span> = JSON.parse(readFileSync(file, "utf8"))
  const first = new Map<string, Span>()
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (!first.has(span.name)) first.set(span.name, span)
  }
  return first
}

const rounds: Array<ReadonlyMap<string, Span>> = []
try {
  measure()
  for (let round = 0; round < Number(options.rounds); round++) rounds.push(measure())
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

const at = (spans: ReadonlyMap<string, Span>, [name, end]: readonly [string, "from" | "to"]) => {
  const span = spans.get(name)
  if (span === undefined) throw new Error(`the process recorded no span ${name}`)
  return span[end]
}
const figuresOf = (of: (spans: ReadonlyMap<string, Span>) => number) => {
  const values = rounds.map(of)
  return { medianMs: Math.round(median(values)), leastMs: Math.round(Math.min(...values)) }
}
const rows = [
  ...phases.map(([phase, from, to]) => ({ phase, ...figuresOf((spans) => at(spans, to) - at(spans, from)) })),
  { phase: "first iteration after the command", ...figuresOf((spans) => at(spans, ["evaluate", "from"])) },
  { phase: "command to the result", ...figuresOf((spans) => at(spans, ["writeTestEvents", "to"])) },
  { phase: "command to exit", ...figuresOf((spans) => at(spans, ["process", "to"])) },
]
if (options.json) console.log(JSON.stringify(rows, undefined, 2))
else {
  console.log(`${options.experiment}, ${options.engine}: milliseconds, median and least of ${rounds.length}`)
  for (const { leastMs, medianMs, phase } of rows) {
    console.log(`${phase.padEnd(52)}${String(medianMs).padStart(6)}${String(leastMs).padStart(6)}`)
  }
}
