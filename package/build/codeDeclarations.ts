/**
 * The declarations of `tidemark/code`: () -> the text of its `.d.ts`, as the compiler emits it.
 *
 * They name types of TensorFlow.js and of effect, because a user's functions work on them.
 */
import { join } from "node:path"
import ts from "typescript-declarations"
import { root } from "./bundle.ts"

const definitions = join(root, "schemas/ownCode/define.ts")

/** Throws if the compiler finds nothing to declare, so that no package is built without them. */
export const codeDeclarations = (source = definitions): string => {
  const program = ts.createProgram([source], {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    emitDeclarationOnly: true,
    declaration: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: ["node"],
  })
  const file = program.getSourceFile(source)
  if (file === undefined) throw new Error(`no declarations of tidemark/code: ${source} cannot be read`)
  let text = ""
  program.emit(file, (_, written) => (text = written))
  // A module that exports nothing is `export {}`.
  if (!/^export (?!\{\s*\})/m.test(text))
    throw new Error(`no declarations of tidemark/code: found no export in ${source}`)
  return text.replaceAll('"../index.ts"', '"./index.js"')
}
