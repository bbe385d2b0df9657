/**
 * The records of a run directory: the identity of the run (run.json, written once) and its attempts (one file each, which is
 * also the run's lock). The status of a run is derived from its attempts and never stored, so a killed process cannot leave
 * a wrong one.
 */
import { Schema } from "effect"
import { TrainProgress } from "./Checkpoint.ts"
import { EngineChoice } from "./EngineChoice.ts"
import { EngineInfo } from "./EngineInfo.ts"
import { EvaluationRules, Experiment } from "./experiment/Experiment.ts"
import { withDefault } from "./experiment/withDefault.ts"

/** The format of a run directory; raised when an older program could misread a newer one. */
export const formatVersion = 1

/** The values of the experiment file that the command line replaced. */
export const Overrides = Schema.Struct({
  iterations: Schema.optionalKey(Schema.Int),
  seed: Schema.optionalKey(Schema.Int),
})
export type Overrides = typeof Overrides.Type

/** The checkpoint that a forked run started from. */
export const Parent = Schema.Struct({
  run: Schema.String,
  fingerprint: Schema.String,
  iteration: Schema.Int,
  /** The absolute path of the parent's run directory at that time. Older versions did not record it. */
  path: Schema.optionalKey(Schema.String),
})
export type Parent = typeof Parent.Type

/** An experiment in run.json. If it names no evaluation rules, it is of an older version, and is resumed by its rules. */
const StoredExperiment = Schema.Struct({
  ...Experiment.fields,
  evaluationRules: withDefault(EvaluationRules, 1),
})

/** In place of the path of an experiment file, if code gave the experiment as a value. */
export const notAFile = "(given by code)"

export const RunIdentity = Schema.Struct({
  formatVersion: Schema.Literal(formatVersion),
  id: Schema.String,
  createdAt: Schema.String,
  /** The time by which the run is ordered, if an older run has the same second or a later time: after that one. */
  orderedAt: Schema.optionalKey(Schema.String),
  /** The decoded experiment with the overrides applied. */
  experiment: StoredExperiment,
  /** The path of the experiment file, and the fingerprint of its experiment before the overrides. */
  experimentFile: Schema.Struct({ path: Schema.String, fingerprint: Schema.String }),
  overrides: Overrides,
  fingerprint: Schema.String,
  /** The run this one was forked from. */
  parent: Schema.optionalKey(Parent),
  dataDir: Schema.String,
  /** The engine that started the run. Resuming with another engine changes the last bits. */
  engine: EngineInfo,
  /** Why `auto` took it, if there was a choice. Older versions did not record it. */
  engineChoice: Schema.optionalKey(EngineChoice),
})
export type RunIdentity = typeof RunIdentity.Type

/** A process, identified beyond its end: systems reuse process ids. */
export const ProcessIdentity = Schema.Struct({
  pid: Schema.Int,
  /** The start time of the process, in the kernel's unit. */
  started: Schema.String,
  /** Identifies one boot of one machine. */
  bootId: Schema.String,
  /** The namespace of the process id; each container has its own. Some systems and older versions do not record it. */
  pidNamespace: Schema.optionalKey(Schema.String),
  host: Schema.String,
})
export type ProcessIdentity = typeof ProcessIdentity.Type

/** The machine of an attempt. */
export const Machine = Schema.Struct({
  /** Such as "linux x64". */
  platform: Schema.String,
  cpu: Schema.String,
  /** Processor cores that a process may use. */
  cores: Schema.Int,
  memoryBytes: Schema.Int,
})
export type Machine = typeof Machine.Type

export const AttemptOutcome = Schema.Struct({
  status: Schema.Literals(["finished", "interrupted", "failed"]),
  endedAt: Schema.String,
  /** One line: the error, or the signal that interrupted it. */
  reason: Schema.NullOr(Schema.String),
  /** The exit code of its command. Older versions did not record it, nor the peak memory. */
  exitCode: Schema.optionalKey(Schema.Int),
  /** The peak resident memory of its process. */
  peakMemoryBytes: Schema.optionalKey(Schema.Int),
})

export type AttemptOutcome = typeof AttemptOutcome.Type

/** One attempt at a run: `attempts/0001.json`. While its process lives and it has no outcome, it locks the run. */
export const Attempt = Schema.Struct({
  number: Schema.Int,
  process: ProcessIdentity,
  startedAt: Schema.String,
  engine: EngineInfo,
  node: Schema.String,
  tidemark: Schema.String,
  /** Older versions did not record it. */
  machine: Schema.optionalKey(Machine),
  /** The git commit of the working folder; null outside a git checkout. */
  gitCommit: Schema.NullOr(Schema.String),
  /** Why the commit of a checkout, or whether its files differ from it, is unknown. Older versions did not record it. */
  gitProblem: Schema.optionalKey(Schema.String),
  /** The budget to which this attempt extended the run; null if it kept the budget. */
  iterations: Schema.NullOr(Schema.Int),
  /** The iteration from which training resumed; null before training starts, or if it started from scratch. */
  resumedFrom: Schema.NullOr(Schema.Int),
  outcome: Schema.NullOr(AttemptOutcome),
})
export type Attempt = typeof Attempt.Type

/** `interrupted`: a signal stopped the process, or the process is gone. */
export const RunStatus = Schema.Literals(["running", "finished", "interrupted", "failed"])
export type RunStatus = typeof RunStatus.Type

/** The result of the train stage, recorded in stages/train.json. */
export const Trained = Schema.Struct({
  /** Iterations of the budget. `progress` has the iterations trained: fewer after early stopping. */
  budget: Schema.Int,
  progress: TrainProgress,
  /** The checkpoint for the report to test, relative to the run directory. */
  checkpoint: Schema.String,
  stoppedEarly: Schema.Boolean,
})
export type Trained = typeof Trained.Type
