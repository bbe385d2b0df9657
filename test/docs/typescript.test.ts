/** Every block of TypeScript in the documents is type-checked, decoded and, if it is an experiment, trained a little. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { loadEnsemble } from "../../operations/ensemble/ensembleFile.ts"
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"
import { Schedule } from "../../schemas/Schedule.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import { readDocument, root } from "./markdown.ts"
import { makeProject, type Project } from "./project.ts"
import { moduleOf } from "./snippets.ts"
import { standIn, writeImages } from "./standIns.ts"

const paths = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
const snippets = paths
  .filter((path) => path.endsWith(".md"))
  .flatMap((path) =>
    readDocument(path)
      .blocks.filter(({ language }) => language === "ts")
      .map(({ line, text }) => ({
        at: `${path}:${line}`,
        file: `experiments/${path.replace(/\W/g, "-").toLowerCase()}-${line}.ts`,
        text,
      })),
  )

let project: Project
beforeAll(async () => {
  project = await makeProject("real")
  for (const { file, text } of snippets) project.write(file, moduleOf(text))
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

const valueIn = async (file: string): Promise<object> => {
  const module: { readonly default: object } = await import(pathToFileURL(join(project.folder, file)).href)
  return module.default
}

for (const { at, file } of snippets) {
  it(`the TypeScript at ${at} is valid and can be trained`, async () => {
    const path = join(project.folder, file)
    const value = await valueIn(file)
    if ("members" in value) {
      await Effect.runPromise(loadEnsemble(path).pipe(Effect.provide(NodeServices.layer)))
      return
    }
    if ("experiments" in value) {
      Schema.decodeUnknownSync(Schedule, { onExcessProperty: "error" })(value)
      return
    }
    const experiment = await Effect.runPromise(decodeExperiment(value, path))
    const { classes, imageShape, name } = describeDataset(experiment.dataset)
    const folder = join(project.folder, `images-${name}`)
    mkdirSync(folder, { recursive: true })
    writeImages(folder, { classes, imageShape })
    const small = file.replace(".ts", "-small.ts")
    writeFileSync(join(project.folder, small), standIn(path, { folder, classes, imageShape }))
    const { code, stderr } = await project.run(`pnpm pipeline run ${small} --iterations 2`)
    assert.strictEqual(code, 0, stderr)
  })
}
