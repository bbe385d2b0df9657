/** The thread that gives signs of life: a counter, overwritten in place. A disk that fails for a while is tried again. */
import { closeSync, openSync, writeSync } from "node:fs"
import { workerData } from "node:worker_threads"

const { everyMs, path } = workerData as { readonly path: string; readonly everyMs: number }

/** Opened once: whoever takes the lock over deletes the file, and what is written then reaches nobody. */
let file: number | undefined
let beats = 0

const beat = () => {
  try {
    file ??= openSync(path, beats === 0 ? "w" : "r+")
    writeSync(file, `${++beats}\n`, 0)
  } catch {
    try {
      if (file !== undefined) closeSync(file)
    } catch {}
    file = undefined
  }
}

beat()
setInterval(beat, everyMs)
