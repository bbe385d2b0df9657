/**
 * The thread that runs an experiment file: (path) -> its default export as data, or what went wrong.
 *
 * The file is a program of the user's. What it leaves behind (timers, sockets, a promise that never settles) and what it does
 * to its process (`process.exit`) end with this thread; what crosses to the other one is plain data.
 */
import { types } from "node:util"
import { parentPort, workerData } from "node:worker_threads"
import { encodeValue, type Evaluated, NotPlain } from "./transfer.ts"

const { url } = workerData as { readonly url: string }

/** Whatever was thrown, read with care: getters and proxies may throw again. */
const describe = (thrown: unknown): Evaluated => {
  const failed = (message: string, code = "", stack = ""): Evaluated => ({
    kind: "failed",
    message,
    code,
    stack,
  })
  try {
    // Found while the value was read: the place is this program's, not the file's.
    if (thrown instanceof NotPlain) return failed(thrown.message)
    if (types.isNativeError(thrown)) {
      const code: unknown = Reflect.get(thrown, "code")
      return failed(thrown.message, typeof code === "string" ? code : "", thrown.stack)
    }
    if (typeof thrown === "string") return failed(`it throws ${JSON.stringify(thrown)}`)
    return failed(`it throws a value of type ${typeof thrown}, not an Error`)
  } catch {
    return failed("it throws something that cannot be read")
  }
}

const evaluate = async (): Promise<Evaluated> => {
  try {
    const exported: { readonly default?: unknown } = await import(url)
    const value = exported.default
    if (types.isPromise(value)) return { kind: "promise" }
    return { kind: "value", value: encodeValue(value) }
  } catch (thrown) {
    return describe(thrown)
  }
}

// What the file printed goes first: nothing is delivered after the thread is ended.
const send = (evaluated: Evaluated) =>
  process.stdout.write("", () => process.stderr.write("", () => parentPort?.postMessage(evaluated)))

const exit = process.exit
process.exit = (code) => {
  parentPort?.postMessage(
    describe(
      new NotPlain(`it calls process.exit(${code ?? ""}); an experiment file only describes the experiment`),
    ),
  )
  return exit(code)
}

// Not awaited here: Node.js would print a warning of its own about a promise that never settles.
void evaluate().then((evaluated) => send(evaluated))
