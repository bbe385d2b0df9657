/**
 * The blocks of TypeScript in the documents as whole files, which can be type-checked and run. README.md says what is added
 * to a fragment.
 */
import { documents, valuesOf } from "./documents.ts"
import type { Project } from "./project.ts"

const imports = `import { datasets, experiment, initializers, layers, learningRates, optimizers, regularizers } from "tidemark"`

/** An experiment on images of MNIST's shape, or of as many classes as a dataset in `fields` has. */
const experimentOf = (model: string, fields: string) => `${imports}
const base = {
  name: "fragment",
  dataset: "mnist" as const,
  loss: "softmaxCrossEntropy" as const,
  optimizer: optimizers.adam({ learningRate: 0.001 }),
  batchSize: 20,
  budget: { iterations: 2 },
  initializers,
  learningRates,
  regularizers,
}
const { initializers: _i, learningRates: _l, regularizers: _r, ...plain } = base
export default experiment({
  ...plain,
  model: [${model}],
${fields}
})
`

const last = (classes: string) => `layers.dense({ units: ${classes} })`

export const moduleOf = (text: string): string => {
  if (/^import /m.test(text)) return text
  if (text.startsWith("layers.dense")) return experimentOf(`layers.flatten(), ${text} ${last("10")}`, "")
  if (text.startsWith("layers.")) return experimentOf(`${text} layers.flatten(), ${last("10")}`, "")
  if (!/^[a-z]\w*: /i.test(text)) throw new Error(`neither a file, fields nor layers:\n${text}`)
  const names = /classes: \[([^\]]+)\]/.exec(text)?.[1].split(",")
  const classes = /classes: (\d+)/.exec(text)?.[1] ?? String(names?.length ?? 10)
  return experimentOf(`layers.flatten(), ${last(classes)}`, text)
}

export interface Snippet {
  /** As docs/experiments.md:12. */
  readonly at: string
  /** In a scratch project. */
  readonly file: string
  /** A program that uses the API; it exports nothing. */
  readonly isProgram: boolean
  /** Own code, which experiments in other blocks name: it is at its own path. */
  readonly isModule: boolean
  readonly text: string
}

export const snippets: ReadonlyArray<Snippet> = documents.flatMap(({ blocks, path }) =>
  blocks
    .filter(({ language }) => language === "ts")
    .map((block) => ({ ...block, isModule: block.text.includes(`from "tidemark/code"`) }))
    .map(({ isModule, line, text, ...block }) => ({
      at: `${path}:${line}`,
      file:
        (isModule ? valuesOf(block, "file")[0] : undefined) ??
        `experiments/${path.replace(/\W/g, "-").toLowerCase()}-${line}.ts`,
      isModule,
      isProgram: /from "tidemark\/(?:run|promises)"/.test(text),
      text: moduleOf(text),
    })),
)

export const writeSnippets = (project: Project) => {
  for (const { file, text } of snippets) project.write(file, text)
}
