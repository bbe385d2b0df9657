/** A dataset as a page: (inspected data) -> HTML with its figures and a contact sheet, the first training images of each class. */
import { Effect } from "effect"
import { count, measure } from "../../format/numbers.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import type { InspectedData } from "../../operations/data/inspectData.ts"
import { examplePicture } from "../page/examplePicture.ts"
import { html } from "../page/html.ts"
import { facts, notice, page, paragraph, type Section } from "../page/page.ts"

const imagesOfClass = 10
/** More classes are only counted: a page of thousands of images is slow. */
const maxClasses = 100

const sheetOf = Effect.fnUntraced(function* ({ data, summary }: InspectedData) {
  const pixels = data.imageShape.reduce((a, b) => a * b)
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
        examplePicture(data.images.subarray(index * pixels, (index + 1) * pixels), [height, width, channels]),
      ),
      (pictures) =>
        html`<h3>${name}</h3>
          <ol class="cards">
            ${pictures.flatMap((picture, at) =>
              picture === null ? [] : [html`<li>${picture(`${name}, example ${at + 1}`)}</li>`],
            )}
          </ol>`,
    ),
  )
})

export const dataPage = Effect.fn("dataPage")(function* (inspected: InspectedData) {
  const { summary } = inspected
  const more = summary.classes.length - maxClasses
  const sections: ReadonlyArray<Section> = [
    {
      id: "figures",
      title: "Figures",
      content: [
        notice("Problems", summary.problems),
        notice("Warnings", summary.warnings),
        facts([
          ["images", `${summary.imageShape.join("×")}, ${summary.classes.length} classes`],
          ["training set", `${count(summary.trainExamples)} examples`],
          ["test set", `${count(summary.testExamples)} examples`],
          ...summary.splits.map(({ examples, name }) => [`${name} split`, count(examples)] as const),
          [
            "pixels",
            `mean ${measure(summary.pixelMean)}, standard deviation ${measure(summary.pixelStddev)}`,
          ],
          ...(summary.packed === null
            ? []
            : [
                ["digest of pixels and labels", html`<code>${summary.packed.digest}</code>`] as const,
                ["hidden files skipped", count(summary.packed.skipped)] as const,
                ["files excluded", count(summary.packed.excluded.length)] as const,
              ]),
        ]),
      ],
    },
    {
      id: "images",
      title: "Images",
      content: [
        paragraph(`The first ${imagesOfClass} images of each class, training set first.`),
        ...(yield* sheetOf(inspected)),
        more > 0 ? paragraph(`${count(more)} more classes.`) : null,
      ],
    },
  ]
  return page({
    title: datasetTitle(summary.name),
    kind: "dataset",
    lead: paragraph(
      `${count(summary.trainExamples + summary.testExamples)} images of ${summary.classes.length} classes`,
    ),
    sections,
  })
})
