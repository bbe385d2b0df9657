/** `pipeline run FILE`: a new run of an experiment. */
import { Effect, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { formatVersion, type Overrides } from "../../schemas/Run.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import { createRun, findRun } from "../../storage/runDirectory.ts"
import { loadExperiment } from "../experimentFile.ts"
import { prepareFork } from "../fork.ts"
import { leaveReportPage } from "../leaveReportPage.ts"
import { sayHowToResume } from "../resumeHint.ts"
import { dataDir, engine, iterations, json, runsDir, seed, threads } from "./flags.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("The experiment, a TypeScript file whose default export is experiment({ … })"),
)

const from = Flag.String("from").pipe(
  Flag.withDescription("Go on from the newest checkpoint of this run, as a new run of a changed experiment"),
  Flag.withMetavar("RUN"),
  Flag.optional,
)

export const run = Command.make(
  "run",
  { file, from, engine, runsDir, dataDir, iterations, seed, threads, json },
  Effect.fn("run")(function* (options) {
    const paths = yield* Path.Path
    const overrides: Overrides = {
      ...(Option.isSome(options.iterations) ? { iterations: options.iterations.value } : {}),
      ...(Option.isSome(options.seed) ? { seed: options.seed.value } : {}),
    }
    const { experiment, path, written } = yield* loadExperiment(options.file, overrides)
    const fork = Option.isNone(options.from)
      ? { fingerprint: fingerprint(experiment), prepare: () => Effect.void }
      : yield* prepareFork(yield* findRun(options.runsDir, options.from.value), experiment)

    // Engines and stages take most of a start-up: loaded once the experiment is known to be good.
    const { withEngine } = yield* Effect.promise(() => import("../withEngine.ts"))
    yield* withEngine(options.engine, Option.getOrUndefined(options.threads), (execute, info) =>
      Effect.gen(function* () {
        const created = yield* createRun({
          runsDir: options.runsDir,
          name: experiment.name,
          fingerprint: fork.fingerprint,
          prepare: fork.prepare,
          describe: (id, createdAt) => ({
            formatVersion,
            id,
            createdAt,
            experiment,
            experimentFile: { path: paths.relative(process.cwd(), path), fingerprint: written },
            overrides,
            fingerprint: fork.fingerprint,
            ...("parent" in fork ? { parent: fork.parent } : {}),
            dataDir: paths.resolve(options.dataDir),
            engine: info,
          }),
        })
        yield* Effect.logInfo(`run ${paths.join(options.runsDir, created.identity.id)}`)
        const { sayReport } = yield* Effect.promise(() => import("../sayReport.ts"))
        const report = yield* execute({
          run: created,
          experiment,
          fingerprint: fork.fingerprint,
          extendedTo: null,
        }).pipe(sayHowToResume(created.identity.id))
        yield* leaveReportPage(created.path)
        yield* sayReport(report, created.path, options.json)
      }),
    )
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
  ]),
)
