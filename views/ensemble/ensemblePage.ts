/**
 * The page of an ensemble: (report of the ensemble, runs folder) -> HTML with the combined result, its members below it, and what
 * the report page of a run shows of its test. Images and class names come from the first member.
 */
import { existsSync } from "node:fs"
import { Effect, Path, Result } from "effect"
import type { EnsembleReport } from "../../schemas/Ensemble.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import { duration } from "../../format/duration.ts"
import { count, percent, percentTick, threeDigits } from "../../format/numbers.ts"
import { wilsonInterval } from "../../stages/statistics/proportions.ts"
import { locateEnsemble } from "../../storage/ensembles.ts"
import * as files from "../../storage/files.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { layout } from "../../storage/runDirectory.ts"
import { figure, gallery } from "../page/figures.ts"
import { intervalChart } from "../page/intervalChart.ts"
import { highlights, notice, page, paragraph, type Section } from "../page/page.ts"
import { runLink } from "../page/runLink.ts"
import { table } from "../page/tables.ts"
import { calibrationOf, calibrationSection } from "../report/calibration.ts"
import { misclassifiedSection } from "../report/misclassified.ts"
import { drawPictures } from "../report/pictures.ts"
import { namesOf } from "../report/reportPage.ts"
import { resultsSection } from "../report/results.ts"
import { readRecords } from "../report/RunRecords.ts"

const together = { mean: "the mean of their probabilities", vote: "a majority vote" } as const

const meanOf = (values: ReadonlyArray<number>) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

const highlightsOf = ({ members, test }: EnsembleReport) => {
  const errors = members.map(({ testError }) => testError)
  const { high, low, value } = test.error
  return highlights([
    {
      name: "test error",
      value: percent(value),
      note: `95 % interval ${percent(low)} to ${percent(high)}`,
    },
    {
      name: "test accuracy",
      value: percent(test.accuracy.value),
      note: `of ${count(test.examples)} examples`,
    },
    {
      name: "mean error of the members",
      value: percent(meanOf(errors)),
      note: `${percent(Math.min(...errors))} to ${percent(Math.max(...errors))}`,
    },
    { name: "test loss", value: threeDigits(test.loss), note: "mean over the test examples" },
  ])
}

/** The error of each member with Wilson's interval, and that of all together. */
const errorsFigure = ({ members, test }: EnsembleReport) => {
  const tooltip = (name: string, { high, low, value }: { value: number; low: number; high: number }) =>
    `${name}: ${percent(value)}, ${percent(low)} to ${percent(high)}`
  const estimates = [
    { name: "ensemble", color: 0, filled: true, ...test.error, tooltip: tooltip("ensemble", test.error) },
    ...members.map(({ testError }, i) => {
      const error = wilsonInterval(Math.round(testError * test.examples), test.examples)
      const name = `member ${i + 1}`
      return { name, color: 1, filled: false, ...error, tooltip: tooltip(name, error) }
    }),
  ]
  const drawn = intervalChart({
    alternative: `Test errors with 95 % intervals: ${estimates.map((each) => each.tooltip).join("; ")}`,
    x: { label: "test error", format: percentTick },
    estimates,
  })
  return drawn === null
    ? null
    : figure({
        title: "Test error",
        caption: "With 95 % intervals over the test examples; the numbers are in the table.",
        picture: drawn,
      })
}

const membersSection = (report: EnsembleReport, isLinked: (run: string) => boolean): Section => ({
  id: "members",
  title: "Members",
  content: [
    table({
      caption: "Members in the order of their numbers",
      columns: [
        "member",
        "run",
        { name: "seed", numeric: true },
        { name: "parameters", numeric: true },
        { name: "training", numeric: true },
        { name: "test error", numeric: true },
        { name: "accuracy", numeric: true },
      ],
      rows: report.members.map(({ parameters, run, seed, testError, trainMs }, i) => [
        i + 1,
        // As seen from the folder of the ensemble.
        runLink(run, isLinked, "../../"),
        seed,
        count(parameters),
        trainMs === null ? "–" : duration(trainMs / 1000),
        percent(testError),
        percent(1 - testError),
      ]),
    }),
    ...[errorsFigure(report)].flatMap((drawn) => (drawn === null ? [] : [gallery([drawn])])),
  ],
})

export const ensemblePage = Effect.fn("ensemblePage")(function* (
  runsDir: string,
  report: EnsembleReport,
  /** Whether it will be in the folder of the ensemble, from where it can link to its members. */
  isInFolder: boolean,
) {
  const paths = yield* Path.Path
  const { ensemble, members, test } = report
  const own = yield* locateEnsemble(runsDir, ensemble)
  const predictions = Result.getOrUndefined(yield* readPredictions(own))
  const member = yield* readRecords(paths.join(runsDir, members[0].run))
  // What is shown of the first member is its dataset; the test is that of the ensemble.
  const records = { ...member, test, predictions, layers: undefined }
  const pictures = yield* drawPictures(records)
  const names = namesOf(records)
  const isLinked = (run: string) => isInFolder && existsSync(paths.join(runsDir, run, layout.page))
  const dataset = records.dataset?.name
  const missing = [
    ...(records.dataset === undefined
      ? [
          `the statistics of the dataset of the first member, ${members[0].run}, are missing, so there are no images`,
        ]
      : []),
    ...pictures.missing,
  ]
  const sections = [
    membersSection(report, isLinked),
    resultsSection({ test }, names),
    misclassifiedSection(records, names, pictures.examples),
    predictions === undefined ? null : calibrationSection(calibrationOf(predictions)),
  ]
  return page({
    title: `${ensemble}${dataset === undefined ? "" : ` on ${datasetTitle(dataset)}`}: ${percent(test.error.value)} test error`,
    kind: "Ensemble",
    lead: [
      paragraph(`${members.length} networks, combined by ${together[report.combine]}`),
      highlightsOf(report),
      notice("Missing data", missing),
    ],
    sections: sections.filter((section) => section !== null),
  })
})

/** Writes `file`, by default report.html in the folder of the ensemble. */
export const writeEnsemblePage = Effect.fn("writeEnsemblePage")(function* (
  runsDir: string,
  report: EnsembleReport,
  file: string | undefined,
) {
  const paths = yield* Path.Path
  const written = file ?? paths.join(yield* locateEnsemble(runsDir, report.ensemble), layout.page)
  yield* files.writeAtomic(written, yield* ensemblePage(runsDir, report, file === undefined))
  return written
})
