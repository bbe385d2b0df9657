/**
 * Reads the records of stages: (run directory) -> the result in `stages/<name>.json`, undefined if it is missing or damaged.
 * For code outside the pipeline; `pipeline/stage.ts` reads the records of a running pipeline.
 */
import { Effect, Path, Schema } from "effect"
import { DatasetFigures, FetchedDataset } from "../schemas/experiment/Dataset.ts"
import { Trained } from "../schemas/Run.ts"
import * as files from "./files.ts"
import { layout } from "./runDirectory.ts"

const reader = <A>(name: string, result: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownEffect(
    Schema.fromJsonString(Schema.Struct({ result: Schema.toCodecJson(result) })),
  )
  return Effect.fn("readStageRecord")(function* (runPath: string) {
    const paths = yield* Path.Path
    const text = yield* files.readStringIfExists(paths.join(runPath, layout.stages, `${name}.json`))
    if (text === undefined) return undefined
    return yield* decode(text).pipe(
      Effect.map((record) => record.result),
      Effect.catchTag("SchemaError", () => Effect.succeed(undefined)),
    )
  })
}

/** The files it is trained and tested on. */
export const readFetched = reader("fetch", FetchedDataset)
export const readValidated = reader("validate", DatasetFigures)
export const readTrained = reader("train", Trained)
