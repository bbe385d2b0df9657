/** The thread that writes heartbeats: a counter, overwritten in place. A failed write is tried again. */
import { closeSync, openSync, writeSync } from "node:fs"
import { workerData } from "node:worker_threads"

const { everyMs, path } = workerData as { readonly path: string; readonly everyMs: number }

/** Opened once: a process that takes over the lock deletes the file, and later heartbeats have no effect. */
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
