/**
 * Captures what native code writes to standard error while a function runs: (function) -> its value, and the text.
 *
 * TensorFlow prints to file descriptor 2 when it is loaded, whatever its log level. Node.js has no dup2, but the kernel gives a
 * new file the lowest free number. So 2 is closed and opened again, first as a temporary file and then as it was. This works
 * only on Linux and for synchronous functions. On other systems nothing is captured.
 */
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const append = constants.O_WRONLY | constants.O_APPEND
const path = (descriptor: number) => `/proc/self/fd/${descriptor}`

/** Opens the file of `descriptor` as descriptor 2. */
const replaceStderr = (descriptor: number) => {
  closeSync(2)
  openSync(path(descriptor), append)
}

const openTemporary = (): number => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-stderr-"))
  try {
    return openSync(join(folder, "text"), "a+")
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const contentOf = (descriptor: number): string => {
  const bytes = Buffer.alloc(fstatSync(descriptor).size)
  readSync(descriptor, bytes, 0, bytes.length, 0)
  return bytes.toString("utf8")
}

export const captureStderr = <T>(f: () => T): { readonly value: T; readonly stderr: string } => {
  const opened: Array<number> = []
  try {
    opened.push(openSync(path(2), append), openTemporary())
  } catch {
    // Not Linux, a socket, or no folder to write to.
    for (const descriptor of opened) closeSync(descriptor)
    return { value: f(), stderr: "" }
  }
  const [original, temporary] = opened
  try {
    replaceStderr(temporary)
    try {
      return { value: f(), stderr: contentOf(temporary).trim() }
    } finally {
      replaceStderr(original)
    }
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
