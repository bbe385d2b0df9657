/**
 * The work of scheduled runs in real processes: `run`, `resume` and `promote --gate`, over one runs folder.
 *
 * Reading runs never fails: a run that cannot be read counts as absent, with a warning.
 */
import { createHash } from "node:crypto"
import { Context, Effect, type FileSystem, Layer, Path, Schema } from "effect"
import { GateResult } from "../../schemas/Champion.ts"
import { type EngineName, flagsOf } from "../../schemas/EngineInfo.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { readChampion } from "../../storage/champions.ts"
import { findNeededRuns, findProtection, removeRun } from "../../storage/removal.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { startProcess } from "../childProcess.ts"
import { Display } from "../../pipeline/Display.ts"
import { duration } from "../../format/duration.ts"
import { followRun, orUndefined, readStatus } from "./followRun.ts"
import type { Job } from "./Job.ts"
import { type GateFailure, Worker } from "./Worker.ts"

export interface Folders {
  readonly dataDir: string
  readonly runsDir: string
  /** The store of the champions, if machines share them through one. */
  readonly store?: string | undefined
}

/** Judging takes seconds; a process that hangs must not delay later runs. */
const judgeLimitMs = 3_600_000

const decodeResult = Schema.decodeUnknownEffect(Schema.fromJsonString(GateResult))

const flag = (name: string, value: string | number | undefined) =>
  value === undefined ? [] : [`--${name}`, String(value)]

const engineFlag = (name: EngineName | undefined) => {
  const { device, engine } = name === undefined ? {} : flagsOf(name)
  return [...flag("engine", engine), ...flag("device", device)]
}

const train = ({ dataDir, runsDir }: Folders, job: Job, seed: number | undefined) =>
  startProcess([
    "run",
    job.file,
    ...flag("runs-dir", runsDir),
    ...flag("data-dir", dataDir),
    ...engineFlag(job.engine),
    ...flag("threads", job.threads),
    ...flag("iterations", job.iterations),
    ...flag("seed", seed),
  ])

const resume = ({ runsDir }: Folders, { threads }: Job, run: string) =>
  startProcess(["resume", run, ...flag("runs-dir", runsDir), ...flag("threads", threads)])

const judge = Effect.fnUntraced(function* ({ runsDir, store }: Folders, { engine }: Job, run: string) {
  const flags = [
    "--gate",
    "--json",
    ...flag("runs-dir", runsDir),
    ...flag("store", store),
    ...engineFlag(engine),
  ]
  const judging = yield* startProcess(["promote", run, ...flags])
  const ended = yield* Effect.raceFirst(judging.ended, Effect.as(Effect.sleep(judgeLimitMs), undefined))
  if (ended === undefined) {
    yield* judging.stop
    // Not worth a retry, which would take as long.
    const problem = `no verdict after ${duration(judgeLimitMs / 1000)}`
    return { problem, code: exitCodes.software } satisfies GateFailure as GateFailure
  }
  const { code, reason } = ended
  if (code !== 0) return { problem: reason, code }
  return yield* decodeResult(judging.printed()).pipe(
    Effect.catch((error) => Effect.succeed({ problem: error.message, code })),
  )
})

const findOwnRun = Effect.fnUntraced(function* (
  { runsDir }: Folders,
  job: Job,
  since: string,
  pid: number | undefined,
) {
  const { runs } = yield* listHeaders(runsDir)
  return runs.findLast(
    ({ attempts, createdAt, name }) =>
      name === job.name &&
      createdAt >= since &&
      (pid === undefined || attempts.length === 0 || attempts[0].process.pid === pid),
  )?.id
})

const datasetDigest = Effect.fnUntraced(function* (runPath: string) {
  const fetched = yield* readFetched(runPath)
  if (fetched === undefined) return undefined
  const digests = Object.values(fetched.files).map(({ sha256 }) => sha256)
  return createHash("sha256").update(digests.join("\n")).digest("hex")
})

/**
 * Removes all but the newest `keep` of these runs, except those that something else needs; returns those it removed.
 */
const prune = Effect.fnUntraced(function* ({ runsDir }: Folders, runs: ReadonlyArray<string>, keep: number) {
  const paths = yield* Path.Path
  const needed = yield* findNeededRuns(runsDir)
  const removed: Array<string> = []
  for (const run of runs.slice(0, -keep)) {
    const runPath = paths.join(runsDir, run)
    if ((yield* readStatus(runPath)) === undefined) continue
    if ((yield* findProtection(runPath, needed)) !== undefined) continue
    yield* removeRun(runPath)
    removed.push(run)
  }
  return removed
})

export const layerProcesses = (folders: Folders) =>
  Layer.effect(
    Worker,
    Effect.gen(function* () {
      const services = yield* Effect.context<Display | FileSystem.FileSystem | Path.Path>()
      const pathOf = (run: string) => Context.get(services, Path.Path).join(folders.runsDir, run)
      const provide = Effect.provideContext(services)
      return Worker.of({
        nameRun: () => Effect.succeed(undefined),
        train: (job, seed) => provide(train(folders, job, seed)),
        resume: (job, run) => provide(resume(folders, job, run)),
        follow: (_job, run) => provide(followRun(run, pathOf(run))),
        findRun: (job, since, pid) => provide(orUndefined(findOwnRun(folders, job, since, pid))),
        readState: (run) => provide(readStatus(pathOf(run))),
        judge: (job, run) => provide(judge(folders, job, run)),
        dataset: (run) => provide(orUndefined(datasetDigest(pathOf(run)))),
        champion: (experiment) => provide(orUndefined(readChampion(folders.runsDir, experiment))),
        prune: (runs, keep) =>
          prune(folders, runs, keep).pipe(
            orUndefined,
            Effect.map((removed) => removed ?? []),
            provide,
          ),
      })
    }),
  )
