/**
 * Results of probes of this machine, in the user's own cache: (name, what a result depends on, schema) -> read and write.
 *
 * Only the user can write to the folder (XDG_CACHE_HOME, else ~/.cache). A folder that others can write to, such as the
 * system's temporary folder, could not be trusted. If a file cannot be read, decoded or written, the probe runs again.
 */
import { createHash, randomUUID } from "node:crypto"
import { rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { cacheFolder } from "./cacheFolder.ts"
import { makeFolderNow, readStringNow } from "../storage/filesNow.ts"

export const probeCache = <A>(
  name: string,
  dependsOn: ReadonlyArray<string | Uint8Array>,
  schema: Schema.Codec<A, unknown>,
) => {
  const hash = createHash("sha256")
  for (const part of dependsOn) hash.update(`${part.length}\n`).update(part)
  const json = Schema.fromJsonString(schema)
  const fileName = `${name}-${hash.digest("hex").slice(0, 16)}.json`
  return {
    read: Effect.try(cacheFolder).pipe(
      Effect.flatMap((folder) => readStringNow(join(folder, fileName))),
      Effect.flatMap(Schema.decodeUnknownEffect(json)),
      Effect.orElseSucceed(() => undefined),
    ),
    write: (result: A) =>
      Schema.encodeEffect(json)(result).pipe(
        Effect.flatMap((text) =>
          Effect.tryPromise(async () => {
            const folder = cacheFolder()
            const partial = join(folder, `${fileName}.${randomUUID()}`)
            makeFolderNow(folder)
            try {
              await writeFile(partial, `${text}\n`)
              await rename(partial, join(folder, fileName))
            } finally {
              await rm(partial, { force: true })
            }
          }),
        ),
        Effect.ignore,
      ),
  }
}
