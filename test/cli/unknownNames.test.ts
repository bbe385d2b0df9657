/** A sweep, an ensemble or a champion that is not there: the message has the name that was probably meant, or those there are. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"

let runsDir: string
const show = async (...words: ReadonlyArray<string>) => {
  const { code, stderr } = await runCommand(...words, "--runs-dir", runsDir)
  assert.strictEqual(code, 66, stderr)
  return stderr.trim()
}

beforeAll(() => {
  runsDir = mkdtempSync(join(tmpdir(), "tidemark-names-"))
  mkdirSync(join(runsDir, "sweeps", "cnn-rates"), { recursive: true })
  mkdirSync(join(runsDir, "ensembles", "pair"), { recursive: true })
  writeRun({ runsDir, second: 1, name: "dense" })
  mkdirSync(join(runsDir, "champions"))
  writeFileSync(join(runsDir, "champions", "dense"), `${runId({ second: 1, name: "dense" })}\n`)
})
afterAll(() => rmSync(runsDir, { recursive: true, force: true }))

describe("a name that is not there", () => {
  it("gets the one that resembles it", async () => {
    assert.match(await show("show", "sweep:cnn-rate"), /no sweep cnn-rate in .*; did you mean cnn-rates\?$/)
    assert.match(await show("rm", "sweep:cnnrates", "--yes"), /did you mean cnn-rates\?$/)
    assert.match(await show("show", "ensemble:pairs"), /no ensemble pairs in .*; did you mean pair\?$/)
    assert.match(await show("champion", "dens"), /dens has no champion in .*; did you mean dense\?$/)
    assert.match(await show("show", "champion:Dense"), /did you mean dense\?$/)
  })

  it("gets those that there are, and the way to make one, if none resembles it", async () => {
    assert.match(await show("show", "sweep:mlp"), /start it with .* and its file \(found cnn-rates\)$/)
    assert.match(
      await show("show", "champion:mlp"),
      /champion with `pnpm pipeline promote RUN` \(found dense\)$/,
    )
  })
})
