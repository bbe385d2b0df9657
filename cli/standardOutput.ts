/**
 * Standard output that a script can trust: (what was written) -> all of it, or exit code 74.
 *
 * Node.js writes to a file with one call and takes a short one for success, so a full disk ends in cut-off JSON and exit code
 * 0. Here a file gets every byte or an error is kept, which ends the command. A reader that goes away (EPIPE) is no error.
 */
import { fstatSync, writeSync } from "node:fs"
import { isatty } from "node:tty"

const descriptor = 1

/** Whether it is written synchronously: a file or a device, not a pipe, a socket or a terminal. */
const isFile = () => {
  try {
    const info = fstatSync(descriptor)
    return info.isFile() || (info.isCharacterDevice() && !isatty(descriptor))
  } catch {
    return false
  }
}

const writeAll = (bytes: Uint8Array) => {
  for (let written = 0; written < bytes.byteLength;) {
    written += writeSync(descriptor, bytes, written)
  }
}

/** Guards standard output of this process; returns the error's code of the first write that failed, once there was one. */
export const guardStandardOutput = (): (() => string | undefined) => {
  let failure: string | undefined
  const fail = (error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error)
    if (code !== "EPIPE") failure ??= code
  }
  process.stdout.on("error", fail)
  if (isFile()) {
    const write = (chunk: Uint8Array | string, ...rest: ReadonlyArray<unknown>) => {
      try {
        // After a failure nothing more is written: a script must not find a hole.
        if (failure === undefined) writeAll(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
      } catch (error) {
        fail(error)
      }
      const done = rest.at(-1)
      if (typeof done === "function") process.nextTick(done)
      return true
    }
    Object.defineProperty(process.stdout, "write", { value: write })
  }
  return () => failure
}
