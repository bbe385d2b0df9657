/** Several experiments in one file: trained, interrupted, resumed, and predicting together. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { parseHTML } from "linkedom"
import sharp from "sharp"
import { decodeSafetensors } from "../../../storage/safetensors.ts"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { resultOf } from "../../fixtures/runFiles.ts"

const tiny = JSON.stringify(fileURLToPath(new URL("../../fixtures/tiny.ts", import.meta.url)))

let scratch: string
let runs: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-ensemble-"))
  runs = join(scratch, "runs")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const write = (name: string, value: string) => {
  const path = join(scratch, name)
  writeFileSync(path, `import tiny from ${tiny}\nexport default ${value}\n`)
  return path
}
/** The last member has fewer validation examples; all are tested on the same ones. */
const trio = () =>
  write(
    "trio.ts",
    `{ name: "trio", members: [0, 1, 2].map((seed) => ({ ...tiny, seed, split: { ...tiny.split, validation: 500 - 200 * (seed >> 1) } })) }`,
  )
const flags = (folder: string) => [
  "--iterations=40",
  "--engine=onnx",
  `--runs-dir=${folder}`,
  `--data-dir=${join(scratch, "data")}`,
]
const runNames = (folder: string) => readdirSync(folder).filter((name) => /^\d{8}T/.test(name))
const probabilitiesOf = (folder: string) => {
  const decoded = decodeSafetensors(readFileSync(join(folder, "predictions.safetensors")))
  const found =
    decoded._tag === "Success"
      ? decoded.success.tensors.find(({ name }) => name === "probabilities")
      : undefined
  if (!(found?.data instanceof Float32Array)) throw new Error("no probabilities")
  return found.data
}

describe("an ensemble", () => {
  it("is trained by one command, which resumes it after an interruption", async () => {
    const { child, ended } = start("run", trio(), ...flags(runs))
    let stderr = ""
    let isInterrupted = false
    child.stderr?.on("data", (data) => {
      stderr += String(data)
      // Once: a second signal would end the process at once.
      if (isInterrupted || !/member 2 of 3[\s\S]*iteration \d+\/40/.test(stderr)) return
      isInterrupted = child.kill("SIGINT")
    })
    const interrupted = await ended
    assert.strictEqual(interrupted.code, 130, interrupted.stderr)
    assert.include(
      interrupted.stderr,
      `resume with: pnpm pipeline run ${join(scratch, "trio.ts")} --runs-dir ${runs} --data-dir ${join(scratch, "data")} --iterations 40 --engine onnx`,
    )
    assert.strictEqual(runNames(runs).length, 2)
    assert.isFalse(existsSync(join(runs, "ensembles")))

    const whole = await runCommand("run", trio(), "--json", ...flags(runs))
    assert.strictEqual(whole.code, 0, whole.stderr)
    assert.strictEqual(runNames(runs).length, 3)
    assert.match(whole.stderr, /is finished/)
    assert.match(whole.stderr, /resuming /)
    const report = JSON.parse(whole.stdout)
    assert.deepStrictEqual(
      report.members.map(({ seed }: { seed: number }) => seed),
      [0, 1, 2],
    )
    const names: ReadonlyArray<string> = report.members.map(({ run }: { run: string }) => run)
    const each = names.map((name) => probabilitiesOf(join(runs, name)))
    const mean = each[0].map((_, i) => (each[0][i] + each[1][i] + each[2][i]) / 3)
    assert.deepStrictEqual(probabilitiesOf(join(runs, "ensembles", "trio-40-iterations")), mean)

    // The interrupted member is the same as from an uninterrupted run.
    const alone = join(scratch, "alone")
    const single = await runCommand("run", write("one.ts", "{ ...tiny, seed: 1 }"), ...flags(alone))
    assert.strictEqual(single.code, 0, single.stderr)
    assert.deepStrictEqual(resultOf(join(runs, names[1])), resultOf(join(alone, runNames(alone)[0])))

    const again = await runCommand("run", trio(), "--json", ...flags(runs))
    assert.deepStrictEqual(JSON.parse(again.stdout), report)
    assert.strictEqual(runNames(runs).length, 3)
  })

  it("predicts as one model, can be shown, and protects its members", async () => {
    const black = join(scratch, "digit.png")
    const pixels = Uint8Array.from({ length: 784 }, (_, i) =>
      i % 28 > 12 && i % 28 < 16 && i > 140 && i < 640 ? 255 : 0,
    )
    writeFileSync(
      black,
      await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
        .png()
        .toBuffer(),
    )
    const members = runNames(runs)
    const predict = async (model: string) => {
      const { code, stderr, stdout } = await runCommand("predict", model, black, "--json", "--runs-dir", runs)
      assert.strictEqual(code, 0, stderr)
      return JSON.parse(stdout)
    }
    const together = await predict("ensemble:trio-40-iterations")
    assert.deepStrictEqual(
      together.models.map(({ run }: { run: string }) => run),
      members,
    )
    assert.deepStrictEqual(together.predictions, (await predict(members.join(","))).predictions)

    const shown = await runCommand("show", "ensemble:trio-40-iterations", "--runs-dir", runs)
    assert.include(shown.stdout, "trio-40-iterations: 3 networks, combined by mean probability")
    const page = join(runs, "ensembles/trio-40-iterations/report.html")
    const paged = await runCommand("show", "ensemble:trio-40-iterations", "--html", page, "--runs-dir", runs)
    assert.strictEqual(paged.stdout.trim(), page)
    const { document } = parseHTML(readFileSync(page, "utf8"))
    assert.match(document.querySelector("h1")?.textContent ?? "", /^trio-40-iterations on .*% test error$/)
    assert.deepStrictEqual(
      [...document.querySelectorAll("h2")].map(({ textContent }) => textContent),
      ["Members", "Results by class", "Misclassified examples", "Calibration"],
    )
    for (const path of members) assert.include(document.body.textContent, basename(path))
    assert.isNull(document.querySelector(".notice"), "nothing is missing")
    const kept = await runCommand("rm", members[0], "--yes", "--runs-dir", runs)
    assert.strictEqual(kept.code, 75)
    assert.include(kept.stderr, `${basename(members[0])} (a member of ensemble trio-40-iterations`)
  })

  it("is refused before anything is fetched if it is not valid", async () => {
    let files = 0
    const refused = async (value: string, code: number, message: RegExp, ...more: ReadonlyArray<string>) => {
      const file = write(`bad-${++files}.ts`, value)
      const ended = await runCommand("run", file, ...flags(join(scratch, "never")), ...more)
      assert.strictEqual(ended.code, code, ended.stderr)
      assert.match(ended.stderr, message)
      assert.notMatch(ended.stderr, /^ {4}at /m, "a stack trace")
    }
    await refused(`{ name: "x", members: [tiny] }`, 65, /members: an ensemble has at least two members/)
    await refused(
      `{ name: "x", members: [tiny, { ...tiny, seed: 1, batchSize: 0 }, { ...tiny, loss: "meanSquaredError", model: [...tiny.model, { kind: "activation", activation: "sigmoid" }] }, tiny, { ...tiny, split: { kind: "pooled", test: 0.2 } }] }`,
      65,
      /members\[1\]\.batchSize: [\s\S]*members\[2\]\.loss: it differs from the first member's[\s\S]*members\[3\]: it is identical to an earlier member[\s\S]*members\[4\]\.split: it differs/,
    )
    await refused(
      `{ name: "x", members: [tiny, { ...tiny, seed: 1 }] }`,
      64,
      /--seed does not apply: .* and its members have their own; omit --seed/,
      "--seed=3",
    )
    const schedule = await runCommand(
      "schedule",
      trio(),
      "--cron",
      "0 2 * * *",
      "--runs-dir",
      join(scratch, "never"),
    )
    assert.strictEqual(schedule.code, 65)
    assert.match(
      schedule.stderr,
      /found an ensemble, expected an experiment; train it with `pnpm pipeline run`/,
    )
    const missing = await runCommand("predict", "ensemble:nobody", "x.png", "--runs-dir", runs)
    assert.strictEqual(missing.code, 66)
    assert.match(missing.stderr, /there is no ensemble nobody/)
    assert.isFalse(existsSync(join(scratch, "never")))
  })
})
