import { execFileSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { createTarPacker, packTar, type TarEntry } from "modern-tar"
import type { PackedDataset } from "../../../schemas/experiment/PackedDataset.ts"
import { hideSecrets, sourcesOf, withSecretsOf } from "../../../stages/fetch/address.ts"
import { findUnreferenced } from "../../../stages/fetch/cacheReferences.ts"
import { npy, zip } from "../../fixtures/mnistFiles.ts"
import { sends, sha256, status, useServer } from "../fetch/server.ts"
import { decoded, pack, packWith, png, write } from "./packing.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-archives-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const data = join(scratch, "data")
let made = 0

const packed = (fields: object) => Effect.runPromise(pack(fields, data))
const refused = (fields: object) =>
  Effect.runPromise(Effect.map(Effect.flip(pack(fields, data)), ({ message }) => message))

const written = (bytes: Uint8Array, suffix = "tar") => {
  const file = join(scratch, `${made++}.${suffix}`)
  writeFileSync(file, bytes)
  return file
}

type Files = Readonly<Record<string, Uint8Array | string>>

const entries = (files: Files): Array<TarEntry> =>
  Object.entries(files).map(([name, content]) => {
    const body = typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content)
    return { header: { name, size: body.byteLength }, body }
  })
const tar = async (files: Files, more: ReadonlyArray<TarEntry> = []) => packTar([...entries(files), ...more])

const images = async () => ({
  "set/train/a/1.png": await png(1),
  "set/train/a/2.png": await png(2),
  "set/train/b/1.png": await png(3),
  "set/test/b/1.png": await png(4),
})
const folder = { kind: "folder", train: "set/train", test: "set/test" }

describe("an archive of folders", () => {
  it("gives the same digest as the folders, as ZIP and as tar, plain and compressed", async () => {
    const plain = await images()
    await write(join(scratch, "plain"), plain)
    const root = join(scratch, "plain/set")
    const expected = await packed({ kind: "folder", train: join(root, "train"), test: join(root, "test") })
    const bytes = await tar(plain)
    for (const archive of [
      written(zip(plain), "zip"),
      written(bytes),
      written(gzipSync(bytes), "tar.gz"),
      written(zstdCompressSync(bytes), "tar.zst"),
    ]) {
      const found = await packed({ ...folder, archive })
      assert.strictEqual(found.packed?.digest, expected.packed?.digest, archive)
      assert.deepStrictEqual(found.classNames, ["a", "b"])
    }
    assert.deepStrictEqual(
      readdirSync(join(data, "own")).filter((name) => name.startsWith(".")),
      [],
    )
  })

  it("is read as the tar program of this system writes it, with long paths", async () => {
    const long = `set/train/a/${"x".repeat(90)}/${"y".repeat(90)}.png`
    const root = join(scratch, "system")
    await write(root, { ...(await images()), [long]: await png(9) })
    const file = join(scratch, "system.tar.gz")
    execFileSync("tar", ["czf", file, "-C", root, "set"])
    assert.strictEqual((await packed({ ...folder, archive: file })).packed?.sources, 5)
  })

  it("has names that start in it, and skips what systems add", async () => {
    const archive = written(
      await tar({ ...(await images()), "__MACOSX/set/._1": "x", "set/train/.DS_Store": "x" }),
    )
    const found = await packed({ ...folder, archive })
    const names = readFileSync(found.packed?.names.path ?? "", "utf8").split("\n")
    assert.strictEqual(JSON.parse(names[0]), "set/train/a/1.png")
    assert.strictEqual(found.packed?.skipped, 1)
  })

  it("is unpacked again only if it has changed", async () => {
    const file = written(await tar(await images()))
    const before = await packed({ ...folder, archive: file })
    assert.strictEqual((await packed({ ...folder, archive: file })).packed?.digest, before.packed?.digest)
    writeFileSync(file, await tar({ ...(await images()), "set/train/a/3.png": await png(5) }))
    assert.notStrictEqual((await packed({ ...folder, archive: file })).packed?.digest, before.packed?.digest)
  })

  it("may hold a manifest, NumPy arrays or another kind", async () => {
    const files = await images()
    const manifest = "path,label\nset/train/a/1.png,x\nset/train/b/1.png,y\n"
    const pixels = Uint8Array.from({ length: 32 }, (_, i) => i)
    const arrays = zip({
      "x_train.npy": npy(pixels, [2, 4, 4]),
      "y_train.npy": npy(Uint8Array.from([0, 1]), [2]),
    })
    const archive = written(
      zip({ ...files, "all.csv": new TextEncoder().encode(manifest), "in/a.npz": arrays }),
      "zip",
    )
    assert.deepStrictEqual((await packed({ kind: "manifest", archive, train: "all.csv" })).classNames, [
      "x",
      "y",
    ])
    assert.deepStrictEqual((await packed({ kind: "npz", archive, file: "in/a.npz" })).classNames, ["0", "1"])
  })
})

describe("a hostile archive", () => {
  const refusedTar = async (files: Files, more: ReadonlyArray<TarEntry> = []) =>
    refused({ ...folder, archive: written(await tar({ ...(await images()), ...files }, more)) })

  it("with paths that lead out of it is refused", async () => {
    for (const path of ["../outside.png", "/etc/outside.png", "set/../../outside.png", "C:\\outside.png"]) {
      const message = await refusedTar({ [path]: "x" })
      assert.match(message, /found the path ".*outside\.png", expected paths within the archive/, path)
      assert.match(
        await refused({ ...folder, archive: written(zip({ [path]: new Uint8Array(1) }), "zip") }),
        /outside\.png|invalid relative path|absolute path/,
        path,
      )
    }
    assert.isFalse(existsSync(join(scratch, "outside.png")))
  })

  it("with links and devices among the images is refused, with their paths", async () => {
    const entry = (name: string, type: "link" | "symlink" | "fifo"): TarEntry => ({
      header: { name, size: 0, type, linkname: "/etc/passwd" },
    })
    const message = await refusedTar({}, [
      entry("set/train/a/hard.png", "link"),
      entry("set/train/a/soft.png", "symlink"),
      entry("set/train/b/fifo.png", "fifo"),
    ])
    assert.match(message, /set\/train\/a\/hard\.png: found a hard link, expected a file/)
    assert.match(message, /set\/train\/a\/soft\.png: found a link, expected a file/)
    assert.match(message, /set\/train\/b\/fifo\.png: found a FIFO, expected a file/)
    const manifest = written(
      await tar({ "all.csv": "path,label\n../x.png,a\nlink.png,b\n" }, [entry("link.png", "symlink")]),
    )
    const named = await refused({ kind: "manifest", archive: manifest, train: "all.csv" })
    assert.match(named, /\.\.\/x\.png: .*the path leads out of the archive/)
    assert.match(named, /link\.png: .*it is a link/)
  })

  it("with a link in a ZIP file is refused", async () => {
    const root = join(scratch, "zipped")
    await write(root, await images())
    symlinkSync("/etc/passwd", join(root, "set/train/a/soft.png"))
    const file = join(scratch, "links.zip")
    // Python's zipfile is on more systems than zip; it stores the mode that is given.
    const program = `
import os, sys, zipfile
z = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)
for base, _, names in os.walk("set"):
  for name in names:
    p = os.path.join(base, name)
    i = zipfile.ZipInfo(p)
    i.external_attr = os.lstat(p).st_mode << 16
    z.writestr(i, os.readlink(p) if os.path.islink(p) else open(p, "rb").read())
z.close()`
    execFileSync("python3", ["-c", program, file], { cwd: root })
    assert.match(
      await refused({ ...folder, archive: file }),
      /set\/train\/a\/soft\.png: found a link, expected a file/,
    )
  })

  it("with the same path twice is refused", async () => {
    assert.match(await refusedTar({ "./set/train/a/1.png": "x" }), /found "set\/train\/a\/1\.png" twice/)
  })

  it("that would inflate beyond the limit is refused before it does", async () => {
    const { controller, readable } = createTarPacker()
    controller.add({ name: "set/train/a/1.png", size: 1_500_000_000 })
    const { value: header } = await readable.getReader().read()
    const bomb = gzipSync(Buffer.concat([header ?? new Uint8Array(), new Uint8Array(2 ** 20)]))
    const limit = /found more than 1\.1 GB of content in .*, expected a file of images/
    assert.match(await refused({ ...folder, archive: written(bomb) }), limit)
    const zipped = Buffer.from(zip({ "set/train/a/1.png": deflateRawSync(new Uint8Array(1000)) }))
    const central = zipped.indexOf("PK\x01\x02", 0, "latin1")
    zipped.writeUInt16LE(8, central + 10)
    zipped.writeUInt32LE(1_500_000_000, central + 24)
    assert.match(await refused({ ...folder, archive: written(zipped, "zip") }), limit)
    zipped.writeUInt32LE(500, central + 24)
    assert.match(
      await refused({ ...folder, archive: written(zipped, "zip") }),
      /found too many bytes in the stream\. expected 500/,
    )
  })

  it("that is truncated, damaged or of another kind is refused", async () => {
    const whole = await tar(await images())
    const of = (bytes: Uint8Array) => refused({ ...folder, archive: written(bytes) })
    assert.match(await of(whole.subarray(0, 700)), /expected a whole tar archive; the archive is damaged/)
    assert.match(
      await of(gzipSync(whole).subarray(0, 300)),
      /found damaged data \(.*\), expected a whole tar archive/,
    )
    const header = Uint8Array.from(whole)
    header[0] ^= 1
    assert.match(await of(header), /found Invalid tar header checksum, expected a whole tar archive/)
    const zipped = Uint8Array.from(zip(await images()))
    zipped[80] ^= 1
    assert.match(await of(zipped), /found content that does not have its checksum in "set\/train\/a\/1\.png"/)
    assert.match(await of(zip(await images()).subarray(0, 300)), /expected a ZIP archive/)
    assert.match(
      await of(new TextEncoder().encode("BZh91AY")),
      /found a bzip2 file, expected a ZIP archive, or a tar archive, .*; convert it with `bzip2 -dc FILE \| gzip > FILE\.gz`/,
    )
    assert.match(
      await of(Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])),
      /found an xz file, .*`xz -dc FILE/,
    )
    assert.match(await of(Uint8Array.from([0x04, 0x22, 0x4d, 0x18])), /found an LZ4 file, .*`lz4 -dc FILE/)
    assert.match(
      await of(Uint8Array.from([0x37, 0x7a, 0xbc, 0xaf])),
      /found a 7z archive, .*pack the files again in one of these formats/,
    )
    assert.match(await of(new TextEncoder().encode("<!DOCTYPE html>")), /found an HTML page/)
    assert.match(await of(new Uint8Array()), /found an empty file/)
  })

  it("with an encrypted file, or one that is compressed in another way, is refused", async () => {
    const changed = async (flags: number, method: number) => {
      const bytes = Buffer.from(zip(await images()))
      const entry = bytes.indexOf("PK\x01\x02", 0, "latin1")
      bytes.writeUInt16LE(flags, entry + 8)
      bytes.writeUInt16LE(method, entry + 10)
      return refused({ ...folder, archive: written(bytes, "zip") })
    }
    assert.match(
      await changed(1, 8),
      /found an encrypted file "set\/train\/a\/1\.png", expected a ZIP archive without a password/,
    )
    assert.match(await changed(0, 12), /found compression method 12 of .*; compress it with deflate/)
  })

  it("without the folder that the experiment names is refused with what it has", async () => {
    const message = await refused({ ...folder, train: "train", archive: written(await tar(await images())) })
    assert.match(
      message,
      /found nothing at train, expected a folder .*correct dataset\.train .*paths start in the archive, which has set\//,
    )
  })
})

describe("tar files of WebDataset", () => {
  const shard = async (from: number, labels: ReadonlyArray<string>) => {
    const files = await Promise.all(
      labels.map(async (label, i): Promise<Files> => ({
        [`n/${from + i}.png`]: await png(from + i),
        [`n/${from + i}.cls`]: `${label}\n`,
        [`n/${from + i}.json`]: "{}",
      })),
    )
    return tar(Object.assign({}, ...files))
  }

  it("are read in the order of the shards, with names or places in the list of classes", async () => {
    mkdirSync(join(scratch, "shards"), { recursive: true })
    const path = (name: string) => join(scratch, "shards", name)
    writeFileSync(path("t-00.tar"), await shard(0, ["1", "0"]))
    writeFileSync(path("t-01.tar"), await shard(2, ["0"]))
    writeFileSync(path("v.tar"), gzipSync(await shard(5, ["1"])))
    const fields = { kind: "webdataset", train: path("t-{00..01}.tar"), test: [path("v.tar")] }
    const numbers = await packed(fields)
    const names = await packed({ ...fields, classes: ["cat", "dog"] })
    assert.deepStrictEqual(
      [numbers.classNames, names.classNames],
      [
        ["0", "1"],
        ["cat", "dog"],
      ],
    )
    assert.strictEqual(numbers.packed?.digest, names.packed?.digest)
    const listed = readFileSync(numbers.packed?.names.path ?? "", "utf8")
      .trim()
      .split("\n")
    assert.deepStrictEqual(
      listed.map((line) => JSON.parse(line).replace(/.*shards\//, "")),
      ["t-00.tar/n/0.png", "t-00.tar/n/1.png", "t-01.tar/n/2.png", "v.tar/n/5.png"],
    )
  })

  it("with an example that lacks its image or its label, and missing shards, are refused", async () => {
    const bad = written(
      await tar({ "1.png": await png(1), "2.cls": "a", "3.png": await png(3), "3.cls": " \n" }),
    )
    const message = await refused({ kind: "webdataset", train: bad })
    assert.match(message, /tar\/1: found \.png, expected a label \(\.cls\)/)
    assert.match(message, /tar\/2: found \.cls, expected an image \(\.png, \.jpg, \.jpeg, \.webp\)/)
    assert.match(message, /tar\/3: found an empty label \(\.cls\)/)
    const missing = await refused({ kind: "webdataset", train: join(scratch, "gone-{0..1}.tar") })
    assert.match(
      missing,
      /found nothing at .*gone-0\.tar, expected a tar file of WebDataset; correct dataset\.train/,
    )
  })
})

describe("a download", () => {
  const server = useServer()

  it("with its digest is downloaded once, and other content is refused", async () => {
    const bytes = await tar(await images())
    server.responses = { "/set.tar": [sends(bytes)], "/other.tar": [sends(bytes)] }
    const archive = { source: `${server.origin}/set.tar`, sha256: sha256(bytes) }
    const found = await Effect.runPromise(pack({ ...folder, archive }, server.dataDir))
    rmSync(join(server.dataDir, "own", `${found.packed?.names.sha256}.names`))
    assert.strictEqual(
      (await Effect.runPromise(pack({ ...folder, archive }, server.dataDir))).packed?.digest,
      found.packed?.digest,
    )
    assert.deepStrictEqual(server.requests, ["/set.tar"])
    const wrong = { source: `${server.origin}/other.tar`, sha256: "0".repeat(64) }
    const { message } = await Effect.runPromise(
      Effect.flip(pack({ ...folder, archive: wrong }, server.dataDir)),
    )
    assert.match(
      message,
      /cannot get archive of set: .*\/other\.tar: found \d+ bytes of SHA-256 .*, expected SHA-256 0000/,
    )
  })

  it("with a password sends it, stores it nowhere, and needs it again after it was stored without", async () => {
    const secret = "s3cret"
    const bytes = await tar(await images())
    server.responses["/set.tar"] = [
      (request, response) =>
        request.headers.authorization === `Basic ${Buffer.from(`ann:${secret}`).toString("base64")}`
          ? sends(bytes)(request, response)
          : status(401)(request, response),
    ]
    const source = `${server.origin.replace("http://", `http://ann:${secret}@`)}/set.tar`
    const fields = { ...folder, archive: { source, sha256: sha256(bytes) } }
    const dataset = hideSecrets(decoded(fields)) as PackedDataset
    assert.notInclude(JSON.stringify(dataset), secret)
    assert.deepStrictEqual(
      sourcesOf(dataset).map(({ at }) => at),
      ["dataset.archive"],
    )
    const found = await Effect.runPromise(packWith(dataset, server.dataDir))
    assert.strictEqual(found.packed?.sources, 4)
    const cache = join(server.dataDir, "own")
    for (const name of readdirSync(cache))
      assert.notInclude(readFileSync(join(cache, name), "latin1"), secret)
    rmSync(cache, { recursive: true })
    const stored = JSON.parse(JSON.stringify(dataset)) as PackedDataset
    const { message } = await Effect.runPromise(Effect.flip(packWith(stored, server.dataDir)))
    assert.match(message, /found an address without its password or key, which are not stored/)
    const whole = withSecretsOf(stored, dataset) as PackedDataset
    assert.strictEqual(
      (await Effect.runPromise(packWith(whole, server.dataDir))).packed?.digest,
      found.packed?.digest,
    )
  })

  it("is removed by gc once it is packed, and what was packed of it is not if a run needs it", async () => {
    const bytes = await tar(await images())
    server.responses["/set.tar"] = [sends(bytes)]
    const archive = { source: `${server.origin}/set.tar`, sha256: sha256(bytes) }
    const found = await Effect.runPromise(pack({ ...folder, archive }, server.dataDir))
    const run = join(server.dataDir, "run")
    mkdirSync(join(run, "stages"), { recursive: true })
    writeFileSync(join(run, "stages", "fetch.json"), JSON.stringify({ result: found }))
    const unneeded = await Effect.runPromise(
      findUnreferenced(server.dataDir, [run]).pipe(Effect.provide(NodeServices.layer)),
    )
    const kept = join(server.dataDir, "own", `${archive.sha256}.file`)
    assert.deepStrictEqual([...unneeded].sort(), [kept, `${kept}.json`])
  })

  it("without a digest, or with an address within an archive, is refused when the experiment is read", () => {
    const of = (fields: object) => {
      try {
        pack(fields, data)
        return "accepted"
      } catch (error) {
        return String(error)
      }
    }
    assert.match(
      of({ ...folder, archive: { source: "https://example.com/a.tar" } }),
      /expected the SHA-256 of what the URL has/,
    )
    assert.match(of({ ...folder, archive: "https://example.com/a.tar" }), /for a download write \{ source/)
    assert.match(
      of({ kind: "npz", archive: "a.zip", file: { source: "a.npz" } }),
      /found an address, expected a path in the archive/,
    )
  })

  it("of a file of this machine with another digest is refused", async () => {
    const file = written(await tar(await images()))
    const archive = { source: file, sha256: "1".repeat(64) }
    assert.match(await refused({ ...folder, archive }), /found SHA-256 [0-9a-f]{64}, expected SHA-256 1111/)
    const right = { source: file, sha256: sha256(readFileSync(file)) }
    assert.strictEqual((await packed({ ...folder, archive: right })).packed?.sources, 4)
  })
})
