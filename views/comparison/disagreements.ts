/** Disagreements: (Comparison) -> the section with images of examples that only one of two models gets right, or null. */
import { Effect, Schema } from "effect"
import { DatasetFigures, RegisteredName } from "../../schemas/experiment/Dataset.ts"
import { classNames } from "../../stages/dataset/classNames.ts"
import { readExamples } from "../../stages/dataset/examples.ts"
import { exampleNumber } from "../page/exampleNumber.ts"
import { examplePicture, type Picture } from "../page/examplePicture.ts"
import { html } from "../page/html.ts"
import { paragraph, type Section } from "../page/page.ts"
import type { ComparedUnit, Comparison } from "../../operations/compare/Comparison.ts"
import type { OneSided, UnitComparison } from "../../operations/compare/compareGroups.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { count } from "../../format/numbers.ts"

/** Number of tests whose examples are shown. */
const testsPictured = 4

const decodeFigures = Schema.decodeUnknownOption(DatasetFigures)
const isRegistered = Schema.is(RegisteredName)

interface Drawn {
  /** By index in the dataset. */
  readonly pictures: ReadonlyMap<number, Picture>
  readonly names: ReadonlyArray<string>
  /** In the training files. */
  readonly trainExamples: number
}

const nothing: Drawn = { pictures: new Map(), names: [], trainExamples: 0 }

const drawExamples = Effect.fnUntraced(function* ({ figures }: ComparedUnit, indices: ReadonlyArray<number>) {
  const fetched = yield* readFetched(figures.path)
  const dataset = decodeFigures(figures.dataset)
  if (fetched === undefined || dataset._tag === "None") return nothing
  const pictures = new Map<number, Picture>()
  for (const [index, pixels] of yield* readExamples(fetched, dataset.value.train.examples, indices)) {
    const picture = yield* examplePicture(pixels, fetched.imageShape)
    if (picture !== null) pictures.set(index, picture)
  }
  const known = isRegistered(fetched.name) ? fetched.name : "mnist"
  return {
    pictures,
    names: classNames(known, fetched.classes, fetched.classNames),
    trainExamples: dataset.value.train.examples,
  } satisfies Drawn as Drawn
})

interface Side {
  readonly right: string
  readonly wrong: string
  readonly examples: OneSided
}

const rowOf = ({ examples, right, wrong }: Side, { names, pictures, trainExamples }: Drawn) => {
  const cards = examples.first.flatMap(({ index, label }) => {
    const name = names[label] ?? label
    const number = exampleNumber(index, trainExamples)
    const picture = pictures.get(index)?.(`${number}, label ${name}`)
    return picture === undefined
      ? []
      : [
          html`<li>
            <figure>
              ${picture}
              <figcaption><strong>${name}</strong><br /><small>${number}</small></figcaption>
            </figure>
          </li>`,
        ]
  })
  return cards.length === 0
    ? []
    : [
        html`<h3>
            ${right} is right, ${wrong} is wrong: ${cards.length} of ${count(examples.count)} examples
          </h3>
          <ol class="cards">
            ${cards}
          </ol>`,
      ]
}

const sidesOf = ({ first, onlyFirstRight, onlySecondRight, second }: UnitComparison): ReadonlyArray<Side> =>
  onlyFirstRight === null || onlySecondRight === null
    ? []
    : [
        { right: first, wrong: second, examples: onlyFirstRight },
        { right: second, wrong: first, examples: onlySecondRight },
      ]

/** Null if the dataset is gone or there are no disagreements. */
export const disagreementsSection = Effect.fnUntraced(function* ({ tests, units }: Comparison) {
  const sides = tests.slice(0, testsPictured).flatMap(sidesOf)
  const indices = sides.flatMap(({ examples }) => examples.first.map(({ index }) => index))
  if (indices.length === 0) return null
  const drawn = yield* drawExamples(units[0], indices).pipe(Effect.orElseSucceed(() => nothing))
  const rows = sides.flatMap((side) => rowOf(side, drawn))
  if (rows.length === 0) return null
  const section: Section = {
    id: "examples",
    title: "Disagreements",
    content: [
      paragraph(
        "Test examples that only one of two models classifies correctly: the first few. Images are numbered from 0 in the files for training and test.",
      ),
      rows,
    ],
  }
  return section
})
