/** Experiment files are programs of the user's: whatever they do, the command goes on or fails with a line that helps. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { evaluateFile } from "../../../pipeline/experimentFile/evaluate.ts"
import { cliRun } from "../../fixtures/cli.ts"
import { schemas } from "../../fixtures/squares.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-evaluate-"))
  writeFileSync(join(scratch, "package.json"), `{ "type": "module" }`)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const write = (name: string, content: string) => {
  const path = join(scratch, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const evaluate = (name: string, content: string) => Effect.runPromise(evaluateFile(write(name, content)))
const problem = async (name: string, content: string) =>
  (await Effect.runPromise(Effect.flip(evaluateFile(write(name, content))))).problem

describe("evaluateFile", () => {
  it("returns the default export, with values that JSON does not have", async () => {
    const value = await evaluate(
      "values.ts",
      `export default { a: [1, NaN, -0, undefined, null], b: 2n, c: "x", d: { e: true }, f() {}, g: Symbol("s") }`,
    )
    assert.deepInclude(value, { a: [1, Number.NaN, -0, undefined, null], b: 2n, c: "x", d: { e: true } })
    assert.isFunction(Reflect.get(value as object, "f"))
    assert.typeOf(Reflect.get(value as object, "g"), "symbol")
  })

  it("calls what is to be done meanwhile once, however long that blocks this thread", async () => {
    const file = write("meanwhile.ts", `export default 1`)
    let calls = 0
    const block = () => {
      calls++
      // Longer than the thread takes: its result arrives while nothing can receive it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
    }
    assert.strictEqual(await Effect.runPromise(evaluateFile(file, block)), 1)
    assert.strictEqual(calls, 1)
  })

  it("returns undefined for a file without a default export", async () => {
    assert.isUndefined(await evaluate("none.ts", `export const a = 1`))
  })

  it("returns, with timers, sockets and frozen prototypes left behind", async () => {
    const content = `import { createServer } from "node:net"
      setInterval(() => {}, 1000)
      createServer().listen(0)
      Object.freeze(Object.prototype)
      Object.freeze(Array.prototype)
      export default { a: [1] }`
    assert.deepStrictEqual(await evaluate("leaves.ts", content), { a: [1] })
    assert.isFalse(Object.isFrozen(Object.prototype))
  })

  it("suggests the function that was meant by one that does not exist", async () => {
    const at = (written: string) =>
      problem(
        "function.ts",
        `import * as t from ${JSON.stringify(schemas)}\nconst { layers, optimizers } = t\n${written}`,
      )
    for (const [written, advice] of [
      ["layers.conv2D({})", "; did you mean layers.conv2d?"],
      ["layers.Linear(10)", "; did you mean layers.dense?"],
      ["layers.softmax()", "; omit it: the loss softmaxCrossEntropy takes logits and applies softmax itself"],
      ["optimizers.Adam({})", "; did you mean optimizers.adam?"],
      ["optimizers.lion({})", "; optimizers has adam, adamw, sgd, momentum and rmsprop"],
    ]) {
      const found = await at(written)
      assert.match(found, /^\w+\.\w+ is not a function, at \S+function\.ts:3; /)
      assert.isTrue(found.endsWith(advice), found)
    }
  })

  const failing: Record<string, readonly [content: string, problem: RegExp]> = {
    "ends its process": [`process.exit(0)`, /^it calls process\.exit\(0\)/],
    "waits for a promise that never settles": [
      `await new Promise(() => {})\nexport default {}`,
      /never settles/,
    ],
    "exports a promise": [`export default Promise.resolve({})`, /write `export default await …`$/],
    "throws an Error": [`\nthrow new Error("mine")`, /^mine, at .*\.ts:2$/],
    "throws an object": [`throw {}`, /^it throws a value of type object, not an Error$/],
    "throws an object without a prototype": [`throw Object.create(null)`, /not an Error$/],
    "throws a string": [`throw "words"`, /^it throws "words"$/],
    "throws a proxy whose traps throw": [
      `throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })`,
      /^it throws/,
    ],
    "has a getter that throws": [
      `export default { model: [{ get kind() { throw new Error("no") } }] }`,
      /^reading model\[0\]\.kind throws: no; write a plain value instead of a getter$/,
    ],
    "exports a proxy whose traps throw": [
      `export default new Proxy({ name: 1 }, { get() { throw new Error("trap") } })`,
      /^reading name throws: trap/,
    ],
    "contains itself": [`const a = { b: [] }; a.b.push(a); export default a`, /^b\[0\] contains itself/],
    "has more values than memory": [
      `export default { get a() { return Array.from({ length: 2e6 }, () => 1) } }`,
      /more than 1000000 values/,
    ],
    "rejects a promise that nobody awaits": [
      `Promise.reject(new Error("late")); await new Promise((r) => setTimeout(r, 50)); export default {}`,
      /^late, at /,
    ],
    "imports without an extension": [
      `import a from "./values"\nexport default a`,
      /write the import with its extension, \.ts$/,
    ],
    "uses an enum": [`export default {}\nenum A { B }`, /enum.*, at .*\.ts:2; .*instead of an enum/s],
    "has a syntax error": [`export default {\n  a: = 1\n}`, /, at .*\.ts:2$/],
  }
  for (const [name, [content, expected]] of Object.entries(failing)) {
    it(`fails with a way out if the file ${name}`, async () => {
      write("values.ts", `export default {}`)
      assert.match(await problem(`${name.replaceAll(" ", "-")}.ts`, content), expected)
    })
  }

  it("loads files of any project: CommonJS, without a type, below node_modules, with spaces and signs, read-only", async () => {
    const content = `import { layers } from "tidemark"
      import { rate } from "./rate.ts"
      export default { rate, dropout: layers.dropout({ rate }) } satisfies object`
    for (const [folder, manifest] of [
      ["commonjs", `{ "type": "commonjs" }`],
      ["no type", `{ "name": "x" }`],
      ["node_modules/some package", `{ "name": "some-package" }`],
      ["běhy 走 #1 100%", undefined],
    ] as const) {
      // Outside this checkout, so no `tidemark` is installed.
      mkdirSync(join(scratch, folder), { recursive: true })
      if (manifest !== undefined) write(`${folder}/package.json`, manifest)
      write(`${folder}/rate.ts`, `export const rate: number = 0.5`)
      const file = write(`${folder}/a.ts`, content)
      chmodSync(join(scratch, folder), 0o555)
      const before = readdirSync(join(scratch, folder))
      const value = await Effect.runPromise(evaluateFile(file))
      assert.deepInclude(value, { rate: 0.5 }, folder)
      assert.deepInclude(Reflect.get(value as object, "dropout"), { kind: "dropout", rate: 0.5 })
      assert.deepStrictEqual(readdirSync(join(scratch, folder)), before, "no temporary file")
      chmodSync(join(scratch, folder), 0o755)
    }
  })

  it("takes the copy of tidemark that the project has installed", async () => {
    write(
      "own/node_modules/tidemark/package.json",
      `{ "name": "tidemark", "type": "module", "exports": "./index.js" }`,
    )
    write("own/node_modules/tidemark/index.js", `export const own = "the project's"`)
    assert.strictEqual(
      await evaluate("own/a.ts", `import { own } from "tidemark"\nexport default own`),
      "the project's",
    )
  })

  it("finds the place of an error in a file with brackets in its name", async () => {
    assert.match(await problem("a[1] (b).ts", `\n\nthrow new Error("mine")`), /a\[1\] \(b\)\.ts:3$/)
  })

  it("leaves standard output to the command: what the file prints goes to standard error", async () => {
    const path = write(
      "prints.ts",
      `console.log("from the file"); setInterval(() => {}, 1000); export default { name: "x" }`,
    )
    const { code, stderr, stdout } = await cliRun("run", path, "--json")
    assert.strictEqual(code, 65)
    assert.strictEqual(stdout, "")
    assert.match(stderr, /^from the file$/m)
    assert.match(stderr, /is not a valid experiment/)
  })
})
