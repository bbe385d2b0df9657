/** `pipeline sweep FILE`: searches over hyper-parameters, or resumes a search. */
import { availableParallelism } from "node:os"
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { loadDefault } from "../../pipeline/experimentFile/load.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { TrialName } from "../../schemas/Sweep.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { printText } from "../render/printText.ts"
import { openQueueIfGiven, queueFlag, queueWords, storeFlag } from "../queueFlag.ts"
import { FlagRefused } from "../FlagRefused.ts"
import { withDevice } from "../deviceFlag.ts"
import {
  dataDir,
  device,
  engine,
  givenFlags,
  iterations,
  json,
  runsDir,
  threads,
  wholeNumber,
} from "../flags.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("TypeScript file whose default export is sweep({ … })"),
)

const jobs = wholeNumber("jobs", 1).pipe(
  Flag.withDescription(
    "Train N trials in parallel: each in a process with its share of the cores (default: 1)",
  ),
  Flag.withDefault(1),
)

const isNew = Flag.Boolean("new").pipe(
  Flag.withDescription(
    "Begin a new sweep although the file has changed, and adopt the trials that lie in the new space",
  ),
  Flag.withDefault(false),
)

const part = Flag.String("part").pipe(
  Flag.withDescription(
    "Train only one part of a sweep that has begun: TRIAL/SEED/BARRIER, as its processes with --jobs do",
  ),
  Flag.withMetavar("PART"),
  Flag.optional,
)

const flags = {
  file,
  jobs,
  queue: queueFlag,
  store: storeFlag,
  new: isNew,
  engine,
  device,
  iterations,
  threads,
  part,
  runsDir,
  dataDir,
  json,
}
type Options = Command.Command.Config.Infer<typeof flags>

class NoSuchPart extends Failure<NoSuchPart>()("NoSuchPart", {
  exitCode: "usage",
  fields: { part: Schema.String },
  message: ({ part }) =>
    `--part: found ${part}, expected a drawn trial (or base), a seed and a barrier, such as 3/0/1 or base/1/0/tested`,
}) {}

const load = Effect.fnUntraced(function* (options: Options, checks: boolean) {
  const loaded = yield* loadDefault(options.file)
  const { loadSweep } = yield* Effect.promise(() => import("../../operations/sweep/sweepFile.ts"))
  return yield* loadSweep(loaded, { checks, iterations: Option.getOrUndefined(options.iterations) })
})

const optionsOf = (options: Options, resumeWith: ReadonlyArray<string>) => ({
  engine: options.engine,
  device: Option.getOrUndefined(options.device),
  threads: Option.getOrUndefined(options.threads),
  runsDir: options.runsDir,
  dataDir: options.dataDir,
  resumeWith,
  onTested: tryWriteReportPage,
})

/** Trains one part; its parent reads from the run what was measured. */
const runPart = Effect.fnUntraced(function* (text: string, options: Options) {
  const [, name = "", seed, rung, tested] =
    /^(base|\d{1,9})\/(-?\d{1,15})\/(\d{1,2})(\/tested)?$/.exec(text) ?? []
  const sweep = yield* load(options, false)
  const { readSweepDefinition, readSweepJournal } = yield* Effect.promise(
    () => import("../../storage/sweeps.ts"),
  )
  const { stateOf } = yield* Effect.promise(() => import("../../operations/sweep/decide.ts"))
  const { prepareWork, trainWork } = yield* Effect.promise(() => import("../../operations/sweep/parts.ts"))
  const { drawn } = stateOf((yield* readSweepJournal(options.runsDir, sweep.definition.name)).records)
  const trial: TrialName = name === "base" ? name : Number(name)
  const parameters = trial === "base" ? undefined : drawn.get(trial)
  if (name === "" || (trial !== "base" && parameters === undefined)) {
    return yield* new NoSuchPart({ part: text })
  }
  const work = { trial, seed: Number(seed), rung: Number(rung), isTested: tested !== undefined }
  const training = yield* prepareWork(sweep, work, parameters)
  const resumeWith = ["sweep", options.file, ...givenFlags(options), "--part", text]
  const stored = yield* readSweepDefinition(options.runsDir, sweep.definition.name)
  yield* trainWork(training, { ...optionsOf(options, resumeWith), choice: stored?.engineChoice })
})

const runWhole = Effect.fnUntraced(function* (options: Options) {
  const { jobs } = options
  if (jobs > 1 && Option.isSome(options.queue)) {
    const reason = "the workers of --queue train the trials, as many at a time as they have seats"
    return yield* new FlagRefused({ flag: "--jobs", reason })
  }
  const sweep = yield* load(options, true)
  const { runSweep } = yield* Effect.promise(() => import("../../operations/sweep/runSweep.ts"))
  const command = ["sweep", options.file, ...givenFlags(options)]
  const resumeWith = [...command, ...(jobs === 1 ? [] : ["--jobs", String(jobs)]), ...queueWords(options)]
  const opened = yield* openQueueIfGiven(options)
  const share = Math.max(1, Math.floor(availableParallelism() / jobs))
  const ownThreads = Option.isNone(options.threads) ? ["--threads", String(share)] : []
  const { definition, result } = yield* runSweep(sweep, {
    ...optionsOf(options, resumeWith),
    processes: jobs,
    ...opened,
    isNew: options.new,
    commandOf: ({ work: { isTested, rung, seed, trial } }) => [
      ...command,
      ...ownThreads,
      "--part",
      `${trial}/${seed}/${rung}${isTested ? "/tested" : ""}`,
    ],
  }).pipe(resumeHint(...resumeWith))
  const { tryWriteSweepPage } = yield* Effect.promise(() => import("../../views/sweep/writeSweepPage.ts"))
  const page = yield* tryWriteSweepPage(options.runsDir, definition.name)
  const { renderSweepResult } = yield* Effect.promise(() => import("../render/renderSweep.ts"))
  yield* options.json
    ? Console.log(JSON.stringify(result, null, 2))
    : printText(`\n${renderSweepResult(definition, result)}`, 2)
  if (page !== undefined) yield* Effect.logInfo(`page ${page}`)
}, Effect.scoped)

export const sweep = Command.make(
  "sweep",
  flags,
  Effect.fn("sweep")(function* (given) {
    const options = yield* withDevice(given)
    yield* Option.isSome(options.part) ? runPart(options.part.value, options) : runWhole(options)
  }, Effect.provide(StopSignal.layer)),
).pipe(
  Command.withDescription(
    "Search over hyper-parameters, or resume a search. The best trials are trained again with fresh seeds before one of them is called the winner",
  ),
  Command.withShortDescription("Search over hyper-parameters, or resume a search"),
  Command.withExamples([
    {
      command: "pipeline sweep experiments/sweep.ts --jobs 2",
      description: "Train the trials of a sweep, two at a time",
    },
  ]),
)
