/**
 * Unpacks a tar archive, plain or compressed by gzip or Zstandard: (bytes by position) -> members.
 *
 * POSIX ustar and pax and GNU tar's format, read by modern-tar. Links and devices are refused: a link may lead anywhere.
 */
import { ReadableStream } from "node:stream/web"
import { pipeline, Readable } from "node:stream"
import { createGunzip, createZstdDecompress } from "node:zlib"
import { createTarDecoder } from "modern-tar"
import type { OpenFile } from "../../../storage/openFile.ts"
import { ArchiveFault, type Members } from "./members.ts"

export type Compression = "none" | "gzip" | "zstd"

const pieceBytes = 2 ** 20

async function* piecesOf({ read, sizeBytes }: OpenFile) {
  for (let at = 0; at < sizeBytes; at += pieceBytes) yield read(at, pieceBytes)
}

/** The bytes of the tar file, which are counted. */
async function* contentOf(
  file: OpenFile,
  compression: Compression,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const pieces = Readable.from(piecesOf(file), { objectMode: false })
  // The error of a part reaches the last one, which is read; the first one ends with it.
  const content =
    compression === "none"
      ? pieces
      : pipeline(pieces, compression === "gzip" ? createGunzip() : createZstdDecompress(), () => {})
  for await (const piece of content) {
    count((piece as Uint8Array).byteLength)
    yield new Uint8Array(piece as Uint8Array)
  }
}

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
