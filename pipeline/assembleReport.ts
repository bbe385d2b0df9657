/** The text of report.json: (run, figures, training, test result) -> JSON. */
import { Effect, Path, Schema } from "effect"
import type { DatasetFigures } from "../schemas/experiment/Dataset.ts"
import { Report, type TestResult } from "../schemas/Report.ts"
import type { Trained } from "../schemas/Run.ts"
import type { LayerShape } from "../schemas/experiment/shapes.ts"
import { readMetrics } from "../storage/metricsLog.ts"
import { layout } from "../storage/runDirectory.ts"
import type { CurrentRun } from "./CurrentRun.ts"
import { stageTimings } from "./stage.ts"

const encodeReport = Schema.encodeSync(Report)

export const assembleReport = Effect.fnUntraced(function* (
  run: CurrentRun["Service"],
  figures: DatasetFigures,
  layers: ReadonlyArray<LayerShape>,
  trained: Trained,
  test: TestResult,
) {
  const paths = yield* Path.Path
  const metrics = yield* readMetrics(run.path)
  const timings = yield* stageTimings(paths.join(run.path, layout.stages))
  const report: Report = {
    run: run.id,
    experiment: run.experiment.name,
    fingerprint: run.fingerprint,
    dataset: figures,
    layers,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    iterations: trained.progress.iteration,
    budget: trained.budget,
    stoppedEarly: trained.stoppedEarly,
    checkpoint: trained.checkpoint,
    validation: metrics.filter((row) => row.split === "validation"),
    test,
    timings: timings
      .filter(({ name }) => name !== "report")
      .map(({ durationMs, name }) => ({ name, durationMs })),
  }
  return `${JSON.stringify(encodeReport(report), null, 2)}\n`
})
