/**
 * The thread that runs an experiment file: (path) -> its default export as data, or the error.
 *
 * The file is the user's program. Whatever it leaves behind (timers, sockets, a promise that never settles) ends with this
 * thread, and `process.exit` ends only this thread. Plain data alone leaves it.
 */
import { enableCompileCache } from "node:module"
import { types } from "node:util"
import { parentPort, workerData } from "node:worker_threads"
import { encodeValue, type Evaluated, NotPlain } from "./transfer.ts"
import { loadUserModules } from "./userModules.ts"

// A worker thread does not inherit the compile cache. With it the file's imports take a third of the time.
enableCompileCache()
loadUserModules()
const { url } = workerData as { readonly url: string }

/** Describes any thrown value. Its getters and proxies may throw again. */
const describe = (thrown: unknown): Evaluated => {
  const failed = (message: string, code = "", stack = ""): Evaluated => ({
    kind: "failed",
    message,
    code,
    stack,
  })
  try {
    // Thrown while the value was read: the stack is that of this program, not of the file.
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

// The output of the file goes first: nothing is delivered after the end of the thread.
const send = (evaluated: Evaluated) =>
  process.stdout.write("", () => process.stderr.write("", () => parentPort?.postMessage(evaluated)))

// Node.js would end the thread by the function below, and what that says could arrive first.
process.on("uncaughtException", (thrown) => send(describe(thrown)))

const exit = process.exit
process.exit = (code) => {
  parentPort?.postMessage(
    describe(
      new NotPlain(`it calls process.exit(${code ?? ""}); an experiment file only describes the experiment`),
    ),
  )
  return exit(code)
}

// Not awaited: Node.js would print its own warning about a promise that never settles.
void evaluate().then((evaluated) => send(evaluated))
