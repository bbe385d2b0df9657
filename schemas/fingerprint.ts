/**
 * The fingerprint of an experiment: what changes a result is in it, where or how often it is written down is not.
 *
 * SHA-256 over the decoded experiment as JSON with sorted keys, less the fields that change no number.
 */
import { createHash } from "node:crypto"
import type { Experiment } from "./Experiment.ts"

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, canonical(entry)]),
  )
}

/** 64 hexadecimal digits; the first 8 are part of a run's name. */
export const fingerprint = (experiment: Experiment): string => {
  const { checkpointEvery: _c, description: _d, keepCheckpoints: _k, name: _n, ...decides } = experiment
  return createHash("sha256")
    .update(JSON.stringify(canonical(decides)))
    .digest("hex")
}
