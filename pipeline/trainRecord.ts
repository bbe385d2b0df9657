/** What the train stage of a run recorded: (run directory) -> stages/train.json, undefined where there is none to read. */
import { Effect, Path, Schema } from "effect"
import { Trained } from "../schemas/Run.ts"
import * as files from "../storage/files.ts"
import { layout } from "../storage/runDirectory.ts"

const TrainRecord = Schema.fromJsonString(Schema.Struct({ result: Schema.toCodecJson(Trained) }))
const decodeTrainRecord = Schema.decodeUnknownEffect(TrainRecord)

export const readTrained = Effect.fn("readTrained")(function* (runPath: string) {
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(runPath, layout.stages, "train.json"))
  return yield* decodeTrainRecord(text).pipe(
    Effect.map(({ result }) => result),
    Effect.catchTag("SchemaError", () => Effect.succeed(undefined)),
  )
})
