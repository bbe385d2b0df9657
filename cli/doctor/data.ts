/**
 * Whether a run can get a dataset: from the cache, from an installed package or from a mirror. Mirrors are contacted only with
 * `network`, and nothing is downloaded.
 */
import { Effect, Path } from "effect"
import { HttpClient } from "effect/http"
import type { RegisteredName } from "../../schemas/experiment/Dataset.ts"
import { lookUp } from "../../stages/fetch/cache.ts"
import { datasets } from "../../stages/fetch/datasets.ts"
import type { Finding } from "./Finding.ts"

const isInstalled = (bundled: string) => {
  try {
    return import.meta.resolve(bundled) !== ""
  } catch {
    return false
  }
}

/** Undefined if the mirror responds. */
const mirrorFault = (url: string) =>
  HttpClient.head(url).pipe(
    Effect.timeout("10 seconds"),
    Effect.map(({ status }) => (status < 400 ? undefined : `responds with status ${status}`)),
    Effect.orElseSucceed(() => "does not respond"),
  )

/** A dataset that must be downloaded. */
const checkMirrors = Effect.fnUntraced(function* (
  urls: ReadonlyArray<string>,
  folder: string,
  network: boolean,
) {
  const [first] = urls
  const hosts = [...new Set(urls.map((url) => new URL(url).host))]
  if (!network) {
    const found = `not downloaded; a run downloads it from ${hosts.join(", ")}`
    return { available: true, found, remedy: "--network checks whether the mirrors respond" }
  }
  const fault = yield* mirrorFault(first)
  return {
    available: fault === undefined,
    found: `not downloaded; ${new URL(first).host} ${fault ?? "responds"}`,
    remedy: fault === undefined ? null : `put its files into ${folder}, or repair the network`,
  }
})

const checkDataset = Effect.fnUntraced(function* (name: RegisteredName, dataDir: string, network: boolean) {
  const paths = yield* Path.Path
  const { byHand, files } = datasets[name]
  const all = Object.values(files)
  const folder = paths.join(paths.resolve(dataDir), name)
  const cached = yield* Effect.forEach(all, ({ digest, name: file }) =>
    lookUp(paths.join(folder, file), digest?.of === "content" ? digest.value : undefined),
  )
  if (cached.every(({ kind }) => kind === "verified")) {
    return { available: true, found: `in the cache ${folder}`, remedy: null }
  }
  const damaged = cached.find((entry) => entry.kind === "wrong")
  const prefix = damaged === undefined ? "" : `a damaged cache (${damaged.found}); `
  const packages = all.flatMap(({ bundled }) => (bundled === undefined ? [] : [bundled]))
  if (packages.length === all.length && packages.every(isInstalled)) {
    const found = `${prefix}in the installed package ${packages[0].split("/")[0]}`
    return { available: true, found, remedy: null }
  }
  const urls = all.flatMap((file) => file.urls)
  if (urls.length === 0) {
    const remedy = byHand ?? `put its files into ${folder}`
    return { available: false, found: `${prefix}not downloaded, and no mirror has it`, remedy }
  }
  const mirrors = yield* checkMirrors(urls, folder, network)
  return { ...mirrors, found: `${prefix}${mirrors.found}` }
})

export const checkDatasets = Effect.fn("checkDatasets")(function* (dataDir: string, network: boolean) {
  const names = Object.keys(datasets) as ReadonlyArray<RegisteredName>
  return yield* Effect.forEach(names, (name) =>
    Effect.map(checkDataset(name, dataDir, network), (checked): Finding => ({
      area: "data",
      name,
      ...checked,
    })),
  )
})
