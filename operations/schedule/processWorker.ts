/**
 * The work of a night in real processes: `run`, `resume` and `promote --gate`, over one runs folder.
 *
 * Looking at runs never fails: what cannot be read counts as not there, and is said.
 */
import { createHash } from "node:crypto"
import { Effect, FileSystem, Layer, Path, Schema } from "effect"
import { GateResult } from "../../schemas/Champion.ts"
import { readChampion } from "../../storage/champions.ts"
import { neededRuns, protection, removeRun } from "../../storage/removal.ts"
import { processState } from "../../storage/processIdentity.ts"
import { listHeaders, readHeader } from "../../storage/runHeader.ts"
import { type Ended, graceMs, startProcess } from "../childProcess.ts"
import { duration } from "../../format/duration.ts"
import type { Job } from "./Job.ts"
import { sendSignal } from "./sendSignal.ts"
import { Worker, type Working } from "./Worker.ts"
import { readFetched } from "../../storage/stageRecords.ts"

const followMs = 2000
/** Judging takes seconds; a process that hangs must not hold up the nights that follow. */
const judgeLimitMs = 3_600_000

const decodeResult = Schema.decodeUnknownEffect(Schema.fromJsonString(GateResult))

const flag = (name: string, value: string | number | undefined) =>
  value === undefined ? [] : [`--${name}`, String(value)]

export const layerProcesses = ({
  dataDir,
  runsDir,
}: {
  readonly dataDir: string
  readonly runsDir: string
}) =>
  Layer.effect(
    Worker,
    Effect.gen(function* () {
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      const paths = yield* Path.Path
      const inFolder = (run: string) => paths.join(runsDir, run)
      const orNothing = <A, E extends Error>(
        effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>,
      ): Effect.Effect<A | undefined> =>
        effect.pipe(
          Effect.catch((error) => Effect.as(Effect.logWarning(error.message), undefined)),
          Effect.provideContext(services),
        )
      const header = (run: string) => orNothing(readHeader(inFolder(run)))
      const look = (run: string) =>
        Effect.map(header(run), (seen) => {
          if (seen === undefined) return undefined
          const last = seen.attempts.at(-1)
          // A process of another machine cannot be waited for: `resume` finds out whether it still holds the run.
          const elsewhere =
            seen.status === "running" && last !== undefined && processState(last.process) !== "alive"
          return {
            status: elsewhere ? ("interrupted" as const) : seen.status,
            reason: last?.outcome?.reason ?? "its process is gone",
            code: last?.outcome?.exitCode,
          }
        })
      const place = ["--runs-dir", runsDir]

      const follow = (run: string): Effect.Effect<Working> =>
        Effect.succeed({
          pid: undefined,
          ended: Effect.gen(function* () {
            while (true) {
              const seen = yield* look(run)
              if (seen === undefined) return { code: null, reason: `${run} is gone` } as Ended
              if (seen.status === "finished") return { code: 0, reason: "" }
              // As when it was ours: what was interrupted is gone on with, what failed is not.
              if (seen.status === "interrupted") return { code: null, reason: seen.reason }
              if (seen.status === "failed") return { code: seen.code ?? 70, reason: seen.reason }
              yield* Effect.sleep(followMs)
            }
          }),
          stop: Effect.gen(function* () {
            const recorded = (yield* header(run))?.attempts.at(-1)?.process
            if (recorded !== undefined && (yield* look(run))?.status === "running") {
              // By start time and boot, so that the id is still its own.
              const there = () => processState(recorded) === "alive"
              const gone = Effect.sleep(500).pipe(Effect.repeat({ while: there }))
              if (there()) sendSignal(recorded.pid, "SIGTERM")
              const insist = Effect.andThen(Effect.sleep(graceMs), () => {
                if (there()) sendSignal(recorded.pid, "SIGKILL")
                return gone
              })
              if (there()) yield* Effect.raceFirst(gone, insist)
            }
            // It may have come to its end first.
            return (yield* look(run))?.status === "finished"
              ? { code: 0, reason: "" }
              : { code: 130, reason: "interrupted by SIGTERM" }
          }),
        })

      return Worker.of({
        train: (job, seed) =>
          startProcess([
            "run",
            job.file,
            ...place,
            ...flag("data-dir", dataDir),
            ...flag("engine", job.engine),
            ...flag("threads", job.threads),
            ...flag("iterations", job.iterations),
            ...flag("seed", seed),
          ]),
        goOn: (job, run) => startProcess(["resume", run, ...place, ...flag("threads", job.threads)]),
        follow,
        look,
        ownRun: (job: Job, since, pid) =>
          Effect.map(
            orNothing(listHeaders(runsDir)),
            (found) =>
              found?.runs.findLast(
                ({ attempts, createdAt, name }) =>
                  name === job.name &&
                  createdAt >= since &&
                  (pid === undefined || attempts.length === 0 || attempts[0].process.pid === pid),
              )?.id,
          ),
        judge: Effect.fnUntraced(function* (job, run) {
          const judging = yield* startProcess([
            "promote",
            run,
            "--gate",
            "--json",
            ...place,
            ...flag("engine", job.engine),
          ])
          const ended = yield* Effect.raceFirst(
            judging.ended,
            Effect.as(Effect.sleep(judgeLimitMs), undefined),
          )
          if (ended === undefined) {
            yield* judging.stop
            // As a failure of ours, which comes again: asking once more would take as long.
            return { problem: `it took longer than ${duration(judgeLimitMs / 1000)}`, code: 70 }
          }
          const { code, reason } = ended
          if (code !== 0) return { problem: reason, code }
          return yield* decodeResult(judging.printed()).pipe(
            Effect.catch((error) => Effect.succeed({ problem: error.message, code })),
          )
        }),
        dataset: (run) =>
          Effect.map(orNothing(readFetched(inFolder(run))), (fetched) => {
            if (fetched === undefined) return undefined
            const digests = Object.values(fetched.files).map(({ sha256 }) => sha256)
            return createHash("sha256").update(digests.join("\n")).digest("hex")
          }),
        champion: (experiment) => orNothing(readChampion(runsDir, experiment)),
        retain: (runs, keep) =>
          Effect.gen(function* () {
            const safe = yield* neededRuns(runsDir)
            const removed: Array<string> = []
            for (const run of runs.slice(0, -keep)) {
              if ((yield* look(run)) === undefined) continue
              if ((yield* protection(inFolder(run), safe)) !== undefined) continue
              yield* removeRun(inFolder(run))
              removed.push(run)
            }
            return removed
          }).pipe(
            orNothing,
            Effect.map((removed) => removed ?? []),
          ),
      })
    }),
  )
