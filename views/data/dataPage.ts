/** A dataset as a page: (inspected data) -> HTML with its counts, and the first images of each class. */
import { Effect } from "effect"
import { count, measure, percent } from "../../format/numbers.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import type { InspectedData } from "../../operations/data/inspectData.ts"
import { imageReader, withImageReads } from "../../stages/dataset/images.ts"
import { alikeCards, alikeIndices } from "../page/alike.ts"
import { examplePicture, type Picture } from "../page/examplePicture.ts"
import { html } from "../page/html.ts"
import { facts, highlights, notice, page, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"

const imagesOfClass = 10
/** More classes are only counted: a page of thousands of images is slow. */
const maxClasses = 100
/** More excluded files are only counted; stages/fetch.json of a run lists them all. */
const maxExcluded = 100

/** The first images of each class, training set first. */
const picturesOf = Effect.fnUntraced(function* ({ data, summary }: InspectedData) {
  const read = imageReader(data)
  const [height, width, channels] = data.imageShape
  const first = new Map<number, Array<number>>()
  for (let index = 0; index < data.labels.length; index++) {
    const label = data.labels[index]
    if (label >= maxClasses) continue
    const known = first.get(label) ?? []
    if (known.length < imagesOfClass) first.set(label, [...known, index])
  }
  return yield* Effect.forEach(summary.classes.slice(0, maxClasses), (name, label) =>
    Effect.map(
      Effect.forEach(first.get(label) ?? [], (index) =>
        examplePicture(read(index).slice(), [height, width, channels]),
      ),
      (pictures) =>
        html`<span class="sheet"
          >${pictures.map((picture, at) => picture?.(`${name}, example ${at + 1}`) ?? null)}</span
        >`,
    ),
  )
})

const classesSection = Effect.fnUntraced(function* (inspected: InspectedData) {
  const { classes, splits } = inspected.summary
  const pictures = yield* picturesOf(inspected)
  const more = classes.length - maxClasses
  return {
    id: "classes",
    title: "Classes",
    content: [
      table({
        caption: `Examples of each class and split, and the first ${imagesOfClass} images, training set first`,
        columns: [
          "class",
          ...splits.map(({ name }) => ({ name, numeric: true })),
          { name: "share", numeric: true },
          "images",
        ],
        rows: classes.slice(0, maxClasses).map((name, label) => {
          const counts = splits.map(({ classCounts }) => classCounts[label])
          const all = splits.reduce((sum, { examples }) => sum + examples, 0)
          const share = all === 0 ? "" : percent(counts.reduce((a, b) => a + b, 0) / all)
          return [name, ...counts.map((each) => count(each)), share, pictures[label]]
        }),
      }),
      more > 0 ? paragraph(`${count(more)} more classes.`) : null,
    ],
  } satisfies Section
})

const filesSection = ({ summary }: InspectedData): ReadonlyArray<Section> => {
  const { packed } = summary
  if (packed === null) return []
  const excluded = packed.excluded.slice(0, maxExcluded)
  const more = packed.excluded.length - excluded.length
  const kinds = Object.entries(packed.images).map(([what, number]) => `${count(number)} ${what}`)
  return [
    {
      id: "files",
      title: "Files",
      content: [
        facts([
          ["read", count(packed.sources)],
          ...(kinds.length === 0 ? [] : [["of them", kinds.join(", ")] as const]),
          ["hidden, skipped", count(packed.skipped)],
          ["excluded", count(packed.excluded.length)],
          ["digest of pixels and labels", html`<code>${packed.digest}</code>`],
        ]),
        excluded.length === 0
          ? null
          : table({
              caption: "Excluded files",
              columns: ["file", "reason"],
              rows: excluded.map(({ path, reason }) => [path, reason]),
            }),
        more > 0 ? paragraph(`${count(more)} more files are excluded.`) : null,
      ],
    },
  ]
}

/** Images of several splits that look alike, in pairs; nothing if the data cannot be split. */
const alikeSection = Effect.fnUntraced(function* ({ data, summary }: InspectedData) {
  const { nearDuplicates } = summary
  if (nearDuplicates === null) return []
  const read = imageReader(data)
  const [height, width, channels] = data.imageShape
  const pictures = new Map<number, Picture>()
  for (const index of alikeIndices(nearDuplicates)) {
    const picture = yield* examplePicture(read(index).slice(), [height, width, channels])
    if (picture !== null) pictures.set(index, picture)
  }
  const section: Section = {
    id: "alike",
    title: "Near duplicates",
    content: alikeCards(nearDuplicates, pictures),
  }
  return [section]
})

export const dataPage = Effect.fn("dataPage")(function* (inspected: InspectedData) {
  const { summary } = inspected
  const examples = summary.trainExamples + summary.testExamples
  const { problems, warnings } = summary
  return page({
    title: datasetTitle(summary.name),
    kind: "Dataset",
    lead: [
      paragraph(
        `${count(examples)} images of ${summary.imageShape.join("×")} in ${summary.classes.length} classes`,
      ),
      notice("Problems: a run would be refused", problems),
      notice("Warnings", warnings),
      highlights([
        ...(summary.splits.length > 0
          ? summary.splits.map(({ examples, name }) => ({
              name: `${name} split`,
              value: count(examples),
              note: "examples",
            }))
          : [
              { name: "training set", value: count(summary.trainExamples), note: "examples" },
              { name: "test set", value: count(summary.testExamples), note: "examples" },
            ]),
        {
          name: "mean of the pixels",
          value: measure(summary.pixelMean),
          note: `standard deviation ${measure(summary.pixelStddev)}, of 0 to 1`,
        },
      ]),
    ],
    sections: [
      yield* classesSection(inspected),
      ...(yield* alikeSection(inspected)),
      ...filesSection(inspected),
    ],
  })
}, withImageReads)
