/** The folder of this program in the user's cache (XDG Base Directory Specification): () -> path. */
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"

/** A relative XDG_CACHE_HOME is ignored. Throws if the user has no home. */
export const cacheFolder = () => {
  const named = process.env.XDG_CACHE_HOME ?? ""
  return join(isAbsolute(named) ? named : join(homedir(), ".cache"), "tidemark")
}
