/** `pipeline run FILE`: trains an experiment in a new run, or the untrained members of an ensemble. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { loadEnsemble } from "../../operations/ensemble/ensembleFile.ts"
import { loadDefault } from "../../pipeline/experimentFile/load.ts"
import { withDevice } from "../deviceFlag.ts"
import { runEnsemble } from "./run/ensemble.ts"
import { runExperiment } from "./run/experiment.ts"
import { importTraining } from "./run/importTraining.ts"
import { flags } from "./run/options.ts"

export const run = Command.make(
  "run",
  flags,
  Effect.fn("run")(function* (given) {
    const options = yield* withDevice(given)
    // A worker of a queue trains, or the processes of `--jobs`.
    const trainsHere = Option.isNone(options.queue) && Option.isNone(options.jobs)
    const loaded = yield* loadDefault(options.file, trainsHere ? importTraining : undefined)
    const ensemble = yield* loadEnsemble(loaded)
    yield* ensemble === undefined ? runExperiment(loaded, options) : runEnsemble(ensemble, options)
  }),
).pipe(
  Command.withDescription("Train an experiment in a new run, or the members of an ensemble"),
  Command.withExamples([
    {
      command: "pipeline run experiments/cnn.ts",
      description: "Train on MNIST with the budget of the experiment",
    },
    {
      command: "pipeline run experiments/cnn.ts --iterations 500 --seed 7",
      description: "Train a short run with another seed",
    },
    {
      command: "pipeline run experiments/cnn.ts --engine reference",
      description: "Train with plain TensorFlow.js (slow)",
    },
    {
      command: "pipeline run experiments/cnn.ts --device gpu",
      description: "Train on a GPU, over Vulkan",
    },
    {
      command: "pipeline run experiments/ensemble.ts --jobs 2",
      description: "Train the members of an ensemble, two at a time",
    },
  ]),
)
