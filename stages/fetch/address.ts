/**
 * The addresses of a user's own files: (source in the experiment) -> a path, or a URL with its secrets.
 *
 * An experiment in memory shows its addresses without secrets, so that nothing that stores or prints it can give them away. The
 * whole address goes with it under a symbol, which neither JSON nor a schema copies.
 */
import { fileURLToPath } from "node:url"
import { Redacted } from "effect"
import { showUrl } from "../../format/showUrl.ts"
import {
  type Dataset,
  type FileName,
  fileNames,
  isPacked,
  type OwnDataset,
} from "../../schemas/experiment/Dataset.ts"

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

const mapSources = (dataset: Dataset, change: (source: Source, name: FileName) => Source): Dataset =>
  typeof dataset === "string" || isPacked(dataset)
    ? dataset
    : {
        ...dataset,
        ...Object.fromEntries(fileNames.map((name) => [name, change(dataset[name], name)])),
      }

/** The dataset with addresses that can be shown; `addressOf` still knows them in full. */
export const hideSecrets = (dataset: Dataset): Dataset =>
  mapSources(dataset, (source) => {
    const shown = showUrl(source.source)
    return shown === source.source
      ? source
      : { ...source, source: shown, [whole]: Redacted.make(source.source) }
  })

/** The dataset of a stored experiment with the full addresses of the experiment file, where both show the same. */
export const withSecretsOf = (stored: Dataset, written: Dataset): Dataset =>
  typeof written === "string" || isPacked(written)
    ? stored
    : mapSources(stored, (source, name) =>
        source.source === written[name].source ? { ...source, ...written[name] } : source,
      )

/** The full address of a source. */
export const addressOf = (source: Source): string =>
  source[whole] === undefined ? source.source : Redacted.value(source[whole])

/** Whether the address is one that a run stored without its secrets. */
export const lacksSecrets = (address: string) => /^https?:\/\/\*\*\*@|=\*\*\*(&|;|#|$)/i.test(address)
