/**
 * A sweep that was started with another definition: (stored, new) -> the differences, or the trials that a new sweep adopts.
 */
import { Effect, Schema } from "effect"
import { differences, renderDifferences } from "../../pipeline/lineage/difference.ts"
import { program } from "../../format/program.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { Assignment, SweepDefinition } from "../../schemas/Sweep.ts"
import { definitionJson } from "../../storage/sweeps.ts"
import { planOf, seedsOf, type SweepState, keyOf } from "./decide.ts"
import { liesIn, placesOf } from "./space.ts"
import { decodeTrial, type Sweep } from "./sweepFile.ts"

/** The file of a sweep has changed since the sweep began. */
export class SweepChanged extends Failure<SweepChanged>()("SweepChanged", {
  exitCode: "dataError",
  fields: { path: Schema.String, sweep: Schema.String, changes: Schema.String },
  message: ({ changes, path, sweep }) =>
    `${path} has changed since sweep ${sweep} began:\n${changes}\nrestore the file to resume the sweep, or begin a new one with \`${program} sweep ${path} --new\`: it adopts the finished trials that lie in the new space`,
}) {}

/** What the file of a sweep says: the rest was decided when the sweep began. */
const fileJson = ({ engineChoice: _e, ...definition }: SweepDefinition) =>
  definitionJson({ ...definition, adopted: [] })

/** What differs, one line each; empty if a sweep with the first definition can be resumed with the second. */
export const changesOf = (stored: SweepDefinition, next: SweepDefinition): string =>
  renderDifferences(differences(fileJson(stored), fileJson(next)))

/**
 * The assignments of finished trials whose experiments are the same in both sweeps, in the order of their numbers. A grid
 * needs none: its points are found by their fingerprints.
 */
export const adoptedTrials = Effect.fn("adoptedTrials")(function* (
  stored: Sweep,
  state: SweepState,
  next: Sweep,
) {
  if (next.definition.strategy.kind === "grid") return []
  const places = placesOf(next.definition.space)
  const lastRung = planOf(stored.definition).shares.length - 1
  const { searched } = seedsOf(stored.definition)
  const adopted: Array<Assignment> = []
  for (const [trial, parameters] of [...state.drawn].toSorted(([a], [b]) => a - b)) {
    const isFinished = searched.every(
      (seed) => state.measured.get(keyOf({ trial, seed, rung: lastRung }))?.record === "measured",
    )
    if (!isFinished || !liesIn(places, parameters)) continue
    const [before, after] = [
      yield* decodeTrial(stored, parameters, 0).pipe(Effect.option),
      yield* decodeTrial(next, parameters, 0).pipe(Effect.option),
    ]
    if (before._tag === "None" || after._tag === "None") continue
    if (fingerprint(before.value) === fingerprint(after.value)) adopted.push(parameters)
  }
  return adopted
})
