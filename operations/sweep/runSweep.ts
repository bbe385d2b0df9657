/**
 * Runs a sweep to its end, or resumes it: (sweep, options) -> its result.
 *
 * Each step is decided from the journal alone (`decide.ts`). Records are appended in the order of the parts, whatever order
 * they end in, so the journal has the same bytes (but for the names of runs) with any number of processes and after any kill.
 * With a store, another machine that gives the same command continues a sweep whose process is gone.
 */
import { availableParallelism } from "node:os"
import { Effect, type FileSystem, type Path } from "effect"
import type { Assignment, SweepDefinition, SweepRecord } from "../../schemas/Sweep.ts"
import { chooseEngine } from "../../pipeline/engineChoice/chooseEngine.ts"
import type { ExperimentInvalid } from "../../pipeline/experimentFile/load.ts"
import type { ModelShapeMismatch } from "../../schemas/experiment/ModelShapeMismatch.ts"
import type { ClaimLost } from "../../storage/lock/claim.ts"
import { checkNotCopy } from "../../storage/share/checkNotCopy.ts"
import { makePuller } from "../../storage/share/pullRun.ts"
import { sweepPlace } from "../../storage/share/recordPlaces.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import {
  appendSweepRecords,
  claimSweep,
  isRunOfSweep,
  openSweepJournal,
  readSweepDefinition,
  readSweepResult,
  writeSweepDefinition,
  writeSweepResult,
} from "../../storage/sweeps.ts"
import { awaitStore } from "../queue/awaitStore.ts"
import { keepRecords } from "../queue/keepRecords.ts"
import { adoptedTrials, changesOf, SweepChanged } from "./changes.ts"
import {
  type Ended,
  keyOf,
  type Measurement,
  nextStep,
  type Part,
  stateOf,
  type SweepState,
} from "./decide.ts"
import { nameOfTrial, objectiveKey, showObjective } from "./describe.ts"
import { assembleResult, baseOf, finalistsOf, winnerOf } from "./finish.ts"
import { prepareWork, type Work } from "./parts.ts"
import { placesOf } from "./space.ts"
import { problemOf, showAssignment, type Sweep } from "./sweepFile.ts"
import { type ParallelOptions, type Training, trainWorks } from "./trainWorks.ts"

export interface RunSweepOptions extends ParallelOptions {
  /** Begin a new sweep if the definition changed, and adopt the trials that lie in both spaces. */
  readonly isNew: boolean
}

/** A definition with the engine of its runs. Machines that share a queue choose their own. */
const withEngine = Effect.fnUntraced(function* (
  definition: SweepDefinition,
  { engine, processes, queue, threads }: RunSweepOptions,
) {
  if (engine !== "auto" || queue !== undefined) return definition
  const share = processes === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / processes))
  const engineChoice = yield* chooseEngine(definition.base, { threads: threads ?? share })
  return engineChoice === undefined ? definition : { ...definition, engineChoice }
})

/** The stored sweep with the secrets of the file; begins or refuses it first if it is another one. */
const begin = Effect.fnUntraced(function* (sweep: Sweep, options: RunSweepOptions) {
  const { definition, path } = sweep
  const { isNew, runsDir } = options
  const { name } = definition
  const stored = yield* readSweepDefinition(runsDir, name)
  if (stored === undefined) {
    const begun: SweepDefinition = yield* withEngine(definition, options)
    yield* writeSweepDefinition(runsDir, begun)
    return begun
  }
  const changes = changesOf(stored, definition)
  const { adopted, engineChoice } = stored
  if (changes === "")
    return { ...definition, adopted, ...(engineChoice === undefined ? {} : { engineChoice }) }
  if (!isNew) return yield* new SweepChanged({ path, sweep: name, changes })
  const state = stateOf(yield* openSweepJournal(runsDir, name))
  const trials = yield* adoptedTrials({ path, definition: stored }, state, sweep)
  yield* Effect.logInfo(
    `a new sweep ${name}; it adopts ${trials.length} of ${state.drawn.size} trials:\n${changes}`,
  )
  const next: SweepDefinition = { ...(yield* withEngine(definition, options)), adopted: trials }
  yield* writeSweepDefinition(runsDir, next)
  return next
})

/** Prepares the training of a part: its experiment is decoded. */
const prepare = (sweep: Sweep, drawn: ReadonlyMap<number, Assignment>, work: Work) =>
  prepareWork(sweep, work, work.trial === "base" ? undefined : drawn.get(work.trial))

/**
 * A trial that is no valid experiment has failed. Those that are known beforehand are checked before the sweep begins; only
 * a proposal that depends on results gets here.
 */
const failedOf = (
  { rung, seed, trial }: Part,
  error: ExperimentInvalid | ModelShapeMismatch,
): Measurement => ({
  record: "failed",
  trial,
  seed,
  rung,
  run: null,
  reason: problemOf(error),
})

/** Appends records if this process still holds the claim. */
type WriteRecords = (
  records: ReadonlyArray<SweepRecord>,
) => Effect.Effect<void, ClaimLost | StorageFailed, FileSystem.FileSystem | Path.Path>

/** Draws and measures until the search and the retraining have ended. */
const search = Effect.fnUntraced(function* (sweep: Sweep, options: RunSweepOptions, write: WriteRecords) {
  const { definition } = sweep
  const places = placesOf(definition.space)
  let state: SweepState = stateOf(yield* openSweepJournal(options.runsDir, definition.name))
  while (true) {
    const step = nextStep(definition, state)
    if (step.kind === "ended") return { state, ended: step.ended }
    const undrawn = [...step.draw].filter(([trial]) => !state.drawn.has(trial))
    yield* write(undrawn.map(([trial, parameters]) => ({ record: "trial", trial, parameters })))
    const drawn = new Map([...state.drawn, ...undrawn])
    const measured = new Map(state.measured)
    const missing = step.parts.filter((part) => !measured.has(keyOf(part)))
    yield* Effect.logInfo(`${step.phase}: ${missing.length} of ${step.parts.length} trainings are left`)
    const onMeasured = Effect.fnUntraced(function* (record: Measurement) {
      yield* write([record])
      measured.set(keyOf(record), record)
      const of = record.trial === "base" ? [] : showAssignment(places, drawn.get(record.trial) ?? {})
      const outcome =
        record.record === "failed"
          ? `failed: ${record.reason}`
          : `${objectiveKey(definition)} ${showObjective(definition, record.value)} at iteration ${record.iteration}`
      yield* Effect.logInfo(
        `${[nameOfTrial(record.trial), `seed ${record.seed}`, ...of].join(", ")}: ${outcome}`,
      )
    })
    const prepared = yield* Effect.forEach(missing, (part) => {
      const fail = (error: ExperimentInvalid | ModelShapeMismatch) => Effect.succeed(failedOf(part, error))
      return prepare(sweep, drawn, { ...part, isTested: false }).pipe(
        Effect.catchTags({ ExperimentInvalid: fail, ModelShapeMismatch: fail }),
      )
    })
    const impossible = prepared.filter((one) => "record" in one)
    const trainings = prepared.filter((one): one is Training => !("record" in one))
    yield* Effect.forEach(impossible, onMeasured)
    yield* trainWorks(trainings, options, onMeasured)
    state = { drawn, measured }
  }
})

/** Tests the runs of the winner and of the base; no other run of the sweep is tested. */
const test = Effect.fnUntraced(function* (
  sweep: Sweep,
  options: RunSweepOptions,
  state: SweepState,
  ended: Ended,
) {
  const winner = winnerOf(finalistsOf(state, ended))
  if (winner === undefined || baseOf(state, ended) === undefined) return
  yield* Effect.logInfo(`testing ${nameOfTrial(winner.trial)} and the base`)
  const parts = (["base", winner.trial] as const).flatMap((trial) =>
    ended.freshSeeds.map((seed): Part => ({ trial, seed, rung: ended.lastRung })),
  )
  const trainings = yield* Effect.forEach(parts, (part) =>
    prepare(sweep, state.drawn, { ...part, isTested: true }),
  )
  yield* trainWorks(trainings, options, () => Effect.void)
})

/** The claims of a sweep on this machine and, with a store, on all that share it: its runs and its journal are copied here first. */
const claimEverywhere = Effect.fnUntraced(function* (
  { isNew, runsDir, store }: RunSweepOptions,
  name: string,
) {
  const claimedHere = yield* claimSweep(runsDir, name)
  if (store === undefined) {
    if (isNew || (yield* readSweepResult(runsDir, name)) === undefined) {
      yield* checkNotCopy(runsDir, sweepPlace(name).name, `sweep:${name}`, "--queue and --store")
    }
    return { checkOwned: claimedHere, deliver: Effect.void }
  }
  const { check, deliver } = yield* keepRecords(store, runsDir, sweepPlace(name))
  const isOwn = yield* isRunOfSweep(runsDir, name)
  const { pullAll } = yield* makePuller(store, runsDir)
  yield* awaitStore(pullAll(isOwn))
  return { checkOwned: Effect.andThen(claimedHere, check), deliver }
})

export const runSweep = Effect.fn("runSweep")(function* (file: Sweep, given: RunSweepOptions) {
  const { runsDir } = given
  const { name } = file.definition
  const { checkOwned, deliver } = yield* claimEverywhere(given, name)
  const definition: SweepDefinition = yield* begin(file, given)
  const options = { ...given, choice: definition.engineChoice }
  const finished = yield* readSweepResult(runsDir, name)
  if (finished !== undefined) {
    yield* Effect.logInfo(`sweep ${name} has ended; this is its result`)
    return { definition, result: finished }
  }
  const sweep: Sweep = { path: file.path, definition }
  const write: WriteRecords = (records) =>
    Effect.andThen(checkOwned, appendSweepRecords(runsDir, name, records))
  const { ended, state } = yield* search(sweep, options, write)
  yield* test(sweep, options, state, ended)
  const result = yield* assembleResult(runsDir, definition, state, ended)
  yield* checkOwned
  yield* writeSweepResult(runsDir, result)
  yield* deliver
  return { definition, result }
}, Effect.scoped)
