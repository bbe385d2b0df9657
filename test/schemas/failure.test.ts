import { globSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Runtime, Schema } from "effect"
import { exitCode } from "../../pipeline/exitCode.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"

class TooHot extends Failure<TooHot>()("TooHot", {
  exitCode: "dataError",
  fields: { oven: Schema.String, degrees: Schema.Int },
  message: ({ degrees, oven }) => `${oven} is too hot: found ${degrees} °C, expected at most 300 °C`,
}) {}

class Burnt extends Failure<Burnt>()("Burnt", {
  exitCode: ({ code, isBlack }) => (isBlack ? "software" : (code ?? "temporary")),
  fields: { isBlack: Schema.Boolean, code: Schema.optionalKey(Schema.Int) },
  message: ({ isBlack }) => (isBlack ? "burnt" : "slightly burnt"),
}) {}

const tooHot = new TooHot({ oven: "the oven", degrees: 320 })

describe("Failure", () => {
  it("makes the message from the fields", () => {
    assert.strictEqual(tooHot.message, "the oven is too hot: found 320 °C, expected at most 300 °C")
    assert.strictEqual(new Burnt({ isBlack: false }).message, "slightly burnt")
  })

  it("gives the exit code of a name", () => {
    assert.strictEqual(tooHot[Runtime.errorExitCode], 65)
    assert.strictEqual(exitCodes.dataError, 65)
  })

  it("computes the exit code from the fields: a name, or the number of another process", () => {
    assert.strictEqual(new Burnt({ isBlack: true })[Runtime.errorExitCode], 70)
    assert.strictEqual(new Burnt({ isBlack: false })[Runtime.errorExitCode], 75)
    assert.strictEqual(new Burnt({ isBlack: false, code: 130 })[Runtime.errorExitCode], 130)
  })

  it("makes instances of the class and of Error, with tag, name and fields", () => {
    assert.isTrue(tooHot instanceof TooHot)
    assert.isTrue(tooHot instanceof Error)
    assert.isFalse(tooHot instanceof Burnt)
    assert.strictEqual(tooHot._tag, "TooHot")
    assert.strictEqual(tooHot.name, "TooHot")
    assert.strictEqual(tooHot.degrees, 320)
  })

  it("refuses fields of another type", () => {
    // @ts-expect-error: the compiler refuses them first.
    assert.throws(() => new TooHot({ oven: "the oven", degrees: "hot" }))
  })

  it("survives encoding and decoding in a union, as a stored result does", () => {
    const Any = Schema.Union([TooHot, Burnt])
    const encoded = Schema.encodeUnknownSync(Any)(tooHot)
    assert.deepStrictEqual<unknown>(encoded, { _tag: "TooHot", oven: "the oven", degrees: 320 })
    const decoded = Schema.decodeUnknownSync(Any)(JSON.parse(JSON.stringify(encoded)))
    assert.isTrue(decoded instanceof TooHot)
    assert.strictEqual(decoded.message, tooHot.message)
    assert.strictEqual(decoded[Runtime.errorExitCode], 65)
    assert.deepStrictEqual(decoded, tooHot)
  })

  it.effect("can be yielded, and caught by its tag", () =>
    Effect.gen(function* () {
      const degrees = yield* Effect.gen(function* () {
        return yield* new TooHot({ oven: "the oven", degrees: 301 })
      }).pipe(Effect.catchTag("TooHot", (error) => Effect.succeed(error.degrees)))
      assert.strictEqual(degrees, 301)
    }),
  )

  it("lets the compiler check exit code names and the fields of a message", () => {
    class Misnamed extends Failure<Misnamed>()("Misnamed", {
      // @ts-expect-error: not a name of an exit code.
      exitCode: "dataErr",
      fields: { path: Schema.String },
      // @ts-expect-error: not a field.
      message: ({ file }) => `${file}`,
    }) {}
    class Mistyped extends Failure<Mistyped>()("Mistyped", {
      exitCode: "usage",
      fields: { count: Schema.Int },
      // @ts-expect-error: a number has no such method.
      message: ({ count }) => count.toUpperCase(),
    }) {}
    assert.strictEqual(new Mistyped({ count: 1 }).count + new Misnamed({ path: "1" }).path.length, 2)
  })
})

describe("exitCode", () => {
  it("is 0 for success, the code of an error, 130 for an interruption and 70 for a defect", () => {
    assert.strictEqual(exitCode(Exit.void), 0)
    assert.strictEqual(exitCode(Exit.fail(tooHot)), 65)
    assert.strictEqual(exitCode(Exit.failCause(Cause.interrupt(1))), 130)
    assert.strictEqual(exitCode(Exit.die(new Error("a bug"))), 70)
    // An error that was not expected is a bug too, even if it brings a code.
    assert.strictEqual(exitCode(Exit.die(tooHot)), 70)
    assert.strictEqual(exitCode(Exit.fail("no error at all")), 70)
  })
})

describe("errors of the project", () => {
  const root = new URL("../../", import.meta.url)
  const sources = globSync("*/**/*.ts", { cwd: root, exclude: ["node_modules", "runs", "test"] })
    .filter((path) => path !== "schemas/Failure.ts")
    .map((path) => ({ path, text: readFileSync(new URL(path, root), "utf8") }))
  const made = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/class (\w+) extends Failure<(\w+)>\(\)\(\s*"(\w+)"/g)].map(([, name, self, tag]) => ({
      path,
      name,
      self,
      tag,
    })),
  )

  it("are all made by Failure, except that of the API, which stands for any of them", () => {
    const others = sources.filter(({ text }) => /TaggedError|Schema\.Error\b|Data\.Error\b/.test(text))
    assert.deepStrictEqual(
      others.map(({ path }) => path),
      ["api/TidemarkError.ts"],
    )
    // None escapes the pattern above.
    const count = sources.reduce((sum, { text }) => sum + text.split(/\bFailure</).length - 1, 0)
    assert.strictEqual(made.length, count)
    assert.isAtLeast(made.length, 60)
  })

  it("have the name of their class as tag, and no two the same", () => {
    for (const { name, path, self, tag } of made) assert.deepStrictEqual([self, tag], [name, name], path)
    const byTag = Map.groupBy(made, ({ tag }) => tag)
    const twice = [...byTag].filter(([, errors]) => errors.length > 1)
    assert.deepStrictEqual(
      twice.map(([tag, errors]) => `${tag}: ${errors.map(({ path }) => path).join(", ")}`),
      [],
    )
  })
})
