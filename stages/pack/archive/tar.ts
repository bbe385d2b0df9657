/**
 * Unpacks a tar archive, plain or compressed by gzip or Zstandard: (bytes by position) -> members.
 *
 * POSIX ustar and pax and GNU tar's format, read by modern-tar. Links and devices are refused: a link may lead anywhere.
 */
import { ReadableStream } from "node:stream/web"
import { createTarDecoder } from "modern-tar"
import type { OpenFile } from "../../../storage/openFile.ts"
import { type Compression, contentOf } from "./content.ts"
import { ArchiveFault } from "./limit.ts"
import type { Members } from "./members.ts"

const reasons: Readonly<Record<string, string>> = {
  link: "a hard link",
  symlink: "a link",
  "character-device": "a device",
  "block-device": "a device",
  fifo: "a FIFO",
}

export const unpackTar = async (
  file: OpenFile,
  compression: Compression,
  { begin, count, refuse }: ReturnType<Members["unpacking"]>,
): Promise<void> => {
  const entries = ReadableStream.from(contentOf(file, compression, count)).pipeThrough(
    createTarDecoder({ strict: true }) as never,
  )
  for await (const { body, header } of entries as ReadableStream<{
    readonly header: {
      readonly name: string
      readonly size: number
      readonly type?: string
      readonly pax?: object
    }
    readonly body: ReadableStream<Uint8Array>
  }>) {
    const { name, pax, size, type = "file" } = header
    const reason =
      reasons[type] ?? (pax !== undefined && "GNU.sparse.major" in pax ? "a sparse file" : undefined)
    if (type !== "file" || reason !== undefined) {
      if (reason !== undefined) refuse(name, reason)
      await body.cancel()
      continue
    }
    const member = begin(name, size)
    for await (const bytes of body) member.write(bytes)
    member.end()
  }
}

/** The fault of an archive that cannot be read to its end. */
export const tarFault = (error: unknown) =>
  new ArchiveFault(
    error instanceof Error && "code" in error
      ? `damaged data (${String(error.code)})`
      : (error instanceof Error ? error.message : String(error)).replace(/\.$/, ""),
    "a whole tar archive",
    "the archive is damaged: get it again",
  )
