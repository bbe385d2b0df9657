/** `pipeline resume RUN`: resumes a run from its newest checkpoint. */
import { Effect, Option, Path, Result, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { engines } from "../../schemas/EngineInfo.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { withSecretsOf } from "../../stages/fetch/address.ts"
import { loadCheckpoint } from "../../stages/train/checkpoint.ts"
import { dependsOnBudget } from "../../stages/train/learningRate.ts"
import { findNeededRuns } from "../../storage/removal.ts"
import { effectiveExperiment, findRun, layout, type Run } from "../../storage/runDirectory.ts"
import { budgetInIterations } from "../../pipeline/lineage/budgetInIterations.ts"
import { differences, renderDifferences } from "../../pipeline/lineage/difference.ts"
import { threadsOf } from "../../pipeline/engineChanges.ts"
import { applyOverrides, loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { runArgument } from "../../format/runArgument.ts"
import { newestIteration } from "../../inspect/summary.ts"
import { readReport } from "../../storage/report.ts"
import { quoted } from "../../format/quoted.ts"
import { json, runsDir, threads, wholeNumber } from "../flags.ts"
import * as files from "../../storage/files.ts"
import { metricsFile } from "../../storage/metricsLog.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { readTrained } from "../../storage/stageRecords.ts"

/** A run cannot be extended without losing what was trained so far, or what others rely on. */
export class BudgetFixed extends Failure<BudgetFixed>()("BudgetFixed", {
  exitCode: "dataError",
  fields: {
    run: Schema.String,
    reason: Schema.String,
    /** The command to use instead, without `pnpm pipeline`. */
    instead: Schema.String,
  },
  message: ({ instead, reason, run }) =>
    `cannot change the budget of ${run}: ${reason}; start a new run with \`pnpm pipeline ${instead}\``,
}) {}

const run = Argument.String("run").pipe(
  Argument.withDescription("Run: an id, its first or last characters, a path, or `latest`"),
)

const iterations = wholeNumber("iterations", 1).pipe(
  Flag.withDescription("Train up to iteration N instead of the end of the run's budget"),
  Flag.optional,
)

const allowEngineChange = Flag.Boolean("allow-engine-change").pipe(
  Flag.withDescription(
    "Resume although the engine, its version or its processor path changed: the result is not exact to the bit",
  ),
  Flag.withDefault(false),
)
const otherEngine = Flag.Literals("engine", engines).pipe(
  Flag.withDescription("Resume on this engine instead of the run's own; needs --allow-engine-change"),
  Flag.optional,
)

const flags = { run, runsDir, iterations, engine: otherEngine, threads, allowEngineChange, json }
type Options = Command.Command.Config.Infer<typeof flags>

/** What a finished run has lost and can be made again, described; undefined if all of it is there. */
const findLoss = Effect.fnUntraced(function* ({ path }: Run) {
  const paths = yield* Path.Path
  const trained = yield* readTrained(path)
  // Records of the first versions do not name the checkpoint.
  if (trained !== undefined) {
    const loaded = yield* loadCheckpoint(
      paths.join(path, layout.checkpoints),
      paths.basename(trained.checkpoint),
    )
    if (Result.isFailure(loaded))
      return `its tested checkpoint is lost: ${loaded.failure}; it is trained again`
  }
  const predictions = yield* readPredictions(path)
  if (Result.isFailure(predictions))
    return `its predictions are lost: ${predictions.failure}; it is tested again`
  const report = yield* readReport(path)
  return report === undefined ? `its report is lost; it is tested again` : undefined
})

/** Whether a finished run has all that it ends with. What is lost is logged, also what cannot be made again. */
const isWhole = Effect.fnUntraced(function* (run: Run) {
  const { id } = run.identity
  const loss = yield* findLoss(run)
  if (loss !== undefined) yield* Effect.logWarning(`${id} is finished, but ${loss}`)
  // A short run may end without a row: its file is there, and empty.
  if (!(yield* files.exists(yield* metricsFile(run.path)))) {
    yield* Effect.logWarning(
      `${id} is finished, but its ${layout.metrics} is lost, and with it the learning curves; to have them again, train a new run`,
    )
  }
  return loss === undefined
})

/** Fails if a run cannot be trained up to `iterations`. */
const checkExtension = Effect.fnUntraced(function* (run: Run, stored: Experiment, iterations: number) {
  const paths = yield* Path.Path
  const fixed = (reason: string, instead = "run FILE") =>
    new BudgetFixed({ run: run.identity.id, reason, instead })
  const { learningRate } = stored.optimizer
  if (dependsOnBudget(learningRate)) {
    return yield* fixed(`its ${learningRate.kind} learning rate depends on the number of iterations`)
  }
  const budget = (yield* budgetInIterations(run.path, stored)) ?? 0
  const trained = yield* newestIteration(run.path)
  if (iterations < Math.max(budget, trained)) {
    const least = budget < trained ? `the ${trained} iterations trained` : `its budget of ${budget}`
    return yield* fixed(`found --iterations ${iterations}, expected at least ${least}`)
  }
  const needed = (yield* findNeededRuns(paths.dirname(run.path))).get(run.identity.id)
  if (needed !== undefined) {
    const fork = `run FILE --from ${quoted(runArgument(run.path))} --iterations ${iterations}`
    return yield* fixed(`it is ${needed.reason}, and must stay as it was tested`, fork)
  }
})

/**
 * The stored experiment counts; this warns if the experiment file has changed since. Only the secrets of its addresses, which a
 * run does not store, are those of the file.
 */
const readFile = Effect.fnUntraced(function* ({ identity }: Run, stored: Experiment) {
  const { experiment, experimentFile, overrides } = identity
  const current = yield* loadExperiment(experimentFile.path, overrides).pipe(Effect.result)
  if (Result.isFailure(current)) return stored
  const dataset = withSecretsOf(stored.dataset, current.success.experiment.dataset)
  const resumed: Experiment = { ...stored, dataset }
  if (current.success.written === experimentFile.fingerprint) return resumed
  const changes = renderDifferences(differences(experiment, current.success.experiment))
  yield* Effect.logWarning(
    `${experimentFile.path} has changed since the run started; resuming with the experiment stored in the run (to train with the new one, use \`run --from\`):\n${changes}`,
  )
  return resumed
})

/** Trains a run further: (run, options) -> its report. */
const train = Effect.fnUntraced(function* (run: Run, experiment: Experiment, options: Options) {
  const { selectEngine } = yield* Effect.promise(() => import("../../engines/select.ts"))
  const { engineOf, resumeRun } = yield* Effect.promise(() => import("../../pipeline/resumeRun.ts"))
  const before = engineOf(run)
  const engine = Option.getOrElse(options.engine, () => before.name)
  const threads = Option.getOrElse(options.threads, () => threadsOf(before))
  return yield* resumeRun(run, {
    experiment,
    extendedTo: Option.getOrNull(options.iterations),
    allowEngineChange: options.allowEngineChange,
  }).pipe(Effect.provide(selectEngine(engine, { threads })))
})

export const resume = Command.make(
  "resume",
  flags,
  Effect.fn("resume")(function* (options) {
    const run = yield* findRun(options.runsDir, options.run)
    const recorded = effectiveExperiment(run)
    const extendedTo = Option.getOrUndefined(options.iterations)
    if (extendedTo !== undefined) yield* checkExtension(run, recorded, extendedTo)
    const stored = yield* readFile(run, recorded)

    const { printReport } = yield* Effect.promise(() => import("../render/printReport.ts"))
    const isFinished = run.status === "finished" && extendedTo === undefined && (yield* isWhole(run))
    const finished = isFinished ? yield* readReport(run.path) : undefined
    if (finished !== undefined) {
      yield* Effect.logInfo(`${run.identity.id} is finished; to train it further, add --iterations N`)
      return yield* printReport(finished, run.path, options.json)
    }
    const experiment = extendedTo === undefined ? stored : applyOverrides(stored, { iterations: extendedTo })
    const report = yield* train(run, experiment, options)
    yield* tryWriteReportPage(run.path)
    yield* printReport(report, run.path, options.json)
  }),
).pipe(
  Command.withDescription("Resume a run from its newest checkpoint"),
  Command.withExamples([
    { command: "pipeline resume latest", description: "Resume the newest run" },
    {
      command: "pipeline resume 20261122T02 --iterations 40000",
      description: "Train a finished run further",
    },
  ]),
)
