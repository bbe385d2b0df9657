/** The free space for runs and for data. */
import { existsSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { Effect } from "effect"
import { size } from "../../format/size.ts"
import type { Finding } from "./Finding.ts"

const enoughBytes = 1e9

/** `folder` need not exist: the folder that it will be made in has the space. */
export const checkDisk = (name: "runs" | "data", folder: string) =>
  Effect.promise(async () => {
    let existing = resolve(folder)
    while (!existsSync(existing)) existing = dirname(existing)
    const { bavail, bsize } = await statfs(existing)
    const freeBytes = bavail * bsize
    const available = freeBytes >= enoughBytes
    return {
      area: "disk",
      name,
      available,
      found: `${size(freeBytes)} free for ${folder}`,
      remedy: available ? null : `free some space, or choose another folder with --${name}-dir`,
    } satisfies Finding as Finding
  })
