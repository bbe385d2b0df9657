/**
 * Predictions for drawn and uploaded images: (model, bytes of an image file) -> probabilities, as the command `predict` computes
 * them: the same preparation, the same engine, the same checkpoint.
 *
 * Models that were used last stay loaded, until their files change. One image is predicted at a time.
 */
import { Effect, Exit, Schema, Scope, Semaphore } from "effect"
import { Failure } from "../schemas/Failure.ts"
import type { Combination } from "../schemas/Ensemble.ts"
import type { Predictor } from "../inspect/predictor.ts"
import { doubtText } from "../stages/preprocess/Doubt.ts"
import { encodePng } from "../stages/preprocess/png.ts"
import { describePreparation, prepareImage } from "../stages/preprocess/prepare.ts"
import { argmax } from "../stages/statistics/proportions.ts"
import { resolveChampion } from "../storage/champions.ts"
import { ensembleName, readEnsemble } from "../storage/ensembles.ts"
import { readRun } from "../storage/runDirectory.ts"
import type { PredictAnswer } from "./messages.ts"
import { contentMark } from "./runs/changeMark.ts"
import { isName, runFolder } from "./security/runFolder.ts"

/** The largest image file. */
export const imageLimitBytes = 16 * 2 ** 20
const modelsKept = 2

/** The engines and TensorFlow.js take a second and much memory, which a dashboard without a drawing does not need. */
const loadEngines = Effect.promise(() => import("../inspect/predictor.ts"))

/** The address names no model. */
export class ModelUnknown extends Failure<ModelUnknown>()("ModelUnknown", {
  exitCode: "noInput",
  fields: { model: Schema.String },
  message: ({ model }) =>
    `there is no model ${JSON.stringify(model.slice(0, 100))}; choose a finished run, champion:NAME or ensemble:NAME`,
}) {}

/** The runs that a name stands for: a run, `champion:NAME` or `ensemble:NAME`. No path is one. */
const membersOf = Effect.fnUntraced(function* (runsDir: string, model: string) {
  const ensemble = ensembleName(model)
  if (ensemble !== undefined) {
    if (!isName(ensemble)) return yield* new ModelUnknown({ model })
    const { combine, members } = yield* readEnsemble(runsDir, ensemble)
    return { combine, runs: members.map(({ run }) => run) }
  }
  const combine: Combination = "mean"
  return { combine, runs: [yield* resolveChampion(runsDir, model)] }
})

/** Answers images until the scope ends. */
export const openPredictions = Effect.fnUntraced(function* (runsDir: string) {
  const scope = yield* Effect.scope
  const oneAtATime = yield* Semaphore.make(1)
  const loaded = new Map<
    string,
    {
      readonly predictor: Predictor
      readonly scope: Scope.Closeable
      /** The files that it was loaded from. */
      readonly content: string
    }
  >()

  const forget = Effect.fnUntraced(function* (key: string) {
    const known = loaded.get(key)
    loaded.delete(key)
    if (known !== undefined) yield* Scope.close(known.scope, Exit.void)
  })

  const openModel = Effect.fnUntraced(function* (folders: ReadonlyArray<string>, combination: Combination) {
    const runs = yield* Effect.forEach(folders, readRun)
    const own = yield* Scope.fork(scope)
    const { makePredictor } = yield* loadEngines
    const predictor = yield* makePredictor(runs, {
      checkpoint: undefined,
      engine: undefined,
      combination,
    }).pipe(
      Scope.provide(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))),
    )
    return { predictor, scope: own }
  })

  /** A browser that leaves meanwhile does not interrupt it: the next one would begin again. */
  const load = Effect.fnUntraced(function* (runs: ReadonlyArray<string>, combination: Combination) {
    const folders = yield* Effect.forEach(runs, (id) => {
      const folder = runFolder(runsDir, id)
      return folder === undefined ? Effect.fail(new ModelUnknown({ model: id })) : Effect.succeed(folder)
    })
    const key = `${combination} ${runs.join(" ")}`
    const content = folders.map(contentMark).join(" ")
    const known = loaded.get(key)
    if (known?.content === content) {
      // The last one used is the last in the map.
      loaded.delete(key)
      loaded.set(key, known)
      return known.predictor
    }
    // A run that was trained on, or another one under its name, is another model.
    yield* forget(key)
    const opened = yield* openModel(folders, combination)
    loaded.set(key, { ...opened, content })
    if (loaded.size > modelsKept) {
      const [oldest] = loaded.keys()
      yield* forget(oldest)
    }
    return opened.predictor
  }, Effect.uninterruptible)

  return Effect.fn("predictDrawing")(function* (model: string, bytes: Uint8Array) {
    const { combine, runs } = yield* membersOf(runsDir, model)
    const predictor = yield* load(runs, combine)
    const { dataset, names, preparation } = predictor
    const { doubts, pixels } = yield* prepareImage(bytes, "the image", dataset, preparation)
    const probabilities = yield* predictor.probabilities([pixels])
    const [height, width, channels] = dataset.imageShape
    const seen =
      channels === 1 || channels === 3 ? yield* encodePng(pixels, { width, height, channels }) : undefined
    return {
      classes: names,
      probabilities: Array.from(probabilities),
      // Of two equally probable ones, the smaller, as in `predict`.
      label: argmax(probabilities, 0, names.length),
      seen: seen === undefined ? "" : seen.toString("base64"),
      doubts: doubts.map(doubtText),
      preparation: describePreparation(preparation, dataset.name),
      model,
    } satisfies PredictAnswer as PredictAnswer
  }, oneAtATime.withPermits(1))
})

export type Predictions = Effect.Success<ReturnType<typeof openPredictions>>
