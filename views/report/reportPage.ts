/**
 * The report page of a run: (run directory) -> HTML. It also shows unfinished, failed and damaged runs, as far as possible.
 *
 * Everything is read from the run directory and, for images of examples, the dataset's files; only calibration is computed.
 * A page takes about a second, half of it to load the drawing library.
 */
import { Effect } from "effect"
import type { Calibration } from "../../stages/statistics/calibration.ts"
import { classNames } from "../../stages/dataset/classNames.ts"
import { duration } from "../../format/duration.ts"
import { type Content, html } from "../page/html.ts"
import { highlights, notice, page, type Section } from "../page/page.ts"
import { calibrationOf, calibrationSection } from "./calibration.ts"
import { curvesSection } from "./curves.ts"
import { datasetSection } from "./dataset.ts"
import { misclassifiedSection } from "./misclassified.ts"
import { networkSection } from "./network.ts"
import { drawPictures } from "./pictures.ts"
import { experimentSection, provenanceSection } from "./provenance.ts"
import { resultsSection } from "./results.ts"
import { readRecords, type RunRecords } from "./RunRecords.ts"
import { count, percent, threeDigits } from "../../format/numbers.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import { moment } from "../../format/moment.ts"

/** The names of its classes. */
export const namesOf = ({ dataset, experiment, fetched, test }: RunRecords): ReadonlyArray<string> => {
  const classes = dataset?.classes ?? test?.confusion?.length ?? 0
  return classNames(
    experiment?.dataset ?? "mnist",
    classes,
    dataset?.classNames ?? fetched?.classNames,
  ).slice(0, classes)
}

/** The name of a dataset of one's own, which another version may have described. */
const nameIn = (dataset: unknown): string | undefined =>
  typeof dataset === "object" && dataset !== null && "name" in dataset && typeof dataset.name === "string"
    ? dataset.name
    : undefined

/** Experiment, dataset and result; without a result, how far the run is. */
const titleOf = ({ dataset, experiment, figures, header, test }: RunRecords): string => {
  const configured = experiment?.dataset ?? header.experiment.dataset
  const on = dataset?.name ?? (typeof configured === "string" ? configured : nameIn(configured))
  const what = `${header.name}${on === undefined ? "" : ` on ${datasetTitle(on)}`}`
  if (test?.error !== undefined) return `${what}: ${percent(test.error.value)} test error`
  const reached = figures.iterations === null ? "" : ` at iteration ${count(figures.iterations)}`
  return `${what}: ${header.status}${reached}`
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const leadOf = ({ attempts, experiment, figures, header, trained }: RunRecords) => {
  const ended = attempts.at(-1)?.outcome?.endedAt
  const words = [
    header.status === "running"
      ? "running"
      : `${header.status}${ended === undefined ? "" : ` ${moment(ended)}`}`,
    ...(figures.iterations === null
      ? []
      : [
          trained?.stoppedEarly === true
            ? `stopped early at ${count(figures.iterations)} of ${count(trained.budget)} iterations`
            : `${count(figures.iterations)} iterations`,
        ]),
    `${header.engine} engine`,
  ]
  return html`<p class="lead">${capitalized(words.join(" · "))}<br /><code>${header.id}</code></p>
    ${experiment === undefined || experiment.description === "" ? null : html`<p>${experiment.description}</p>`}`
}

const interval = ({ high, low }: { readonly low: number; readonly high: number }) =>
  `95 % interval ${percent(low)} to ${percent(high)}`

/** Total time of all attempts whose end is recorded. */
const secondsOf = (attempts: RunRecords["attempts"]) =>
  attempts.reduce((sum, { outcome, startedAt }) => {
    const milliseconds = outcome === null ? 0 : Date.parse(outcome.endedAt) - Date.parse(startedAt)
    return sum + (Number.isFinite(milliseconds) ? Math.max(0, milliseconds) / 1000 : 0)
  }, 0)

const highlightsOf = (
  { attempts, figures, metrics, test }: RunRecords,
  calibrated: Calibration | undefined,
) => {
  const items: Array<{ readonly name: string; readonly value: Content; readonly note?: Content }> = []
  const last = metrics.findLast((row) => row.split === "validation")
  if (test?.error !== undefined) {
    const { high, low, value } = test.error
    items.push(
      { name: "test error", value: percent(value), note: interval(test.error) },
      { name: "test accuracy", value: percent(1 - value), note: interval({ low: 1 - high, high: 1 - low }) },
    )
    if (test.examples !== undefined) {
      const wrong = Math.round(test.error.value * test.examples)
      items.push({
        name: "misclassified",
        value: count(wrong),
        note: `of ${count(test.examples)} test examples`,
      })
    }
  }
  if (test?.loss !== undefined)
    items.push({ name: "test loss", value: threeDigits(test.loss), note: "mean over the test examples" })
  for (const [name, value] of Object.entries(test?.metrics ?? {})) {
    items.push({ name, value: threeDigits(value), note: "own code, on the test examples" })
  }
  if (calibrated !== undefined) {
    items.push({
      name: "expected calibration error",
      value: percent(calibrated.expectedError),
      note: `over ${calibrated.bins.length} bins`,
    })
  }
  if (last?.split === "validation") {
    items.push({
      name: "validation error",
      value: percent(last.error),
      note: `${percent(last.accuracy)} accuracy, at iteration ${count(last.iteration)}`,
    })
  }
  if (figures.parameters !== null) items.push({ name: "parameters", value: count(figures.parameters) })
  const spent = secondsOf(attempts)
  if (spent > 0) {
    items.push({
      name: "total time",
      value: duration(spent),
      note: attempts.length === 1 ? "in one attempt" : `in ${attempts.length} attempts`,
    })
  }
  return items.length === 0 ? null : highlights(items)
}

export const reportPage = Effect.fn("reportPage")(function* (path: string) {
  const records = yield* readRecords(path)
  const pictures = yield* drawPictures(records)
  const names = namesOf(records)
  const calibrated = records.predictions === undefined ? undefined : calibrationOf(records.predictions)
  const sections: ReadonlyArray<Section | null> = [
    curvesSection(records),
    resultsSection(records, names),
    misclassifiedSection(records, names, pictures.examples),
    calibrated === undefined ? null : calibrationSection(calibrated),
    networkSection(records, pictures.filters),
    datasetSection(records, names, pictures),
    experimentSection(records),
    provenanceSection(records),
  ]
  return page({
    title: titleOf(records),
    kind: "Training run",
    lead: [
      leadOf(records),
      highlightsOf(records, calibrated),
      notice("Missing data", [...records.missing, ...pictures.missing]),
    ],
    sections: sections.filter((section) => section !== null),
  })
})
