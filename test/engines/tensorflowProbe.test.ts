/** What is said of a package that cannot be used: one line, with what to do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { checkCompiler } from "../../engines/tensorflow/install/addon.ts"
import { checkPip } from "../../engines/tensorflow/install/wheel.ts"
import { explain } from "../../engines/tensorflow/probe.ts"

describe("a package that cannot be used", () => {
  const cases: ReadonlyArray<readonly [string, string, string | null, RegExp]> = [
    [
      "a newer glibc",
      "Error: /lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.35' not found (required by libtensorflow_cc.so.2)",
      null,
      /needs GLIBC_2\.35, newer than this system's/,
    ],
    [
      "a CUDA library that is missing",
      "Error: libcudart.so.11.0: cannot open shared object file: No such file or directory",
      null,
      /the CUDA library libcudart\.so\.11\.0 is missing; install CUDA's runtime/,
    ],
    [
      "a native library that is missing",
      "Error: libtensorflow.so.2: cannot open shared object file: No such file or directory",
      null,
      /its native library libtensorflow\.so\.2 is missing; `pnpm engine:tensorflow`/,
    ],
    [
      "an addon that is missing",
      "Error: The Node.js native addon module (tfjs_binding.node) can not be found at path: /a/b",
      null,
      /its native library is missing; `pnpm engine:tensorflow`/,
    ],
    [
      "a dependency that is missing",
      "Error: Cannot find module '@mapbox/node-pre-gyp'\nRequire stack:",
      null,
      /its dependency @mapbox\/node-pre-gyp is missing/,
    ],
    ["a library of another version", "symbol lookup error: undefined symbol: TF_X", null, /TF_X is missing/],
    ["instructions the processor lacks", "", "SIGILL", /instructions this processor lacks/],
    ["a crash", "", "SIGSEGV", /a probe operation was ended by SIGSEGV; use --engine onnx/],
    [
      "anything else",
      "node:1\n\nTypeError: x is not a function\n    at y",
      null,
      /TypeError: x is not a function; /,
    ],
  ]
  for (const [fact, stderr, signal, expected] of cases) {
    it(`${fact} is told in one line`, () => {
      const line = explain(stderr, signal)
      assert.match(line, expected)
      assert.notInclude(line, "\n")
    })
  }
})

describe("building the engine", () => {
  const withoutPrograms = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const { PATH } = process.env
        process.env.PATH = "/nowhere"
        return PATH
      }),
      () => effect,
      (PATH) => Effect.sync(() => (process.env.PATH = PATH)),
    )

  it.effect("says that g++ is missing, and how to get it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(withoutPrograms(checkCompiler))
      assert.match(
        error.message,
        /^cannot build the addon: g\+\+ is missing; install a C\+\+ compiler \(.*\) and run again$/,
      )
    }),
  )

  it.effect("says that pip is missing, and how to get it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(withoutPrograms(checkPip))
      assert.match(
        error.message,
        /^cannot get TensorFlow's library: python3 is missing; install Python 3 with pip/,
      )
    }),
  )
})
