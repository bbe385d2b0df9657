/** A dataset as text: (summary of the data) -> lines. */
import { count, measure } from "../../format/numbers.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import type { InspectedData } from "../../operations/data/inspectData.ts"
import { size } from "../../format/size.ts"
import { table } from "./table.ts"

/** More excluded files are only counted; stages/fetch.json of a run lists them all. */
const maxExcluded = 20

/** Test examples may be split from the only set. */
const setsOf = ({ testExamples, trainExamples }: InspectedData["summary"]) =>
  testExamples === 0
    ? `${count(trainExamples)} images`
    : `${count(trainExamples)} training and ${count(testExamples)} test images`

export const renderData = ({ summary }: Pick<InspectedData, "summary">): string => {
  const { classes, imageShape, name, nearDuplicates, packed, splits } = summary
  const excluded = packed?.excluded ?? []
  const more = excluded.length - maxExcluded
  const images = Object.entries(packed?.images ?? {}).map(([what, number]) => `${count(number)} ${what}`)
  return [
    `${datasetTitle(name)}: ${setsOf(summary)} of ${imageShape.join("×")}, ${classes.length} classes`,
    `pixels         mean ${measure(summary.pixelMean)}, standard deviation ${measure(summary.pixelStddev)}`,
    `images         ${size(summary.imageBytes)}, ${summary.isInMemory ? "in memory" : "read from the files of the cache"} while training`,
    ...(packed === null
      ? []
      : [
          `files          ${count(packed.sources)}${images.length === 0 ? "" : ` (${images.join(", ")})`}, ${count(packed.skipped)} hidden skipped, ${count(excluded.length)} excluded`,
          `digest         ${packed.digest}`,
        ]),
    ...excluded.slice(0, maxExcluded).map(({ path, reason }) => `excluded       ${path}: ${reason}`),
    ...(more > 0 ? [`excluded       ${count(more)} more`] : []),
    ...(nearDuplicates === null
      ? []
      : [
          `look alike     ${nearDuplicates.pairs === 1 ? "1 pair" : `${count(nearDuplicates.pairs)} pairs`} in several splits${nearDuplicates.isComplete ? "" : ", not all images compared"}${nearDuplicates.pairs === 0 ? "" : "; --html shows the most similar"}`,
        ]),
    "",
    // Without a split, the problem says why.
    ...(splits.length === 0
      ? [`classes        ${classes.join(", ")}`]
      : [
          table(
            ["class", ...splits.map((split) => split.name)],
            [
              ...classes.map((each, label) => [
                each,
                ...splits.map((split) => count(split.classCounts[label])),
              ]),
              ["all", ...splits.map((split) => count(split.examples))],
            ],
          ),
        ]),
  ].join("\n")
}
