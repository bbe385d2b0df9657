/**
 * Whether a run can get a dataset: from the cache, from an installed package or from a mirror. Mirrors are contacted only with
 * `network`, and nothing is downloaded.
 */
import { Effect, Path, Result } from "effect"
import { HttpClient } from "effect/http"
import type { RegisteredName } from "../../schemas/experiment/Dataset.ts"
import { lookUp } from "../../stages/fetch/cache.ts"
import { datasets, type RemoteFile } from "../../stages/fetch/datasets.ts"
import { byHandPath, readByHand } from "../../stages/fetch/publishedFile.ts"
import { exists } from "../../storage/files.ts"
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

type Place = "cache" | "by hand" | "absent"

/** Where a file of a dataset is on this machine, as a run would find it, and what is wrong with what is there. */
const checkFile = Effect.fnUntraced(function* ({ digest, name, sizeBytes }: RemoteFile, folder: string) {
  const path = (yield* Path.Path).join(folder, name)
  const cached = yield* lookUp(path, digest?.of === "content" ? digest.value : undefined)
  if (cached.kind === "verified") return { name, place: "cache" as Place, fault: undefined }
  const damaged = cached.kind === "wrong" ? `a damaged cache (${cached.found})` : undefined
  if (!(yield* exists(byHandPath(path)))) return { name, place: "absent" as Place, fault: damaged }
  const read = yield* Effect.result(readByHand(path, { digest, sizeBytes, limitBytes: sizeBytes }))
  return Result.isSuccess(read)
    ? { name, place: "by hand" as Place, fault: undefined }
    : { name, place: "absent" as Place, fault: `a damaged file put there by hand (${read.failure.message})` }
})

const checkDataset = Effect.fnUntraced(function* (name: RegisteredName, dataDir: string, network: boolean) {
  const paths = yield* Path.Path
  const { byHand, files } = datasets[name]
  const all = Object.values(files)
  const folder = paths.join(paths.resolve(dataDir), name)
  const checked = yield* Effect.forEach(all, (file) => checkFile(file, folder))
  const present = checked.filter(({ place }) => place !== "absent")
  if (present.length === all.length) {
    const isByHand = present.some(({ place }) => place === "by hand")
    const found = isByHand ? `put into ${folder} by hand, and verified` : `in the cache ${folder}`
    return { available: true, found, remedy: null }
  }
  const absent = checked.filter(({ place }) => place === "absent")
  const fault = checked.find((file) => file.fault !== undefined)?.fault
  const missing = absent.map((file) => `${file.name}.gz`).join(", ")
  const some =
    present.length === 0 ? "" : `${present.length} of ${all.length} files in ${folder}, without ${missing}; `
  const prefix = `${fault === undefined ? "" : `${fault}; `}${some}`
  const packages = all.flatMap(({ bundled }) => (bundled === undefined ? [] : [bundled]))
  if (packages.length === all.length && packages.every(isInstalled)) {
    const found = `${prefix}in the installed package ${packages[0].split("/")[0]}`
    return { available: true, found, remedy: null }
  }
  const urls = all.flatMap((file) => file.urls)
  if (urls.length === 0) {
    const put = `put its four files (.gz) into ${folder}`
    const remedy = byHand === undefined ? put : `${byHand}, then ${put}`
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
