/**
 * What native code writes to standard error while a function runs: (function) -> its value, and the text.
 *
 * TensorFlow greets on file descriptor 2 when it is loaded, whatever its log level. Node.js has no dup2, but the kernel
 * gives a new file the lowest free number: so 2 is closed and opened anew, on a scratch file and then on what it was. Only
 * on Linux, and only around code that runs to its end at once; elsewhere the text stays where it is.
 */
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const append = constants.O_WRONLY | constants.O_APPEND
const path = (descriptor: number) => `/proc/self/fd/${descriptor}`

/** Descriptor 2 becomes what `descriptor` is. */
const become = (descriptor: number) => {
  closeSync(2)
  openSync(path(descriptor), append)
}

const openScratch = (): number => {
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

export const capturingStderr = <T>(f: () => T): { readonly value: T; readonly said: string } => {
  const opened: Array<number> = []
  try {
    opened.push(openSync(path(2), append), openScratch())
  } catch {
    // Not Linux, a socket, or nowhere to write.
    for (const descriptor of opened) closeSync(descriptor)
    return { value: f(), said: "" }
  }
  const [original, scratch] = opened
  try {
    become(scratch)
    try {
      return { value: f(), said: contentOf(scratch).trim() }
    } finally {
      become(original)
    }
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
