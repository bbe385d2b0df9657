/**
 * The addresses of a user's own files: (source in the experiment) -> a path, or a URL with its secrets.
 *
 * An experiment in memory shows its addresses without secrets, so that nothing that stores or prints it can give them away. The
 * whole address goes with it under a symbol, which neither JSON nor a schema copies.
 */
import { fileURLToPath } from "node:url"
import { Redacted } from "effect"
import { showUrl } from "../../format/showUrl.ts"
import type { Dataset, FileName, OwnDataset } from "../../schemas/experiment/Dataset.ts"

const whole = Symbol("tidemark/address")

/** A file of a user's own dataset in an experiment. */
export type Source = OwnDataset[FileName] & { readonly [whole]?: Redacted.Redacted<string> }

/** Whether a source is downloaded; any other is a path. */
export const isUrl = (source: string) => /^https?:\/\//i.test(source)

const isFileUrl = (source: string) => /^file:[\\/]/i.test(source)

/** The path of a source that is not downloaded: `file://localhost/data/a%20b.gz` is /data/a b.gz. */
export const pathOf = (source: string): string => (isFileUrl(source) ? fileURLToPath(source) : source)

/** What is wrong with the address of a source; undefined if it is a path or a URL that can be read. */
export const addressProblem = (source: string): string | undefined => {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1].toLowerCase()
  const found = `found ${JSON.stringify(showUrl(source))}`
  if (isFileUrl(source)) {
    try {
      fileURLToPath(source)
      return undefined
    } catch {
      return `${found}, expected the file URL of a path on this machine, such as file:///data/images.gz`
    }
  }
  if (scheme === undefined || (isUrl(source) && URL.canParse(source))) return undefined
  if (isUrl(source)) return `${found}, expected a valid URL; write %40 for @ and %2F for / in a password`
  return `${found}, expected a path or an address that begins with https:, http: or file:; download the file first`
}

/** Where a source is in a dataset: its field, and its place in a list. */
type Place = readonly [field: string, index?: number]

const isSource = (value: unknown): value is Source =>
  typeof value === "object" && value !== null && "source" in value && typeof value.source === "string"

const mapSources = (dataset: Dataset, change: (source: Source, place: Place) => Source): Dataset => {
  if (typeof dataset === "string") return dataset
  const fields = Object.entries(dataset).map(([field, value]) => [
    field,
    Array.isArray(value)
      ? value.map((each: unknown, index) => (isSource(each) ? change(each, [field, index]) : each))
      : isSource(value)
        ? change(value, [field])
        : value,
  ])
  return Object.fromEntries(fields) as Dataset
}

/** The sources of a dataset that are written as objects. */
export const sourcesOf = (dataset: Dataset) => {
  const found: Array<{ readonly at: string; readonly source: Source }> = []
  mapSources(dataset, (source, [field, index]) => {
    found.push({ at: `dataset.${field}${index === undefined ? "" : `[${index}]`}`, source })
    return source
  })
  return found
}

/** The dataset with addresses that can be shown; `addressOf` still knows them in full. */
export const hideSecrets = (dataset: Dataset): Dataset =>
  mapSources(dataset, (source) => {
    const shown = showUrl(source.source)
    return shown === source.source
      ? source
      : { ...source, source: shown, [whole]: Redacted.make(source.source) }
  })

const sourceAt = (dataset: Dataset, [field, index]: Place): Source | undefined => {
  const value: unknown =
    typeof dataset === "string" ? undefined : Object.entries(dataset).find(([key]) => key === field)?.[1]
  const found: unknown = index === undefined ? value : Array.isArray(value) ? value[index] : undefined
  return isSource(found) ? found : undefined
}

/** The dataset of a stored experiment with the full addresses of the experiment file, where both show the same. */
export const withSecretsOf = (stored: Dataset, written: Dataset): Dataset =>
  mapSources(stored, (source, place) => {
    const other = sourceAt(written, place)
    return other?.source === source.source ? { ...source, ...other } : source
  })

/** The full address of a source. */
export const addressOf = (source: Source): string =>
  source[whole] === undefined ? source.source : Redacted.value(source[whole])

/** Whether the address is one that a run stored without its secrets. */
export const lacksSecrets = (address: string) => /^https?:\/\/\*\*\*@|=\*\*\*(&|;|#|$)/i.test(address)
