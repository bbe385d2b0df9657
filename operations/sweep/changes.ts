/**
 * A sweep that was started with another definition: (stored, new) -> the differences.
 */
import { Schema } from "effect"
import { differences, renderDifferences } from "../../pipeline/lineage/difference.ts"
import { program } from "../../format/program.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { definitionJson } from "../../storage/sweeps.ts"

/** The file of a sweep has changed since the sweep began. */
export class SweepChanged extends Failure<SweepChanged>()("SweepChanged", {
  exitCode: "dataError",
  fields: { path: Schema.String, sweep: Schema.String, changes: Schema.String },
  message: ({ changes, path, sweep }) =>
    `${path} has changed since sweep ${sweep} began:\n${changes}\nrestore the file to resume the sweep, or begin a new one with \`${program} sweep ${path} --new\`: it adopts the finished trials and runs that lie in the new space`,
}) {}

const withoutAdopted = (definition: SweepDefinition) => definitionJson({ ...definition, adopted: [] })

/** What differs, one line each; empty if a sweep with the first definition can be resumed with the second. */
export const changesOf = (stored: SweepDefinition, next: SweepDefinition): string =>
  renderDifferences(differences(withoutAdopted(stored), withoutAdopted(next)))
