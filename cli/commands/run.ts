/** `pipeline run FILE`: a new run of an experiment, or of every member of an ensemble that has none yet. */
import { availableParallelism } from "node:os"
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Failure } from "../../schemas/Failure.ts"
import type { Overrides } from "../../schemas/Run.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { type Ensemble, loadEnsemble } from "../../operations/ensemble/ensembleFile.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { prepareFork } from "../../pipeline/lineage/fork.ts"
import { runArgument } from "../../format/runArgument.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import { dataDir, engine, iterations, json, runsDir, seed, threads, wholeNumber } from "../flags.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("The experiment, a TypeScript file whose default export is experiment({ … })"),
)

const from = Flag.String("from").pipe(
  Flag.withDescription("Go on from the newest checkpoint of this run, as a new run of a changed experiment"),
  Flag.withMetavar("RUN"),
  Flag.optional,
)

const member = wholeNumber("member", 1).pipe(
  Flag.withDescription("Of an ensemble, train this member alone, counted from 1"),
  Flag.optional,
)

const jobs = wholeNumber("jobs", 1).pipe(
  Flag.withDescription(
    "Of an ensemble, train this many members at a time, each in a process on its share of the processor cores",
  ),
  Flag.optional,
)

const runExperiment = Effect.fn("runExperiment")(function* (options: Options) {
  const why = "is a single experiment, without members"
  for (const flag of ["member", "jobs"] as const) {
    if (Option.isSome(options[flag])) {
      return yield* new FlagRefused({ path: options.file, why, flag: `--${flag}` })
    }
  }
  const overrides: Overrides = {
    ...(Option.isSome(options.iterations) ? { iterations: options.iterations.value } : {}),
    ...(Option.isSome(options.seed) ? { seed: options.seed.value } : {}),
  }
  const { experiment, path, written } = yield* loadExperiment(options.file, overrides)
  const fork = Option.isNone(options.from)
    ? { fingerprint: fingerprint(experiment), prepare: () => Effect.void }
    : yield* prepareFork(yield* findRun(options.runsDir, options.from.value), experiment)

  // Engines and stages take most of a start-up: loaded once the experiment is known to be good.
  const { selectEngine } = yield* Effect.promise(() => import("../../engines/select.ts"))
  const { startRun } = yield* Effect.promise(() => import("../../pipeline/startRun.ts"))
  const { report, path: folder } = yield* startRun({
    ...fork,
    experiment,
    file: { path, fingerprint: written },
    overrides,
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    resumeWith: (path) => ["resume", runArgument(path)],
  }).pipe(Effect.provide(selectEngine(options.engine, { threads: Option.getOrUndefined(options.threads) })))
  yield* tryWriteReportPage(folder)
  const { printReport } = yield* Effect.promise(() => import("../render/printReport.ts"))
  yield* printReport(report, folder, options.json)
})

/** An option that has no meaning for this file, or beside another one. */
class FlagRefused extends Failure<FlagRefused>()("FlagRefused", {
  exitCode: "usage",
  fields: {
    path: Schema.String,
    /** Of the file, in words that follow its name. */
    why: Schema.String,
    flag: Schema.String,
  },
  message: ({ flag, path, why }) => `${path} ${why}: leave ${flag} out`,
}) {}

class NoSuchMember extends Failure<NoSuchMember>()("NoSuchMember", {
  exitCode: "usage",
  fields: { path: Schema.String, asked: Schema.Int, members: Schema.Int },
  message: ({ asked, members, path }) => `${path} has no member ${asked}; expected 1 to ${members}`,
}) {}

/** The flags that decide which runs an ensemble finds and how they are trained, where they are not the defaults. */
const givenFlags = ({ dataDir, engine, iterations, runsDir, threads }: Options) =>
  Object.entries({
    "runs-dir": runsDir === "runs" ? undefined : runsDir,
    "data-dir": dataDir === "data" ? undefined : dataDir,
    iterations: Option.getOrUndefined(iterations),
    engine: engine === "auto" ? undefined : engine,
    threads: Option.getOrUndefined(threads),
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))

/** A trial with another budget must not take the place of the full result. Names end at 64 characters. */
const trialName = (name: string, iterations: number) => {
  const ending = `-${iterations}-iterations`
  return `${name.slice(0, 64 - ending.length)}${ending}`
}

const runEnsemble = Effect.fn("runEnsemble")(function* (ensemble: Ensemble, options: Options) {
  const refuse = (flag: string, why = "is an ensemble, whose members have their own") =>
    new FlagRefused({ path: ensemble.path, why, flag })
  if (Option.isSome(options.seed)) return yield* refuse("--seed")
  if (Option.isSome(options.from)) return yield* refuse("--from")
  if (Option.isSome(options.member) && Option.isSome(options.jobs)) {
    return yield* refuse("--jobs", "has one member to train, with --member")
  }
  const { trainMember, trainMembers, untrained } = yield* Effect.promise(
    () => import("../../operations/ensemble/trainMembers.ts"),
  )
  const words = ["run", options.file, ...givenFlags(options)]
  const training = {
    overrides: Option.isSome(options.iterations) ? { iterations: options.iterations.value } : {},
    engine: options.engine,
    threads: Option.getOrUndefined(options.threads),
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    onFinished: tryWriteReportPage,
  }

  if (Option.isSome(options.member)) {
    const asked = options.member.value
    const members = ensemble.members.length
    if (asked > members) return yield* new NoSuchMember({ path: ensemble.path, asked, members })
    const resumeWith = [...words, "--member", String(asked)]
    const { path, report } = yield* trainMember(ensemble, asked - 1, { ...training, resumeWith })
    const { printReport } = yield* Effect.promise(() => import("../render/printReport.ts"))
    return yield* printReport(report, path, options.json)
  }

  const jobs = Option.getOrElse(options.jobs, () => 1)
  const resumeWith = [...words, ...(jobs === 1 ? [] : ["--jobs", String(jobs)])]
  const places = jobs === 1 ? [] : yield* untrained(ensemble, training)
  if (places.length > 1) {
    const { trainBeside } = yield* Effect.promise(
      () => import("../../operations/ensemble/trainInParallel.ts"),
    )
    const atOnce = Math.min(jobs, places.length)
    const share = Math.max(1, Math.floor(availableParallelism() / atOnce))
    const threads = training.threads === undefined ? ["--threads", String(share)] : []
    yield* trainBeside(places, atOnce, (place) => [...words, ...threads, "--member", String(place + 1)]).pipe(
      resumeHint(...resumeWith),
    )
  }
  const runs = yield* trainMembers(ensemble, { ...training, resumeWith })

  const { joinMembers } = yield* Effect.promise(() => import("../../operations/ensemble/joinMembers.ts"))
  const { renderEnsemble } = yield* Effect.promise(() => import("../render/renderEnsemble.ts"))
  const name = Option.match(options.iterations, {
    onNone: () => ensemble.name,
    onSome: (number) => trialName(ensemble.name, number),
  })
  const { path, report } = yield* joinMembers({ ...ensemble, name }, runs, options.runsDir)
  yield* Console.log(
    options.json
      ? JSON.stringify({ path, ...report }, null, 2)
      : `\n${renderEnsemble(report)}\nensemble       ${path}`,
  )
})

const flags = { file, from, engine, runsDir, dataDir, iterations, seed, threads, member, jobs, json }
type Options = Command.Command.Config.Infer<typeof flags>

export const run = Command.make(
  "run",
  flags,
  Effect.fn("run")(function* (options) {
    const ensemble = yield* loadEnsemble(options.file)
    yield* ensemble === undefined ? runExperiment(options) : runEnsemble(ensemble, options)
  }),
).pipe(
  Command.withDescription("Train an experiment in a new run directory"),
  Command.withExamples([
    {
      command: "pipeline run experiments/cnn.ts",
      description: "Train on MNIST with the experiment's own budget",
    },
    {
      command: "pipeline run experiments/cnn.ts --iterations 500 --seed 7",
      description: "A short run with another seed",
    },
    {
      command: "pipeline run experiments/cnn.ts --engine reference",
      description: "With plain TensorFlow.js, slowly",
    },
    {
      command: "pipeline run experiments/ensemble.ts --jobs 2",
      description: "Several networks, two of them trained at a time",
    },
  ]),
)
