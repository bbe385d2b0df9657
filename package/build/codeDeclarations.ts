/**
 * The declarations of `tidemark/code`: () -> the text of its `.d.ts`, as the compiler emits it.
 *
 * They name types of TensorFlow.js and of effect, because a user's functions work on them.
 */
import { join } from "node:path"
import ts from "typescript-declarations"
import { root } from "./bundle.ts"

const source = join(root, "schemas/ownCode/define.ts")

export const codeDeclarations = (): string => {
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
  let text = ""
  program.emit(program.getSourceFile(source), (_, written) => (text = written))
  return text.replaceAll('"../index.ts"', '"./index.js"')
}
