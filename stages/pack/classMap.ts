/**
 * The classes of a dataset: (names in all splits, classes of the experiment) -> the name of each label.
 *
 * One map serves all splits, so that a class that one of them lacks does not shift the labels of the others. Names are
 * compared in Unicode's composed form: macOS stores `é` as two characters.
 */
import { Result } from "effect"
import { listed } from "../../format/listed.ts"
import { byCodePoint } from "./codePoints.ts"
import { ClassesMismatch } from "./SourceInvalid.ts"

/** More names are only counted. */
const maxListed = 10

const show = (names: ReadonlyArray<string>) => {
  const more = names.length - maxListed
  return listed([
    ...names.slice(0, maxListed).map((name) => JSON.stringify(name)),
    ...(more > 0 ? [`${more} more`] : []),
  ])
}

const isInteger = (name: string) => /^-?\d+$/.test(name)

/** Numbers by value, other names by code point. */
export const inOrder = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.every(isInteger)
    ? names.toSorted((a, b) => Number(a) - Number(b) || byCodePoint(a, b))
    : names.toSorted(byCodePoint)

/** Names that differ only in case, which a file system of macOS or Windows joins. */
const caseClash = (names: ReadonlyArray<string>): readonly [string, string] | undefined => {
  const known = new Map<string, string>()
  for (const name of names) {
    const key = name.toLowerCase()
    const other = known.get(key)
    if (other !== undefined) return [other, name]
    known.set(key, name)
  }
  return undefined
}

export interface ClassMap {
  readonly names: ReadonlyArray<string>
  /** The label of a class; every name that was found has one. */
  readonly labelOf: (name: string) => number
}

const mapOf = (names: ReadonlyArray<string>): ClassMap => {
  const labels = new Map(names.map((name, label) => [name, label]))
  return { names, labelOf: (name) => labels.get(name.normalize()) ?? -1 }
}

/** `found`: the names in all splits. `hint`: what to do if their number is wrong. */
export const classMap = (
  dataset: string,
  found: Iterable<string>,
  classes: number | ReadonlyArray<string>,
): Result.Result<ClassMap, ClassesMismatch> => {
  const names = [...new Set([...found].map((name) => name.normalize()))]
  const mismatch = (found: string, expected: string, advice: string) =>
    Result.fail(new ClassesMismatch({ dataset, found, expected, advice }))
  if (typeof classes !== "number") {
    const map = mapOf(classes.map((name) => name.normalize()))
    const unknown = inOrder(names.filter((name) => map.labelOf(name) < 0))
    return unknown.length === 0
      ? Result.succeed(map)
      : mismatch(
          `${show(unknown)}`,
          `one of ${show(map.names)}`,
          "list it in dataset.classes, or remove its images",
        )
  }
  const clash = caseClash(names)
  if (clash !== undefined) {
    return mismatch(
      `${show(clash)}, which differ only in upper and lower case`,
      "one name for each class",
      "rename one of them, or list both in dataset.classes",
    )
  }
  if (names.length === classes) return Result.succeed(mapOf(inOrder(names)))
  return mismatch(
    names.length === 0 ? "none" : `${names.length} classes (${show(inOrder(names))})`,
    `${classes}`,
    "correct dataset.classes, or list the names of all classes there",
  )
}
