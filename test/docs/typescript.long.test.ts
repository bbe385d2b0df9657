/** Every experiment in the documents is trained for two iterations, on images of its dataset's shape. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import { makeProject, type Project } from "./project.ts"
import { snippets, writeSnippets } from "./snippets.ts"
import { standIn, writeImages } from "./standIns.ts"

let project: Project
beforeAll(async () => {
  project = await makeProject("real")
  writeSnippets(project)
})
afterAll(() => project.remove())

for (const { at, file } of snippets.filter(({ text }) => text.includes("export default experiment("))) {
  it(`the experiment at ${at} can be trained`, async () => {
    const path = join(project.folder, file)
    const { experiment } = await Effect.runPromise(
      loadExperiment(path, {}).pipe(Effect.provide(NodeServices.layer)),
    )
    const { classes, imageShape, name } = describeDataset(experiment.dataset)
    const folder = join(project.folder, `images-${name}`)
    mkdirSync(folder, { recursive: true })
    writeImages(folder, { classes, imageShape })
    const small = file.replace(".ts", "-small.ts")
    project.write(small, standIn(path, { folder, classes, imageShape }))
    const { code, stderr } = await project.run(`pnpm pipeline run ${small} --iterations 2`)
    assert.strictEqual(code, 0, stderr)
  })
}
