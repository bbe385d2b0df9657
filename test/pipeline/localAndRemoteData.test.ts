/** A run on data with a secret address, and one that lacks a class: what is stored, logged and printed of them. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { squares } from "../fixtures/squares.ts"

const setting = squares()
const { scratch } = setting
const set = join(scratch, "set")
const data = join(scratch, "data")
const secret = "s3cret"

/** Serves the data to whoever knows the secret. */
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost")
  const isKnown =
    searchParams.get("sig") === secret &&
    request.headers.authorization === `Basic ${Buffer.from(`ann:${secret}`).toString("base64")}`
  if (isKnown) response.end(readFileSync(join(set, pathname)))
  else response.writeHead(403).end()
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
  setting.remove()
})

const run = (name: string, file: string, ...more: ReadonlyArray<string>) =>
  runCommand("run", file, "--engine", "onnx", "--runs-dir", setting.folder(name), "--data-dir", data, ...more)

/** Every file below a folder, as text. */
const texts = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path, "latin1")] as const)

describe("a run on data with a password and a signature in their address", () => {
  it("keeps them from every file and from the terminal, and is resumed with those of its file", async () => {
    const origin = `http://ann:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}`
    const file = join(scratch, "remote.ts")
    const experiment = readFileSync(setting.file, "utf8")
    writeFileSync(
      file,
      experiment.replace(/source: .* \+ name/, `source: "${origin}/" + name + "?sig=${secret}"`),
    )
    const ran = await run("remote", file)
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.include(ran.stderr, "?sig=***")
    // Without the cache, the files must be downloaded again.
    rmSync(data, { recursive: true })
    const resume = (iterations: string) =>
      runCommand("resume", "latest", "--iterations", iterations, "--runs-dir", setting.folder("remote"))
    const resumed = await resume("60")
    assert.strictEqual(resumed.code, 0, resumed.stderr)

    writeFileSync(file, experiment)
    rmSync(data, { recursive: true })
    const lost = await resume("70")
    assert.strictEqual(lost.code, 69, lost.stderr)
    assert.include(lost.stderr, "not stored")
    const shown = await runCommand("show", "latest", "--json", "--runs-dir", setting.folder("remote"))
    for (const text of [ran, resumed, lost, shown].flatMap(({ stderr, stdout }) => [stderr, stdout])) {
      assert.notInclude(text, secret)
    }
    for (const [path, text] of texts(setting.folder("remote"))) assert.notInclude(text, secret, path)
  })
})

describe("a run on data without examples of a class", () => {
  it("warns on the terminal and in the log, and records the class", async () => {
    const labels = readFileSync(join(set, "train-labels"))
    writeFileSync(join(set, "train-labels"), Buffer.concat([labels.subarray(0, 8), Buffer.alloc(120)]))
    const ran = await run("lacks", setting.file)
    assert.strictEqual(ran.code, 0, ran.stderr)
    const warning = "class 1: no training examples, so the model cannot learn it"
    assert.include(ran.stderr, `warning: ${warning}`)
    const files = texts(setting.folder("lacks"))
    const textOf = (end: string) => files.find(([path]) => path.endsWith(end))?.[1] ?? ""
    assert.include(textOf(join("log", "0001.ndjson")), warning)
    assert.include(textOf("report.html"), warning)
    const expected = { train: [1], validation: [1], test: [] }
    assert.deepStrictEqual(JSON.parse(textOf("validate.json")).result.emptyClasses, expected)
    assert.deepStrictEqual(JSON.parse(textOf("report.json")).dataset.emptyClasses, expected)
  })
})
