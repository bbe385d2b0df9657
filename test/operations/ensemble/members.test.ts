/**
 * Members of an ensemble when the data changes, and removing an ensemble, with runs that were written without
 * training.
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { Effect, type FileSystem, type Path, Schema } from "effect"
import { combineMembers } from "../../../operations/ensemble/combineMembers.ts"
import { chooseForMembers } from "../../../operations/ensemble/trainMembers.ts"
import { readReport } from "../../../storage/report.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import { locateEnsemble } from "../../../storage/ensembles.ts"
import { runCommand } from "../../fixtures/command.ts"
import { engineInfo, gpuEngineInfo } from "../../fixtures/engineInfo.ts"
import { writeFinishedRun } from "../../fixtures/finishedRun.ts"
import tiny from "../../fixtures/tiny.ts"

let runsDir: string
beforeAll(() => (runsDir = mkdtempSync(join(tmpdir(), "tidemark-members-"))))
afterAll(() => rmSync(runsDir, { recursive: true, force: true }))

const go = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

const experiment = Schema.decodeUnknownSync(Experiment)(tiny)
const duo = {
  path: "duo.ts",
  name: "duo",
  combine: "mean",
  members: [{ experiment, fingerprint: "f" }],
} as const

const combined = (paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const members = yield* Effect.forEach(paths, (path, seed) =>
      Effect.map(readReport(path), (report) => {
        if (report === undefined) throw new Error(`no report in ${path}`)
        return { path, report, seed }
      }),
    )
    return yield* combineMembers(duo, members, runsDir)
  })

/** Two examples of each class; the first `right` ones are predicted right. */
const firstRight = (right: number) => Array.from({ length: 20 }, (_, i) => i < right)

describe("members of an ensemble", () => {
  it("from before the data changed are named, with the command that removes them", async () => {
    const old = [1, 2].map((second) => writeFinishedRun({ runsDir, second, right: firstRight(3) }))
    const now = writeFinishedRun({ runsDir, second: 3, right: firstRight(20), trainExamples: 2000 })
    const [first, second] = old.map((path) => basename(path))

    const before = await go(Effect.flip(combined([...old, now])))
    assert.strictEqual(
      before.message,
      `cannot combine ${first}, ${second} with the other members: tested on other examples than the newest, ${basename(now)}; remove them with \`pnpm pipeline rm ${first} ${second}\` and run the ensemble again`,
    )
    // Equally many images with the same labels, but other images.
    const other = writeFinishedRun({ runsDir, second: 4, right: firstRight(20), testDigest: "3" })
    const moved = await go(Effect.flip(combined([...old, other])))
    assert.include(moved.message, `tested on other examples than the newest, ${basename(other)}`)
    rmSync(other, { recursive: true })
    await go(combined(old))
    const after = await go(Effect.flip(combined([...old, now])))
    assert.include(after.message, `\`pnpm pipeline rm ensemble:duo ${first} ${second}\``)

    const kept = await runCommand("rm", first, "--yes", "--runs-dir", runsDir)
    assert.strictEqual(kept.code, 75)
    assert.include(kept.stderr, `${first} (a member of ensemble duo, which \`rm ensemble:duo\` removes)`)
    const all = ["ensemble:duo", first, second, "--runs-dir", runsDir]
    const dry = await runCommand("rm", ...all)
    assert.match(dry.stdout, /nothing was removed; add --yes to remove 1 ensemble and 2 runs, [\d.]+ kB/)
    assert.isTrue(existsSync(join(runsDir, "ensembles", "duo", "report.json")))
    const removed = await runCommand("rm", ...all, "--yes")
    assert.strictEqual(removed.code, 0, removed.stderr)
    assert.deepStrictEqual(readdirSync(runsDir).sort(), [basename(now), "ensembles"].sort())
    assert.deepStrictEqual(readdirSync(join(runsDir, "ensembles")), [])
  })

  it("are not found under the name of a missing ensemble, or one that leads to another folder", async () => {
    for (const name of ["duo", "..", "../champions", ""]) {
      const error = await go(Effect.flip(locateEnsemble(runsDir, name)))
      assert.strictEqual(error._tag, "EnsembleNotFound")
    }
  })

  it("that a GPU began are not resumed there with --device cpu", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent/icd.json")
    const folder = join(runsDir, "begun")
    const begun = { runsDir: folder, second: 1, right: [true], iterations: 10 }
    const path = writeFinishedRun({ ...begun, status: "interrupted", engine: gpuEngineInfo })
    // Runs of an experiment are found by the name of their folder.
    const print = JSON.parse(readFileSync(join(path, "run.json"), "utf8")).fingerprint.slice(0, 8)
    renameSync(path, path.replace(/0{8}$/, print))
    const file = join(runsDir, "trio.ts")
    const member = { ...tiny, seed: experiment.seed }
    writeFileSync(
      file,
      `export default ${JSON.stringify({ name: "trio", members: [member, { ...member, seed: 77 }] })}`,
    )
    const places = ["--runs-dir", folder, "--data-dir", join(runsDir, "data")]
    const words = ["run", file, "--member", "1", "--iterations", "10", "--threads", "1", ...places]
    const { code, stderr } = await runCommand(...words, "--device", "cpu")
    assert.strictEqual(code, 0, stderr)
    assert.match(
      stderr,
      new RegExp(`not resuming ${basename(path)}, which another engine trained: .*device was gpu`),
    )
    vi.unstubAllEnvs()
  })

  it("all have the engine of the first one with a run, unless an engine is named", async () => {
    const folder = join(runsDir, "alike")
    const written = writeFinishedRun({
      runsDir: folder,
      second: 1,
      right: [true],
      status: "interrupted",
      engine: { ...engineInfo, name: "tensorflow", path: "onednn-avx2+dft" },
    })
    renameSync(written, written.replace(/0{8}$/, fingerprint(experiment).slice(0, 8)))
    const second = { experiment: { ...experiment, seed: 77 }, fingerprint: "f" }
    const ensemble = { ...duo, members: [second, ...duo.members] }
    const options = { overrides: {}, runsDir: folder, threads: 1 }
    const choice = await go(chooseForMembers(ensemble, { ...options, engine: "auto" }))
    assert.deepStrictEqual(choice, {
      engine: "tensorflow",
      basis: "members",
      workload: { iterations: 200, images: 12_500 },
    })
    assert.isUndefined(await go(chooseForMembers(ensemble, { ...options, engine: "onnx" })))
  })
})
