import type { EngineInfo } from "../schemas/EngineInfo.ts"

/** The changes of an engine that change the last bits, in words: (engine of the run, engine now) -> changes. */
export const engineChanges = (before: EngineInfo, now: EngineInfo): ReadonlyArray<string> => {
  const changes: Array<string> = []
  const compare = (what: string, a: string | number, b: string | number) => {
    if (a !== b) changes.push(`${what} was ${a}, now ${b}`)
  }
  compare("engine", before.name, now.name)
  compare("device", before.device, now.device)
  compare("path", before.path, now.path)
  if (before.threadsChangeBits) compare("threads", before.threads, now.threads)
  for (const name of new Set([...Object.keys(before.versions), ...Object.keys(now.versions)])) {
    compare(name, before.versions[name] ?? "none", now.versions[name] ?? "none")
  }
  return changes
}

/** The threads to resume with if --threads is not given: the run's own if their number changes the last bits. */
export const threadsOf = (before: EngineInfo) => (before.threadsChangeBits ? before.threads : undefined)
