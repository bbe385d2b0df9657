/** What a finished run has lost, and can be made again: (run) -> whether all that it ends with is there. */
import { Effect, Path, Result } from "effect"
import { loadCheckpoint } from "../../stages/train/checkpoint.ts"
import * as files from "../../storage/files.ts"
import { metricsFile } from "../../storage/metricsLog.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { readReport } from "../../storage/report.ts"
import { layout, type Run } from "../../storage/runDirectory.ts"
import { readTrained } from "../../storage/stageRecords.ts"

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
export const isWhole = Effect.fnUntraced(function* (run: Run) {
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
