/** What the server and the browser send each other: types alone. Text in it is from outside and is only ever shown as text. */

import type { Combination } from "../schemas/Ensemble.ts"

/** 0: train split, 1: validation split. */
export type RowSplit = 0 | 1

/** A row of metrics: split, iteration, loss, error rate, learning rate (null in a row of the validation split), epoch. */
export type SentRow = readonly [
  split: RowSplit,
  iteration: number,
  loss: number | null,
  error: number | null,
  learningRate: number | null,
  epoch: number | null,
]

export interface LogLine {
  /** ISO 8601. */
  readonly time: string
  readonly level: "debug" | "info" | "warning" | "error"
  readonly stage: string | null
  readonly text: string
}

/**
 * `stopped`: a signal or a request ended the attempt, which recorded it. `killed`: its process is gone without a record.
 * `waiting`: the next scheduled time resumes it. `queued`: a worker of the queue does.
 */
export type RunState =
  | "starting"
  | "running"
  | "waiting"
  | "queued"
  | "stopped"
  | "killed"
  | "failed"
  | "finished"
  | "damaged"

/** A row of the table of runs. */
export interface RunRow {
  readonly id: string
  readonly experiment: string
  readonly dataset: string | null
  readonly seed: number | null
  readonly state: RunState
  /** ISO 8601. */
  readonly createdAt: string
  /** The time that orders it instead of that in its id; null for most runs (`storage/runOrder.ts`). */
  readonly orderedAt: string | null
  readonly iteration: number
  /** The budget in iterations; null if it is not known yet. */
  readonly iterations: number | null
  readonly imagesPerSecond: number | null
  /** When training is expected to end, in milliseconds since 1970. */
  readonly endsAtMs: number | null
  /** Of all attempts together; of a running one, without the present attempt. */
  readonly seconds: number | null
  /** The start of the attempt that is running, in milliseconds since 1970. */
  readonly runningSinceMs: number | null
  readonly validationError: number | null
  readonly testError: number | null
  readonly engine: string
  readonly attempts: number
  /** Why it ended, or why it cannot be read. */
  readonly reason: string | null
  /** The experiment whose champion it is. */
  readonly championOf: string | null
  /** The run it was forked from. */
  readonly parent: string | null
  /** What a reader should know before trusting the row. */
  readonly remark: string | null
}

export interface EnsembleRow {
  readonly name: string
  /** Null if its report cannot be read. */
  readonly combine: Combination | null
  readonly members: number
  readonly testError: number | null
  readonly problem: string | null
  /** Another one whenever its files are others. */
  readonly version: string
}

export interface SweepRow {
  readonly name: string
  readonly isFinished: boolean
  readonly measured: number
  readonly trials: number | null
  readonly best: string | null
  readonly problem: string | null
  /** Another one whenever its files are others. */
  readonly version: string
}

export interface ChampionRow {
  readonly experiment: string
  readonly run: string | null
  readonly accuracy: number | null
  readonly since: string | null
  /** Of the schedule: what comes next, or what failed last. */
  readonly summary: ReadonlyArray<string>
}

/** Everything beside the runs. It is small, and sent whole when it changes. */
export interface Collections {
  readonly ensembles: ReadonlyArray<EnsembleRow>
  readonly sweeps: ReadonlyArray<SweepRow>
  readonly champions: ReadonlyArray<ChampionRow>
  /** Another one whenever the page of champions and schedules is another. */
  readonly championsVersion: string
}

export interface RunsMessage {
  readonly kind: "runs"
  /** The rows replace all earlier ones; else they are added or replace those with the same id. */
  readonly replaces: boolean
  readonly rows: ReadonlyArray<RunRow>
  readonly removed: ReadonlyArray<string>
  /** Whether every run has been read. */
  readonly isComplete: boolean
  readonly collections: Collections | null
}

export interface Checkpoint {
  readonly iteration: number
  readonly sizeBytes: number
  readonly savedAtMs: number
}

/** A run in full, without its curves and its log. */
export interface RunDetail {
  readonly row: RunRow
  readonly checkpoints: ReadonlyArray<Checkpoint>
  readonly hasReport: boolean
  /** The experiment as stored. */
  readonly experiment: string
  readonly remarks: ReadonlyArray<string>
}

export interface RunMessage {
  readonly kind: "run"
  readonly id: string
  /** Null if it has not changed. */
  readonly detail: RunDetail | null
  readonly curves: {
    /** The number of rows before `rows`: 0 replaces all. */
    readonly from: number
    readonly rows: ReadonlyArray<SentRow>
    /** Rows of the run up to the last one of these; more than were sent if they were thinned (`curves/thinRows.ts`). */
    readonly total: number
  } | null
  readonly log: { readonly replaces: boolean; readonly lines: ReadonlyArray<LogLine> } | null
}

/** The run does not exist (any more), or the address names none. */
export interface MissingMessage {
  readonly kind: "missing"
  readonly id: string
}

export type Message = RunsMessage | RunMessage | MissingMessage

/** The answer to a poll: the same messages as on the event stream. */
export interface PollAnswer {
  readonly messages: ReadonlyArray<Message>
  readonly since: string
}

/** The answer to a drawn or uploaded image. */
export interface PredictAnswer {
  readonly classes: ReadonlyArray<string>
  readonly probabilities: ReadonlyArray<number>
  readonly label: number
  /** The image as the network sees it: a PNG as base64, and its size. */
  readonly seen: string
  readonly doubts: ReadonlyArray<string>
  readonly preparation: string
  readonly model: string
}

/** A table of a sweep or an ensemble. */
export interface DetailTable {
  readonly title: string
  readonly head: ReadonlyArray<{ readonly name: string; readonly isNumeric?: boolean }>
  /** Cells; a run id in `runs` makes its row a link. */
  readonly rows: ReadonlyArray<{ readonly cells: ReadonlyArray<string>; readonly run: string | null }>
}

/** A sweep or an ensemble in full. */
export interface CollectionDetail {
  readonly title: string
  readonly kind: string
  readonly facts: ReadonlyArray<readonly [name: string, value: string]>
  readonly tables: ReadonlyArray<DetailTable>
  /** The trials that were measured: the objective at the last barrier of each, and the best up to it of those that ended. */
  readonly points: ReadonlyArray<{
    readonly trial: number
    readonly value: number
    readonly best: number | null
  }>
  /** Which values of the objective are the best. */
  readonly bestIs: "lowest" | "highest"
  readonly objective: string
  /** The objective is a share, such as an error rate; else it is a loss. */
  readonly isShare: boolean
  readonly runs: ReadonlyArray<string>
}

/** Why a request has no answer. */
export interface Problem {
  readonly problem: string
}
