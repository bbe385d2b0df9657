/**
 * What a crash test kills: a run, an ensemble whose members train in processes of their own, or a sweep with its trials. Each says how it is started
 * again until it is done, which processes may be killed, and what must be equal to the byte at the end.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { type Running, start } from "../fixtures/cli.ts"
import { descendants } from "../fixtures/descendants.ts"
import { digest, onlyRun, reached, resultOf } from "../fixtures/runFiles.ts"

export interface Subject {
  /** Starts it, or resumes what is in the folder. */
  readonly begin: (runsDir: string) => Running
  /** What a kill can hit. */
  readonly targets: ReadonlyArray<Target>
  /** How far it is, for the record of a kill. */
  readonly at: (runsDir: string) => string
  readonly result: (runsDir: string) => unknown
}

/** The process that was started, one of its children, or all at once. */
export type Target = "parent" | "child" | "all"

export interface SubjectOptions {
  readonly experiment: string
  readonly iterations: number
  /** Where data and written files go. */
  readonly scratch: string
  readonly engine?: string
  /** Measure and save often enough for a run this short, whatever the experiment says. */
  readonly shorten?: boolean
}

const runsIn = (runsDir: string): ReadonlyArray<string> =>
  existsSync(runsDir) ? readdirSync(runsDir).filter((name) => /^\d{8}T/.test(name)) : []

/** Kills that target below a process; returns which one was there to be killed. */
export const kill = (pid: number, target: Target, draw: () => number): Target => {
  const children = descendants(pid)
  if (target === "child" && children.length > 0) {
    process.kill(children[Math.floor(draw() * children.length)], "SIGKILL")
    return target
  }
  // The parent first: it must not see how its children ended.
  process.kill(pid, "SIGKILL")
  if (target !== "all") return "parent"
  for (const child of children) process.kill(child, "SIGKILL")
  return target
}

/** Writes an experiment file that is the given one with cadences for a few iterations. */
const shortened = ({ experiment, iterations, scratch }: SubjectOptions) => {
  const every = (part: number) => Math.max(1, Math.floor(iterations / part))
  const file = join(scratch, "shortened.ts")
  writeFileSync(
    file,
    `import whole from ${JSON.stringify(resolve(experiment))}\n` +
      `export default { ...whole, recordEvery: ${every(20)}, evaluateEvery: ${every(4)}, checkpointEvery: ${every(10)} }\n`,
  )
  return file
}

const flags = ({ engine, iterations, scratch }: SubjectOptions, runsDir: string) => [
  "--iterations",
  String(iterations),
  "--runs-dir",
  runsDir,
  "--data-dir",
  join(scratch, "data"),
  ...(engine === undefined ? [] : ["--engine", engine]),
]

export const runSubject = (options: SubjectOptions): Subject => {
  const file = options.shorten === true ? shortened(options) : options.experiment
  return {
    begin: (runsDir) =>
      runsIn(runsDir).length === 0
        ? start("run", file, ...flags(options, runsDir))
        : start("resume", "latest", "--runs-dir", runsDir),
    targets: ["parent"],
    at: (runsDir) => {
      const [run] = runsIn(runsDir)
      return run === undefined ? "no run yet" : `checkpoint ${reached(join(runsDir, run))}`
    },
    result: (runsDir) => resultOf(onlyRun(runsDir)),
  }
}

/** A member in the ensemble's report without what may differ: its run's name and how long it took. */
const withoutNameAndTime = (member: Record<string, unknown>) => {
  const { run: _, trainMs: __, ...same } = member
  return same
}

/** An ensemble of the experiment with seeds 0, 1, …, that many members at once. */
export const ensembleSubject = (options: SubjectOptions & { readonly jobs: number }): Subject => {
  const member = options.shorten === true ? shortened(options) : resolve(options.experiment)
  const file = join(options.scratch, "ensemble.ts")
  mkdirSync(options.scratch, { recursive: true })
  writeFileSync(
    file,
    `import member from ${JSON.stringify(member)}\n` +
      `export default { name: "crashes", members: [0, 1, 2].map((seed) => ({ ...member, seed })) }\n`,
  )
  return {
    begin: (runsDir) => start("run", file, ...flags(options, runsDir), "--jobs", String(options.jobs)),
    targets: ["parent", "child", "all"],
    at: (runsDir) => {
      const runs = runsIn(runsDir).map((run) => reached(join(runsDir, run)))
      return runs.length === 0 ? "no run yet" : `checkpoints ${runs.join(", ")}`
    },
    result: (runsDir) => {
      const folder = join(runsDir, "ensembles", `crashes-${options.iterations}-iterations`)
      const { members, ...report } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"))
      const runs = runsIn(runsDir).map((run) => ({
        seed: JSON.parse(readFileSync(join(runsDir, run, "run.json"), "utf8")).experiment.seed,
        ...resultOf(join(runsDir, run)),
      }))
      return {
        report,
        members: members.map(withoutNameAndTime),
        predictions: digest(readFileSync(join(folder, "predictions.safetensors"))),
        runs: runs.toSorted((a, b) => a.seed - b.seed),
      }
    },
  }
}

/** A record or a result of a sweep without the names of runs, which have times. */
const withoutRuns = (text: string) => text.replaceAll(/\d{8}T\d{6}Z-/g, "")

/** What all runs of a sweep left: the finished ones whole, and the metrics of those that were pruned or not tested. */
const trialResult = (run: string) => {
  const folder = join(run, "metrics")
  const [attempt] = existsSync(folder) ? readdirSync(folder).toSorted().toReversed() : []
  const metrics = attempt === undefined ? join(run, "metrics.ndjson") : join(folder, attempt)
  return existsSync(join(run, "report.json"))
    ? resultOf(run)
    : { reached: reached(run), metrics: readFileSync(metrics, "utf8") }
}

/** A sweep, with so many trials at once; its file has its own budget. */
export const sweepSubject = (options: {
  readonly sweep: string
  readonly name: string
  readonly scratch: string
  readonly jobs: number
  readonly engine?: string
}): Subject => ({
  begin: (runsDir) =>
    start(
      "sweep",
      options.sweep,
      "--runs-dir",
      runsDir,
      "--data-dir",
      join(options.scratch, "data"),
      "--jobs",
      String(options.jobs),
      ...(options.engine === undefined ? [] : ["--engine", options.engine]),
    ),
  targets: ["parent", "child", "all"],
  at: (runsDir) => {
    const journal = join(runsDir, "sweeps", options.name, "journal.ndjson")
    const records = existsSync(journal) ? readFileSync(journal, "utf8").split("\n").length - 1 : 0
    return `${runsIn(runsDir).length} runs, ${records} records`
  },
  result: (runsDir) => {
    const folder = join(runsDir, "sweeps", options.name)
    const read = (name: string) => withoutRuns(readFileSync(join(folder, name), "utf8"))
    const runs = runsIn(runsDir).map((run) => [withoutRuns(run), trialResult(join(runsDir, run))] as const)
    return {
      definition: read("sweep.json"),
      journal: read("journal.ndjson"),
      result: read("result.json"),
      runs: Object.fromEntries(runs.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    }
  },
})
