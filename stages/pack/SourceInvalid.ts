/** What can be wrong with the files of a dataset that is packed. */
import { Schema } from "effect"
import { count } from "../../format/numbers.ts"
import { Failure } from "../../schemas/Failure.ts"
import { firstLines } from "../../schemas/shortened.ts"

/** A source file that cannot become an example. `path`: as it is shown. */
export interface SourceProblem {
  readonly path: string
  readonly reason: string
  /** What problems of the same kind have in common; without it, the reason. */
  readonly kind?: string
}

/** More files of a kind are only counted. */
const shownOfKind = 3

/** Files with the same kind of problem. `files`: their number; `shown`: the first of them. */
const Group = Schema.Struct({
  files: Schema.Int,
  shown: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String })),
})
type Group = typeof Group.Type

/** Kinds of problems in the order in which they were found: a thousand images of another size are one problem, not a thousand. */
export const groupProblems = (problems: ReadonlyArray<SourceProblem>): ReadonlyArray<Group> => {
  const byKind = new Map<string, { files: number; shown: Array<Group["shown"][number]> }>()
  for (const { kind, path, reason } of problems) {
    const group = byKind.get(kind ?? reason) ?? { files: 0, shown: [] }
    group.files++
    if (group.shown.length < shownOfKind) group.shown.push({ path, reason })
    byKind.set(kind ?? reason, group)
  }
  return [...byKind.values()]
}

const linesOf = ({ files, shown }: Group): ReadonlyArray<string> => {
  const more = files - shown.length
  return [
    ...shown.map(({ path, reason }) => `${path}: ${reason}`),
    ...(more === 0 ? [] : [`and ${count(more)} more like them`]),
  ]
}

/** A folder or file that the experiment names does not exist. */
export class SourceNotFound extends Failure<SourceNotFound>()("SourceNotFound", {
  exitCode: "noInput",
  fields: {
    dataset: Schema.String,
    field: Schema.String,
    path: Schema.String,
    expected: Schema.String,
    /** Where paths start. */
    start: Schema.String,
  },
  message: ({ dataset, expected, field, path, start }) =>
    `cannot read ${dataset}: found nothing at ${path}, expected ${expected}; correct dataset.${field} in the experiment (${start})`,
}) {}

/** A table, an archive or an array file that cannot be read as a whole. */
export class SourceInvalid extends Failure<SourceInvalid>()("SourceInvalid", {
  exitCode: "dataError",
  fields: { path: Schema.String, found: Schema.String, expected: Schema.String, advice: Schema.String },
  message: ({ advice, expected, found, path }) =>
    `cannot read ${path}: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** Files that cannot become examples. */
export class SourceFilesRefused extends Failure<SourceFilesRefused>()("SourceFilesRefused", {
  exitCode: "dataError",
  fields: {
    dataset: Schema.String,
    files: Schema.Int,
    groups: Schema.Array(Group),
  },
  message: ({ dataset, files, groups }) => {
    const lines = firstLines(groups.flatMap(linesOf))
    const what = files === 1 ? "1 file" : `${count(files)} files`
    return `cannot use ${what} of ${dataset}:\n${lines.map((line) => `  ${line}\n`).join("")}correct or remove them, or omit them with damaged: "exclude" in the dataset`
  },
}) {}

/** The data of a run that is resumed are no longer in the cache, and the source has others now. */
export class SourceChanged extends Failure<SourceChanged>()("SourceChanged", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, found: Schema.String, expected: Schema.String },
  message: ({ dataset, expected, found }) =>
    `${dataset} has changed since the run started, and its packed copy is no longer in the cache: found the digest ${found}, expected ${expected}; restore the data, or start a new run`,
}) {}

/** The classes that were found are not those of the experiment. */
export class ClassesMismatch extends Failure<ClassesMismatch>()("ClassesMismatch", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, found: Schema.String, expected: Schema.String, advice: Schema.String },
  message: ({ advice, dataset, expected, found }) =>
    `the classes of ${dataset} are not those of the experiment: found ${found}, expected ${expected}; ${advice}`,
}) {}
