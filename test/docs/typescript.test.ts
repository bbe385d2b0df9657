/** Every block of TypeScript in the documents is type-checked and decoded; its shapes fit. */
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { loadEnsemble } from "../../operations/ensemble/ensembleFile.ts"
import { loadSweep } from "../../operations/sweep/sweepFile.ts"
import { loadDefault } from "../../pipeline/experimentFile/load.ts"
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"
import { Schedule } from "../../schemas/Schedule.ts"
import { root } from "./markdown.ts"
import { makeProject, type Project } from "./project.ts"
import { snippets, writeSnippets } from "./snippets.ts"

let project: Project
beforeAll(async () => {
  project = await makeProject("real")
  writeSnippets(project)
})
afterAll(() => project.remove())

it("the TypeScript of the documents has no type errors", () => {
  project.write(
    "tsconfig.documents.json",
    JSON.stringify({
      extends: "./tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: [],
      files: snippets.map(({ file }) => file),
    }),
  )
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  let found = ""
  try {
    execFileSync(process.execPath, [tsc, "-p", "tsconfig.documents.json"], { cwd: project.folder })
  } catch (error) {
    found = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error)
  }
  assert.strictEqual(found, "")
})

const decoded = (value: object, path: string): Effect.Effect<unknown, unknown> => {
  if ("members" in value)
    return Effect.flatMap(loadDefault(path), loadEnsemble).pipe(Effect.provide(NodeServices.layer))
  if ("space" in value) {
    return Effect.flatMap(loadDefault(path), (loaded) =>
      loadSweep(loaded, { checks: true, iterations: undefined }),
    ).pipe(Effect.provide(NodeServices.layer))
  }
  if (!("experiments" in value)) return decodeExperiment(value, path)
  return Schema.decodeUnknownEffect(Schedule, { onExcessProperty: "error" })(value)
}

for (const { at, file } of snippets.filter(({ isModule, isProgram }) => !isModule && !isProgram)) {
  it(`the TypeScript at ${at} is valid`, async () => {
    const path = join(project.folder, file)
    const module: { readonly default: object } = await import(pathToFileURL(path).href)
    await Effect.runPromise(decoded(module.default, path))
  })
}
