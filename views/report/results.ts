/** Results by class: (records, class names) -> the section with the confusion matrix and the metrics per class. */
import type { ClassReport } from "../../schemas/Report.ts"
import { figure } from "../page/figures.ts"
import { type Content, html } from "../page/html.ts"
import { folded, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count, percent } from "../../format/numbers.ts"
import { listed } from "../../format/listed.ts"

/** A larger matrix is not drawn; its largest cells are listed instead. */
const maxClasses = 64
const confusionsListed = 10
/** A matrix of this many classes is wider than a phone. */
const scrolledFrom = 8

interface Confusion {
  readonly label: number
  readonly predicted: number
  readonly examples: number
  /** Share of the examples with this label. */
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

/** Colour strength of a cell in per cent: by the square root, so that single examples are visible too. */
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
  const caption = "Test examples by true class (rows) and predicted class (columns)"
  return html`<div class="scroll" role="group" tabindex="0" aria-label="${caption}">
    <table class="confusion">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="colgroup" colspan="${names.length}">predicted class</th>
        </tr>
        <tr>
          <th scope="col">true class</th>
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
    title: "Metrics per class",
    caption:
      "Precision: the share of predictions of a class that are correct. Recall: the share of examples of a class that are predicted as it. F1: the harmonic mean of both.",
    picture: table({
      caption: "Precision, recall and F1 of each class",
      captionHidden: true,
      columns: [
        "class",
        { name: "examples", numeric: true },
        { name: "precision", numeric: true },
        { name: "recall", numeric: true },
        { name: "F1", numeric: true },
      ],
      rows: classes.map(({ f1, label, precision, recall, support }) => [
        names[label] ?? label,
        count(support),
        percent(precision),
        percent(recall),
        percent(f1),
      ]),
    }),
  })

const describeConfusion =
  (names: ReadonlyArray<string>) =>
  ({ examples, label, predicted }: Confusion) =>
    `${names[label] ?? label} as ${names[predicted] ?? predicted} (${examples})`

const confusionFigure = (
  matrix: ReadonlyArray<ReadonlyArray<number>>,
  names: ReadonlyArray<string>,
): Content => {
  const found = confusions(matrix)
  const often =
    found.length === 0
      ? "No test example is misclassified."
      : `Most frequent errors: ${listed(found.slice(0, 5).map(describeConfusion(names)))}.`
  if (matrix.length <= maxClasses) {
    return figure({
      title: "Confusion matrix",
      caption: `${often} Stronger colours mean more examples.`,
      picture: [
        matrix.length < scrolledFrom ? null : html`<p class="hint">Scroll sideways to see every class.</p>`,
        matrixOf(matrix, names, found[0]?.examples ?? 1),
      ],
    })
  }
  return [
    paragraph(`${often} A matrix of ${matrix.length} classes is too large to draw.`),
    table({
      caption: "Most frequent errors",
      columns: [
        "true class",
        "predicted class",
        { name: "examples", numeric: true },
        { name: "share of the class", numeric: true },
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

export const resultsSection = (
  { test }: Pick<RunRecords, "test">,
  names: ReadonlyArray<string>,
): Section | null => {
  if (test === null || (test.confusion === undefined && test.classes === undefined)) return null
  const classes = test.classes === undefined ? null : classesTable(test.classes, names)
  return {
    id: "classes",
    title: "Results by class",
    content: [
      html`<div class="pair">
        ${test.confusion === undefined ? null : html`<div>${confusionFigure(test.confusion, names)}</div>`}
        ${
          classes === null
            ? null
            : html`<div>
                ${names.length > maxClasses ? folded(`All ${names.length} classes`, classes) : classes}
              </div>`
        }
      </div>`,
    ],
  }
}
