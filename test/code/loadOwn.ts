/** Own code in this process: (kind, text of a module that exports `own`) -> the function with its options. */
import { Effect } from "effect"
import type { OwnKind } from "../../schemas/ownCode/define.ts"
import { loadFunctions } from "../../stages/code/load.ts"
import { addText } from "../../storage/codeTexts.ts"

/** The text begins on line 4. */
const imports = `import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineAugment, defineLayer, defineLoss, defineMetric, definePreprocess, defineSchedule } from "tidemark/code"
`

export const loadOwn = async <K extends OwnKind>(kind: K, text: string, options = {}) => {
  const code = { files: { "own.ts": addText(imports + text) }, packages: {}, folder: "" }
  const reference = { kind: "custom", module: "own.ts", export: "own", options } as const
  const use = { kind, at: "here", reference } as const
  const functions = await Effect.runPromise(loadFunctions(code, [use]))
  return { code, functions, reference, own: functions.get(kind, reference) }
}
