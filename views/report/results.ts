/** What is taken for what: (records, class names) -> the confusion matrix and the table of classes. */
import type { ClassReport } from "../../schemas/Report.ts"
import { figure } from "../page/figures.ts"
import { type Content, html } from "../page/html.ts"
import { folded, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { count, listed } from "../page/numbers.ts"
import { percent } from "../../format/percent.ts"
import type { RunRecords } from "./RunRecords.ts"

/** A matrix of more classes is too big to look at; its largest cells are listed instead. */
const mostClasses = 64
const confusionsListed = 10

interface Confusion {
  readonly label: number
  readonly predicted: number
  readonly examples: number
  /** Of the examples of its class. */
  readonly share: number
}

const confusions = (matrix: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<Confusion> =>
  matrix
    .flatMap((row, label) => {
      const support = row.reduce((a, b) => a + b, 0)
      return row.map((examples, predicted) => ({ label, predicted, examples, share: examples / support }))
    })
    .filter(({ examples, label, predicted }) => label !== predicted && examples > 0)
    .sort((a, b) => b.examples - a.examples || a.label - b.label)

/** How strongly a cell is coloured, in per cent: by the square root, so that single mistakes are seen too. */
const strength = (examples: number, most: number) => Math.round(8 + 50 * Math.sqrt(examples / most))

const cellOf = (examples: number, onDiagonal: boolean, most: number) => {
  if (examples === 0) return html`<td class="none">0</td>`
  return onDiagonal
    ? html`<td class="right">${count(examples)}</td>`
    : html`<td class="wrong" style="--strength:${strength(examples, most)}%">${count(examples)}</td>`
}

const matrixOf = (
  matrix: ReadonlyArray<ReadonlyArray<number>>,
  names: ReadonlyArray<string>,
  most: number,
) => {
  const caption = "Test examples by class (rows) and by what they were taken for (columns)"
  return html`<div class="scroll" role="group" tabindex="0" aria-label="${caption}">
    <table class="confusion">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="colgroup" colspan="${names.length}">taken for</th>
        </tr>
        <tr>
          <th scope="col">class</th>
          ${names.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${matrix.map(
          (row, label) =>
            html`<tr>
              <th scope="row">${names[label] ?? label}</th>
              ${row.map((examples, predicted) => cellOf(examples, label === predicted, most))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

const classesTable = (classes: ReadonlyArray<ClassReport>, names: ReadonlyArray<string>) =>
  figure({
    title: "Class by class",
    caption:
      "Recall: of the class, the share that was recognized. Precision: of what was taken for the class, the share that is of it. F1: the harmonic mean of both.",
    picture: table({
      caption: "Recall, precision and F1 of each class",
      captionHidden: true,
      columns: [
        "class",
        { name: "examples", figures: true },
        { name: "recall", figures: true },
        { name: "precision", figures: true },
        { name: "F1", figures: true },
      ],
      rows: classes.map(({ f1, label, precision, recall, support }) => [
        names[label] ?? label,
        count(support),
        percent(recall),
        percent(precision),
        percent(f1),
      ]),
    }),
  })

const sayConfusion =
  (names: ReadonlyArray<string>) =>
  ({ examples, label, predicted }: Confusion) =>
    `${names[label] ?? label} for ${names[predicted] ?? predicted} (${examples})`

const confusionFigure = (
  matrix: ReadonlyArray<ReadonlyArray<number>>,
  names: ReadonlyArray<string>,
): Content => {
  const found = confusions(matrix)
  const often =
    found.length === 0
      ? "Nothing was taken for anything else."
      : `Most often taken: ${listed(found.slice(0, 5).map(sayConfusion(names)))}.`
  if (matrix.length <= mostClasses) {
    return figure({
      title: "Confusion matrix",
      caption: `${often} The stronger the colour, the more examples.`,
      picture: matrixOf(matrix, names, found[0]?.examples ?? 1),
    })
  }
  return [
    paragraph(`${often} A matrix of ${matrix.length} classes is not drawn.`),
    table({
      caption: "The most frequent confusions",
      columns: [
        "class",
        "taken for",
        { name: "examples", figures: true },
        { name: "of the class", figures: true },
      ],
      rows: found
        .slice(0, confusionsListed)
        .map(({ examples, label, predicted, share }) => [
          names[label] ?? label,
          names[predicted] ?? predicted,
          count(examples),
          percent(share),
        ]),
    }),
  ]
}

export const resultsSection = ({ test }: RunRecords, names: ReadonlyArray<string>): Section | null => {
  if (test === null || (test.confusion === undefined && test.classes === undefined)) return null
  const classes = test.classes === undefined ? null : classesTable(test.classes, names)
  return {
    id: "classes",
    title: "Classes",
    content: [
      html`<div class="pair">
        ${test.confusion === undefined ? null : html`<div>${confusionFigure(test.confusion, names)}</div>`}
        ${
          classes === null
            ? null
            : html`<div>
                ${names.length > mostClasses ? folded(`All ${names.length} classes`, classes) : classes}
              </div>`
        }
      </div>`,
    ],
  }
}
