/**
 * What was found out about this machine, kept in the user's own cache: (name, what it depends on, schema) -> read and write.
 *
 * The folder is the user's alone (XDG_CACHE_HOME, else ~/.cache): what others may write, as the system's temporary folder, is
 * not believed. A cache that cannot be read, decoded or written costs finding out again, nothing else.
 */
import { createHash, randomUUID } from "node:crypto"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { Effect, Schema } from "effect"

/** A relative XDG_CACHE_HOME does not count (XDG Base Directory Specification). Throws where the user has no home. */
const cacheFolder = () => {
  const named = process.env.XDG_CACHE_HOME ?? ""
  return join(isAbsolute(named) ? named : join(homedir(), ".cache"), "tidemark")
}

export const verdict = <A>(
  name: string,
  dependsOn: ReadonlyArray<string | Uint8Array>,
  schema: Schema.Codec<A, unknown>,
) => {
  const hash = createHash("sha256")
  for (const part of dependsOn) hash.update(`${part.length}\n`).update(part)
  const json = Schema.fromJsonString(schema)
  const fileName = `${name}-${hash.digest("hex").slice(0, 16)}.json`
  return {
    read: Effect.tryPromise(() => readFile(join(cacheFolder(), fileName), "utf8")).pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(json)),
      Effect.orElseSucceed(() => undefined),
    ),
    write: (found: A) =>
      Schema.encodeEffect(json)(found).pipe(
        Effect.flatMap((text) =>
          Effect.tryPromise(async () => {
            const folder = cacheFolder()
            const partial = join(folder, `${fileName}.${randomUUID()}`)
            await mkdir(folder, { recursive: true })
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
