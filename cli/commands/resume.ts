/** `pipeline resume RUN`: goes on with a run where its newest checkpoint stands. */
import { Effect, Option, Path, Result, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { engines } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import { loadCheckpoint } from "../../stages/train/checkpoint.ts"
import { dependsOnBudget } from "../../stages/train/learningRate.ts"
import { neededRuns } from "../../storage/removal.ts"
import { effectiveExperiment, findRun, layout, type Run } from "../../storage/runDirectory.ts"
import { budgetInIterations } from "../../pipeline/lineage/budgetInIterations.ts"
import { differences, renderDifferences } from "../../pipeline/lineage/difference.ts"
import { engineChanges, threadsOf } from "../../pipeline/engineChanges.ts"
import { applyOverrides, loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { runArgument } from "../../format/runArgument.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import { newestIteration } from "../../inspect/summary.ts"
import { readReport } from "../../storage/report.ts"
import { quoted } from "../../format/quoted.ts"
import { iterations, json, runsDir, threads } from "../flags.ts"
import { readTrained } from "../../storage/stageRecords.ts"

/** Another engine, version or code path computes other last bits. */
export class EngineChanged extends Failure<EngineChanged>()("EngineChanged", {
  exitCode: "dataError",
  fields: { changes: Schema.Array(Schema.String) },
  message: ({ changes }) =>
    `the run was begun with another engine, so going on would not be exact to the bit: ${changes.join("; ")}; give --allow-engine-change to go on all the same`,
}) {}

/** The budget cannot be changed without losing what was trained so far, or what others rely on. */
export class BudgetFixed extends Failure<BudgetFixed>()("BudgetFixed", {
  exitCode: "dataError",
  fields: {
    reason: Schema.String,
    /** The command to use instead. */
    instead: Schema.String,
  },
  message: ({ instead, reason }) =>
    `the budget of this run cannot be changed: ${reason}; start a new run with \`pnpm pipeline ${instead}\``,
}) {}

const run = Argument.String("run").pipe(
  Argument.withDescription("The run: its id, the beginning or the last digits of it, a path, or `latest`"),
)

const allowEngineChange = Flag.Boolean("allow-engine-change").pipe(
  Flag.withDescription(
    "Go on although engine, version or processor path differ; the result is not exact to the bit",
  ),
  Flag.withDefault(false),
)
const otherEngine = Flag.Literals("engine", engines).pipe(
  Flag.withDescription("Another engine than the run's own; needs --allow-engine-change"),
  Flag.optional,
)

/** Whether what a finished run learnt is still there; a run that does not say which checkpoint that is is left as it is. */
const hasTestedCheckpoint = Effect.fnUntraced(function* ({ identity, path }: Run) {
  const paths = yield* Path.Path
  const trained = yield* readTrained(path)
  if (trained === undefined) return true
  const loaded = yield* loadCheckpoint(
    paths.join(path, layout.checkpoints),
    paths.basename(trained.checkpoint),
  )
  if (Result.isSuccess(loaded)) return true
  yield* Effect.logWarning(
    `${identity.id} is finished, and the checkpoint that was tested is lost: ${loaded.failure}; it is made again`,
  )
  return false
})

export const resume = Command.make(
  "resume",
  { run, runsDir, iterations, engine: otherEngine, threads, allowEngineChange, json },
  Effect.fn("resume")(function* (options) {
    const paths = yield* Path.Path
    const found = yield* findRun(options.runsDir, options.run)
    const stored = effectiveExperiment(found)
    const { experimentFile, overrides } = found.identity

    const extendedTo = Option.getOrNull(options.iterations)
    if (extendedTo !== null) {
      if (dependsOnBudget(stored.optimizer.learningRate)) {
        return yield* new BudgetFixed({
          instead: "run",
          reason: `its ${stored.optimizer.learningRate.kind} learning rate depends on the number of iterations`,
        })
      }
      const budget = (yield* budgetInIterations(found.path, stored)) ?? 0
      const trained = yield* newestIteration(found.path)
      if (extendedTo < Math.max(budget, trained)) {
        const before = budget < trained ? `${trained} iterations are trained` : `it is ${budget} iterations`
        return yield* new BudgetFixed({ reason: `${before}, and ${extendedTo} is fewer`, instead: "run" })
      }
      const need = (yield* neededRuns(paths.dirname(found.path))).get(found.identity.id)
      if (need !== undefined) {
        return yield* new BudgetFixed({
          reason: `it is ${need}, and has to stay as it was tested`,
          instead: `run FILE --from ${quoted(runArgument(found.path))} --iterations ${extendedTo}`,
        })
      }
    }
    const experiment = extendedTo === null ? stored : applyOverrides(stored, { iterations: extendedTo })

    // The stored experiment counts; a file that has changed since is only mentioned.
    const current = yield* loadExperiment(experimentFile.path, overrides).pipe(Effect.result)
    if (Result.isSuccess(current) && current.success.written !== experimentFile.fingerprint) {
      const changed = differences(found.identity.experiment, current.success.experiment)
      yield* Effect.logWarning(
        `${experimentFile.path} has changed since the run began; going on with the experiment stored in the run (\`run --from\` would take the new one):\n${renderDifferences(changed)}`,
      )
    }

    const { printReport } = yield* Effect.promise(() => import("../render/printReport.ts"))
    const finished =
      found.status === "finished" && extendedTo === null && (yield* hasTestedCheckpoint(found))
        ? yield* readReport(found.path)
        : undefined
    if (finished !== undefined) {
      yield* Effect.logInfo(`${found.identity.id} is finished; --iterations N would train it further`)
      return yield* printReport(finished, found.path, options.json)
    }

    const { Engine } = yield* Effect.promise(() => import("../../engines/Engine.ts"))
    const { selectEngine } = yield* Effect.promise(() => import("../../engines/select.ts"))
    const { execute } = yield* Effect.promise(() => import("../../pipeline/execute.ts"))
    const before = (found.attempts.at(-1) ?? found.identity).engine
    const name = Option.getOrElse(options.engine, () => before.name)
    const requestedThreads = Option.getOrElse(options.threads, () => threadsOf(before))
    const report = yield* Effect.gen(function* () {
      const { info } = yield* Engine
      const changes = engineChanges(before, info)
      if (changes.length > 0) {
        if (!options.allowEngineChange) return yield* new EngineChanged({ changes })
        yield* Effect.logWarning(`not exact to the bit from here on: ${changes.join("; ")}`)
      }
      yield* Effect.logInfo(`run ${paths.relative(process.cwd(), found.path)}`)
      return yield* execute({
        run: found,
        experiment,
        fingerprint: fingerprint(experiment, found.identity.parent),
        extendedTo,
      })
    }).pipe(
      resumeHint("resume", runArgument(found.path)),
      Effect.provide(selectEngine(name, { threads: requestedThreads })),
    )
    yield* tryWriteReportPage(found.path)
    yield* printReport(report, found.path, options.json)
  }),
).pipe(
  Command.withDescription("Go on with a run where its newest checkpoint stands"),
  Command.withExamples([
    { command: "pipeline resume latest", description: "The newest run" },
    {
      command: "pipeline resume 20261122T02 --iterations 40000",
      description: "Train a finished run further",
    },
  ]),
)
