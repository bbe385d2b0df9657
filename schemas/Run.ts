/**
 * What a run directory says of itself: the identity of a run (run.json, written once) and its attempts (one file each,
 * which is also the lock). A run's status is derived from them, never stored: a killed process cannot leave it wrong.
 */
import { Schema } from "effect"
import { TrainProgress } from "./Checkpoint.ts"
import { EngineInfo } from "./EngineInfo.ts"
import { Experiment } from "./Experiment.ts"

/** The format of a run directory; raised when an older program could misread a newer one. */
export const formatVersion = 1

/** What the command line changed in the experiment of the file. */
export const Overrides = Schema.Struct({
  iterations: Schema.optionalKey(Schema.Int),
  seed: Schema.optionalKey(Schema.Int),
})
export type Overrides = typeof Overrides.Type

/** Where a forked run took its state from. */
export const Parent = Schema.Struct({
  run: Schema.String,
  fingerprint: Schema.String,
  iteration: Schema.Int,
  /** Where it was then, absolute; not in the records of older versions. */
  path: Schema.optionalKey(Schema.String),
})
export type Parent = typeof Parent.Type

export const RunIdentity = Schema.Struct({
  formatVersion: Schema.Literal(formatVersion),
  id: Schema.String,
  createdAt: Schema.String,
  /** As decoded, overrides applied. */
  experiment: Experiment,
  /** Where the experiment was read from, and the digest of what the file gave before overrides. */
  experimentFile: Schema.Struct({ path: Schema.String, fingerprint: Schema.String }),
  overrides: Overrides,
  fingerprint: Schema.String,
  /** The run this one was forked from. */
  parent: Schema.optionalKey(Parent),
  dataDir: Schema.String,
  /** The engine that began the run: a resume on another one is not exact to the bit. */
  engine: EngineInfo,
})
export type RunIdentity = typeof RunIdentity.Type

/** A process, recognizable after it is gone: a process id alone is reused. */
export const ProcessIdentity = Schema.Struct({
  pid: Schema.Int,
  /** When the process started, in the kernel's own unit. */
  started: Schema.String,
  /** One boot of one machine. */
  bootId: Schema.String,
  /** Where its id counts: each container has a namespace of its own. Not on every system, nor in the records of older versions. */
  pidNamespace: Schema.optionalKey(Schema.String),
  host: Schema.String,
})
export type ProcessIdentity = typeof ProcessIdentity.Type

/** What an attempt ran on. */
export const Machine = Schema.Struct({
  /** As "linux x64". */
  platform: Schema.String,
  cpu: Schema.String,
  /** Processors a process may use. */
  cores: Schema.Int,
  memoryBytes: Schema.Int,
})
export type Machine = typeof Machine.Type

export const AttemptOutcome = Schema.Struct({
  status: Schema.Literals(["finished", "interrupted", "failed"]),
  endedAt: Schema.String,
  /** Why it failed or what interrupted it, in a line. */
  reason: Schema.NullOr(Schema.String),
  /** What its command exited with. Not in the records of older versions, as the next one. */
  exitCode: Schema.optionalKey(Schema.Int),
  /** The most memory its process held. */
  peakMemoryBytes: Schema.optionalKey(Schema.Int),
})

export type AttemptOutcome = typeof AttemptOutcome.Type

/** One go at a run: `attempts/0001.json`. While the process lives and there is no outcome, it holds the run. */
export const Attempt = Schema.Struct({
  number: Schema.Int,
  process: ProcessIdentity,
  startedAt: Schema.String,
  engine: EngineInfo,
  node: Schema.String,
  tidemark: Schema.String,
  /** Not in the records of older versions. */
  machine: Schema.optionalKey(Machine),
  /** The commit of the project's checkout, where it is one. */
  gitCommit: Schema.NullOr(Schema.String),
  /** The budget this attempt extended the run to; null where it kept the one before. */
  iterations: Schema.NullOr(Schema.Int),
  /** The iteration training went on from; null until train starts or where it began anew. */
  resumedFrom: Schema.NullOr(Schema.Int),
  outcome: Schema.NullOr(AttemptOutcome),
})
export type Attempt = typeof Attempt.Type

/** `interrupted`: stopped by a signal, or its process is gone. */
export const RunStatus = Schema.Literals(["running", "finished", "interrupted", "failed"])
export type RunStatus = typeof RunStatus.Type

/** What train hands on: recorded in stages/train.json. */
export const Trained = Schema.Struct({
  /** Updates in the budget, and made: fewer after early stopping. */
  budget: Schema.Int,
  progress: TrainProgress,
  /** The checkpoint that report tests, relative to the run directory. */
  checkpoint: Schema.String,
  stoppedEarly: Schema.Boolean,
})
export type Trained = typeof Trained.Type
