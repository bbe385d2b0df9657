/** The problem and the remedy of a package that does not work, one line each; what building the engine needs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { checkCompiler } from "../../engines/tensorflow/install/addon.ts"
import { checkDriver, checkGpu } from "../../engines/tensorflow/install/install.ts"
import { checkPip } from "../../engines/tensorflow/install/wheel.ts"
import { explain, gpuProblemIn } from "../../engines/tensorflow/probe.ts"

describe("a package that does not work", () => {
  interface Case {
    readonly fact: string
    readonly stderr: string
    readonly signal?: string
    readonly found: RegExp
    readonly remedy: RegExp
  }
  const cases: ReadonlyArray<Case> = [
    {
      fact: "a newer glibc",
      stderr:
        "Error: /lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.35' not found (required by libtensorflow_cc.so.2)",
      found: /needs GLIBC_2\.35, newer than this system's$/,
      remedy: /^`pnpm pipeline engine add tensorflow` builds one where g\+\+ is newer/,
    },
    {
      fact: "a missing CUDA library",
      stderr: "Error: libcudart.so.11.0: cannot open shared object file: No such file or directory",
      found: /the CUDA library libcudart\.so\.11\.0 is missing$/,
      remedy: /^install CUDA's runtime/,
    },
    {
      fact: "a missing native library",
      stderr: "Error: libtensorflow.so.2: cannot open shared object file: No such file or directory",
      found: /its native library libtensorflow\.so\.2 is missing$/,
      remedy: /^`pnpm pipeline engine add tensorflow`/,
    },
    {
      fact: "a missing addon",
      stderr: "Error: The Node.js native addon module (tfjs_binding.node) can not be found at path: /a/b",
      found: /its native library is missing$/,
      remedy: /^`pnpm pipeline engine add tensorflow`/,
    },
    {
      fact: "a missing dependency",
      stderr: "Error: Cannot find module '@mapbox/node-pre-gyp'\nRequire stack:",
      found: /its dependency @mapbox\/node-pre-gyp is missing$/,
      remedy: /^`pnpm pipeline engine add tensorflow`/,
    },
    {
      fact: "a library of another version",
      stderr: "symbol lookup error: undefined symbol: TF_X",
      found: /TF_X is missing/,
      remedy: /^`pnpm pipeline engine add tensorflow`/,
    },
    {
      fact: "instructions that the processor lacks",
      stderr: "",
      signal: "SIGILL",
      found: /instructions this processor lacks$/,
      remedy: /^`pnpm pipeline engine add tensorflow` builds one or use --engine onnx$/,
    },
    {
      fact: "a crash",
      stderr: "",
      signal: "SIGSEGV",
      found: /^a probe operation was ended by SIGSEGV$/,
      remedy: /^use --engine onnx$/,
    },
    {
      fact: "any other error",
      stderr: "node:1\n\nTypeError: x is not a function\n    at y",
      found: /TypeError: x is not a function$/,
      remedy: /^`pnpm pipeline engine add tensorflow`/,
    },
  ]
  for (const { fact, signal, stderr, ...expected } of cases) {
    it(`is explained for ${fact}, in one line with a remedy`, () => {
      const { found, remedy } = explain(stderr, signal ?? null)
      assert.match(found, expected.found)
      assert.match(remedy, expected.remedy)
      assert.notInclude(found + remedy, "\n")
    })
  }
})

describe("a TensorFlow that uses no GPU", () => {
  it("says why, if it looked for one", () => {
    assert.isNull(gpuProblemIn("oneDNN custom operations are on."))
    const library = gpuProblemIn("Could not load dynamic library 'libcudnn.so.9'; dlerror: no such file")
    assert.strictEqual(library?.found, "no GPU: the CUDA library libcudnn.so.9 is missing")
    const driver = gpuProblemIn(
      "cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.\ncuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",
    )
    assert.strictEqual(driver?.found, "no GPU: the NVIDIA driver is missing")
    const broken = gpuProblemIn(
      "cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
    )
    assert.match(broken?.found ?? "", /^no GPU: CUDA does not start: .*no CUDA-capable device/)
  })
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

  it.effect("fails if g++ is missing, and tells how to install it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(withoutPrograms(checkCompiler))
      assert.match(
        error.message,
        /^cannot build the addon: g\+\+ is missing; install a C\+\+ compiler \(.*\) and run again$/,
      )
    }),
  )

  it.effect("fails if pip is missing, and tells how to install it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(withoutPrograms(checkPip))
      assert.match(
        error.message,
        /^cannot download TensorFlow's library: python3 is missing; install Python 3 with pip/,
      )
    }),
  )

  it.effect("for a GPU fails without NVIDIA's driver, before anything is downloaded", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(checkDriver(["/nonexistent/nvidiactl"]))
      assert.strictEqual(
        error.message,
        "cannot add tensorflow with --gpu: there is no NVIDIA driver: found none of /nonexistent/nvidiactl; install the driver of the card, or add tensorflow without --gpu",
      )
      yield* checkDriver(["/nonexistent/nvidiactl", "/dev/null"])
    }),
  )

  it.effect("for a GPU fails if TensorFlow sees none, with the reason", () =>
    Effect.gen(function* () {
      yield* checkGpu({ gpu: true, gpuProblem: null })
      const problem = { found: "no GPU: the CUDA library libcudnn.so.9 is missing", remedy: "install it" }
      const missing = yield* Effect.flip(checkGpu({ gpu: false, gpuProblem: problem }))
      assert.include(missing.message, "libcudnn.so.9 is missing; install it, or add tensorflow without --gpu")
      const unseen = yield* Effect.flip(checkGpu({ gpu: false, gpuProblem: null }))
      assert.include(unseen.message, "TensorFlow sees no GPU; check the driver with nvidia-smi")
    }),
  )
})
