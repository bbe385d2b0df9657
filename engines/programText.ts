/**
 * One digest of the text of all engines: () -> SHA-256. Results of a probe that depend on what an engine computes are cached by
 * it, so no edit leaves a stale one.
 *
 * It reads the modules in the folder of this module and below: half a megabyte, 5 ms. In the published package, whose modules
 * lie in one folder, those are all modules of the program.
 */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const isModule = (name: string) => /\.(?:ts|js|proto)$/.test(name)

export const programText = (folder = fileURLToPath(new URL(".", import.meta.url))): string => {
  const hash = createHash("sha256")
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(isModule).sort()
  for (const name of names) {
    const text = readFileSync(join(folder, name))
    hash.update(`${name}\n${text.length}\n`).update(text)
  }
  return hash.digest("hex")
}
