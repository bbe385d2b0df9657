/** The files of a list of shards: (`data-{000..002}.tar`) -> data-000.tar, data-001.tar and data-002.tar. */
import type { SourceFile, SourceFiles } from "../../schemas/experiment/SourceFile.ts"
import { filesOf } from "../../schemas/experiment/SourceFile.ts"

/** More files than a dataset has: a longer range is a mistake. */
const mostShards = 100_000

const range = /\{(\d+)\.\.(\d+)\}/

/** The numbers of files that the ranges of a path stand for, multiplied. A descending range is one file: it is left as it is. */
const shardsIn = (path: string) =>
  [...path.matchAll(new RegExp(range, "g"))].reduce(
    (product, [, from, until]) => product * Math.max(1, Number(until) - Number(from) + 1),
    1,
  )

/** Numbers have as many digits as the first one is written with. */
const expand = (path: string): ReadonlyArray<string> => {
  const found = range.exec(path)
  if (found === null) return [path]
  const [text, from, until] = found
  const [first, last] = [Number(from), Number(until)]
  if (last < first || shardsIn(path) > mostShards) return [path]
  return Array.from({ length: last - first + 1 }, (_, i) =>
    path.replace(text, String(first + i).padStart(from.length, "0")),
  ).flatMap(expand)
}

export const shardsOf = (files: SourceFiles | undefined): ReadonlyArray<SourceFile> =>
  files === undefined
    ? []
    : filesOf(files).flatMap((file): ReadonlyArray<SourceFile> =>
        typeof file === "string" ? expand(file) : [file],
      )
