/** Provenance: (records) -> the experiment as JSON, and the attempts with their software and machine. */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { Attempt } from "../../schemas/Run.ts"
import { showUrls } from "../../format/showUrl.ts"
import { describeCommit } from "../../format/describeCommit.ts"
import { describeMeasured } from "../../format/describeMeasured.ts"
import { describeChoice } from "../../format/describeChoice.ts"
import { duration } from "../../format/duration.ts"
import { type Content, html } from "../page/html.ts"
import { code, facts, folded, readableJson, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { size } from "../../format/size.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count } from "../../format/numbers.ts"
import { moment } from "../../format/moment.ts"

type FactItem = readonly [string, Content]

/** What a reader asks first; the rest is in the JSON. */
const settingsOf = ({ batchSize, budget, loss, optimizer }: Experiment): ReadonlyArray<FactItem> => [
  ["optimizer", `${optimizer.kind}, learning rate ${optimizer.learningRate.kind}`],
  ["loss", typeof loss === "string" ? loss : `${loss.export} of ${loss.module}`],
  ["batch size", count(batchSize)],
  [
    "budget",
    "epochs" in budget ? `${count(budget.epochs)} epochs` : `${count(budget.iterations)} iterations`,
  ],
]

export const experimentSection = ({
  experiment,
  experimentFile,
  header,
  overrides,
}: RunRecords): Section | null => {
  const value = experiment ?? header.experiment
  if (Object.keys(value).length === 0) return null
  const changed = Object.entries(overrides ?? {}).map(([name, value]) => `${name} ${value}`)
  return {
    id: "experiment",
    title: "Experiment",
    content: [
      facts([
        ...(experimentFile === undefined ? [] : [["file", html`<code>${experimentFile}</code>`] as const]),
        ...(changed.length === 0 ? [] : [["overridden by the command line", changed.join(", ")] as const]),
        ["seed", String(header.experiment.seed ?? "unknown")],
        ...(experiment === undefined ? [] : settingsOf(experiment)),
      ]),
      folded("The whole experiment as JSON", code("The experiment as JSON", showUrls(readableJson(value))), {
        printed: true,
      }),
    ],
  }
}

const durationOf = ({ outcome, startedAt }: Attempt): string => {
  const seconds = (Date.parse(outcome?.endedAt ?? "") - Date.parse(startedAt)) / 1000
  return Number.isFinite(seconds) && seconds >= 0 ? duration(seconds) : "–"
}

const startOf = ({ resumedFrom }: Attempt): string =>
  resumedFrom === null ? "–" : `iteration ${count(resumedFrom)}`

const endOf = ({ outcome }: Attempt, over: boolean): string =>
  outcome === null
    ? over
      ? "killed"
      : "running"
    : `${outcome.status}${outcome.reason === null ? "" : `: ${outcome.reason}`}`

const attemptsTable = ({ attempts, header }: RunRecords) =>
  table({
    caption: "Attempts: the first process of the run and every resume",
    columns: [
      { name: "attempt", numeric: true },
      "started",
      { name: "duration", numeric: true },
      "trained from",
      "ended",
      { name: "threads", numeric: true },
      { name: "peak memory", numeric: true },
      "host",
    ],
    rows: attempts.map((attempt, i) => [
      attempt.number,
      moment(attempt.startedAt),
      durationOf(attempt),
      startOf(attempt),
      endOf(attempt, i < attempts.length - 1 || header.status !== "running"),
      attempt.engine.threads,
      attempt.outcome?.peakMemoryBytes === undefined ? "–" : size(attempt.outcome.peakMemoryBytes),
      attempt.process.host,
    ]),
  })

/** One text if it is the same for all attempts, else one per attempt. */
const overAttempts = (attempts: ReadonlyArray<Attempt>, describe: (attempt: Attempt) => string): string => {
  const texts = attempts.map(describe)
  return new Set(texts).size === 1
    ? texts[0]
    : texts.map((text, i) => `attempt ${attempts[i].number}: ${text}`).join("; ")
}

const machineOf = ({ machine }: Attempt): string =>
  machine === undefined
    ? "not recorded"
    : `${machine.cpu}, ${machine.cores} cores, ${size(machine.memoryBytes)} of memory, ${machine.platform}`

const engineOf = ({ engine }: Attempt): string => {
  const versions = Object.entries(engine.versions).map(([name, version]) => `${name} ${version}`)
  return `${engine.name} on ${engine.device}, ${engine.path} (${versions.join(", ")})`
}

export const provenanceSection = (records: RunRecords): Section => {
  const { attempts, engineChoice, figures, fingerprint, header, timings, trained } = records
  const items: Array<FactItem> = [
    ["run", html`<code>${header.id}</code>`],
    ["folder", html`<code>${header.path}</code>`],
    ["fingerprint", fingerprint === undefined ? "unknown" : html`<code>${fingerprint}</code>`],
  ]
  if (header.parent !== null)
    items.push(["forked from", `${header.parent.run} at iteration ${count(header.parent.iteration)}`])
  if (attempts.length > 0) {
    items.push(
      [
        "commit",
        overAttempts(attempts, ({ gitCommit, gitProblem }) => describeCommit(gitCommit, gitProblem)),
      ],
      ["tidemark", overAttempts(attempts, ({ node, tidemark }) => `${tidemark} on Node.js ${node}`)],
      ["engine", overAttempts(attempts, engineOf)],
      ...(engineChoice === undefined ? [] : [["chosen by auto", describeChoice(engineChoice)] as const]),
      ["machine", overAttempts(attempts, machineOf)],
    )
  }
  const [measured] = attempts.flatMap(({ engine }) => describeMeasured(engine) ?? [])
  if (measured !== undefined) items.push(["measured devices", measured])
  if (trained !== undefined) items.push(["tested checkpoint", html`<code>${trained.checkpoint}</code>`])
  if (timings !== undefined && timings.length > 0) {
    const texts = timings.map(({ durationMs, name }) => `${name} ${duration(durationMs / 1000)}`)
    items.push(["stages", `${texts.join(", ")} (in the attempt that finished the stage)`])
  }
  if (figures.imagesPerSecond !== null) {
    items.push([
      "training speed",
      `${count(Math.round(figures.imagesPerSecond))} images/s, including evaluations`,
    ])
  }
  return {
    id: "provenance",
    title: "Provenance",
    content: [facts(items), attempts.length === 0 ? null : attemptsTable(records)],
  }
}
