/** Every program in the documents that uses the API runs to its end, in the order of its document. */
import { spawnSync } from "node:child_process"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { makeProject, type Project } from "./project.ts"
import { snippets, writeSnippets } from "./snippets.ts"

let project: Project
beforeAll(async () => {
  project = await makeProject("real")
  writeSnippets(project)
})
afterAll(() => project.remove())

const programs = snippets.filter(({ isProgram }) => isProgram)

for (const { at, file } of programs) {
  it(`the program at ${at} ends without an error`, () => {
    const ended = spawnSync(process.execPath, [file], { cwd: project.folder, encoding: "utf8" })
    assert.strictEqual(ended.status, 0, ended.stderr)
    assert.notStrictEqual(ended.stdout, "")
    assert.strictEqual(ended.stderr, "")
  }, 120_000)
}
