import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deflateSync } from "node:zlib"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import sharp from "sharp"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { npy, zip } from "../../fixtures/mnistFiles.ts"
import { inMemory } from "../dataset/writeDataset.ts"
import { pack, png, write } from "./packing.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-hostile-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let made = 0
/** A new folder with two classes of two images each, and more files. */
const folderWith = async (more: Parameters<typeof write>[1] = {}) => {
  const folder = join(scratch, String(made++))
  await write(folder, { "a/1.png": 1, "a/2.png": 2, "b/1.png": 3, "b/2.png": 4, ...more })
  return folder
}
const data = join(scratch, "data")
const packed = (fields: object) => Effect.runPromise(pack(fields, data))
const refused = (fields: object) =>
  Effect.runPromise(Effect.map(Effect.flip(pack(fields, data)), ({ message }) => message))

describe("a folder", () => {
  it("skips and counts what systems and tools put there", async () => {
    const train = await folderWith({
      ".hidden/1.png": 5,
      "a/.DS_Store": "x",
      "a/._1.png": "x",
      "a/Thumbs.db": "x",
      "__MACOSX/a/._1.png": "x",
      ".ipynb_checkpoints/1.png": 6,
    })
    const { classNames, packed: found } = await packed({ kind: "folder", train })
    assert.deepStrictEqual(classNames, ["a", "b"])
    assert.deepStrictEqual([found?.sources, found?.skipped], [4, 6])
  })

  it("names every damaged, empty and foreign file with its reason", async () => {
    const whole = await png(9)
    const train = await folderWith({
      "a/truncated.png": whole.subarray(0, whole.length - 20),
      "a/empty.png": "",
      "b/notes.txt": "hello",
      "labels.csv": "a,b",
    })
    const message = await refused({ kind: "folder", train })
    assert.match(message, /cannot use 4 files of set:/)
    assert.match(message, /a\/truncated\.png: is damaged/)
    assert.match(message, /a\/empty\.png: found an empty file, expected PNG, JPEG or WebP/)
    assert.match(message, /b\/notes\.txt: found the bytes 68 65 6c 6c/)
    assert.match(message, /labels\.csv: found a file outside the folders of the classes/)
  })

  it("counts files with the same kind of problem, and names the first three", async () => {
    const sizes = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => [`b/large-${i + 10}.png`, await png(i, 5 + i)] as const),
      ),
    )
    const train = await folderWith({ ...sizes, "a/empty.png": "" })
    const message = await refused({ kind: "folder", train })
    const shown = (name: string) => message.split("\n").filter((line) => line.includes(name)).length
    assert.include(message, "cannot use 31 files of set:\n")
    assert.match(message, /large-10\.png: has another size: found 5 × 5 pixels, expected 4 × 4; choose fit/)
    assert.deepStrictEqual([shown("large-"), shown("empty.png")], [3, 1])
    assert.include(message, "\n  and 27 more like them\n")
  })

  it("omits such files with exclude, and records them with their digests", async () => {
    const train = await folderWith({ "a/0.png": "no image" })
    const { files, packed: found } = await packed({ kind: "folder", train, damaged: "exclude" })
    const good = await packed({ kind: "folder", train: await folderWith() })
    assert.strictEqual(files.trainImages.sha256, good.files.trainImages.sha256)
    assert.notStrictEqual(found?.digest, good.packed?.digest)
    const elsewhere = await folderWith({ "b/9.png": "no image" })
    const same = await packed({ kind: "folder", train: elsewhere, damaged: "exclude" })
    assert.strictEqual(same.packed?.digest, found?.digest)
    const other = await folderWith({ "a/0.png": "no image either" })
    const different = await packed({ kind: "folder", train: other, damaged: "exclude" })
    assert.notStrictEqual(different.packed?.digest, found?.digest)
    assert.deepInclude(found?.excluded[0], {
      path: join(train, "a/0.png"),
      sha256: createHash("sha256").update("no image").digest("hex"),
    })
  })

  it("refuses links that lead out of it, in a circle or to a folder, and follows those to its files", async () => {
    const train = await folderWith()
    writeFileSync(join(scratch, "outside.png"), await png(7))
    symlinkSync(join(scratch, "outside.png"), join(train, "a/out.png"))
    symlinkSync(train, join(train, "a/loop"))
    symlinkSync(join(train, "b/circle"), join(train, "b/circle"))
    const message = await refused({ kind: "folder", train })
    assert.match(message, /a\/out\.png: found a link to a place outside the folder/)
    assert.match(message, /a\/loop: found a link to a folder/)
    assert.match(message, /b\/circle: found a link that leads nowhere, or in a circle/)
    const good = await folderWith()
    symlinkSync(join(good, "a/1.png"), join(good, "a/3.png"))
    assert.strictEqual((await packed({ kind: "folder", train: good })).packed?.sources, 5)
  })

  it("joins the composed and the decomposed form of a name, and refuses names that differ in case", async () => {
    const train = await folderWith({ "\u00e9/1.png": 5 })
    const test = join(scratch, "decomposed")
    await write(test, { "e\u0301/1.png": 6, "a/1.png": 7, "b/1.png": 8 })
    const { classNames } = await packed({ kind: "folder", train, test, classes: 3 })
    assert.deepStrictEqual(classNames, ["a", "b", "\u00e9"])
    const clash = await refused({ kind: "folder", train: await folderWith({ "A/1.png": 5 }), classes: 3 })
    assert.match(clash, /"A" and "a"|"a" and "A"/)
    const listed = { classes: ["A", "a", "b"], train: await folderWith({ "A/1.png": 5 }) }
    assert.deepStrictEqual((await packed({ kind: "folder", ...listed })).classNames, ["A", "a", "b"])
  })

  it("refuses another number of classes and a class that is not listed, and keeps a class that only one split has", async () => {
    const train = await folderWith()
    assert.match(
      await refused({ kind: "folder", train, classes: 3 }),
      /found 2 classes \("a" and "b"\), expected 3/,
    )
    const unlisted = await refused({ kind: "folder", train, classes: ["b", "c"] })
    assert.match(unlisted, /found "a", expected one of "b" and "c"/)
    const test = join(scratch, "one-class")
    await write(test, { "b/1.png": 11 })
    const loaded = await Effect.runPromise(
      Effect.flatMap(pack({ kind: "folder", train, test }, data), loadDataset).pipe(
        Effect.scoped,
        Effect.provide(NodeServices.layer),
      ),
    )
    assert.deepStrictEqual([...loaded.labels], [0, 1, 0, 1, 1])
  })

  it("refuses a decompression bomb by its header", async () => {
    const bomb = Buffer.from(await png(1))
    bomb.writeUInt32BE(60_000, 16)
    bomb.writeUInt32BE(60_000, 20)
    const message = await refused({
      kind: "folder",
      train: await folderWith({ "a/bomb.png": bomb }),
      fit: "pad",
    })
    assert.match(message, /a\/bomb\.png: is too large: found 60000 × 60000, 3600 megapixels/)
  })

  it("shrinks an image of ten million pixels", async () => {
    const large = await sharp({ create: { width: 4000, height: 2500, channels: 3, background: "#808080" } })
      .png()
      .toBuffer()
    const train = await folderWith({ "a/large.png": large })
    assert.match(
      await refused({ kind: "folder", train }),
      /another size: found 4000 × 2500 pixels, expected 4 × 4/,
    )
    const { packed: found } = await packed({ kind: "folder", train, fit: "stretch" })
    assert.deepStrictEqual(found?.images, { PNG: 5, resized: 1 })
  })

  it("that does not exist is named", async () => {
    const message = await refused({ kind: "folder", train: join(scratch, "nothing") })
    assert.match(message, /found nothing at .*nothing, expected a folder that has one folder for each class/)
  })

  it("of a manifest or with a digest is named if it does not exist", async () => {
    const gone = { source: join(scratch, "gone.tar"), sha256: "0".repeat(64) }
    const error = await Effect.runPromise(Effect.flip(pack({ kind: "webdataset", train: gone }, data)))
    assert.strictEqual(error._tag, "SourceNotFound")
    assert.match(error.message, /found nothing at .*gone\.tar, expected a tar file of WebDataset/)
    const many = `${join(scratch, "gone")}-{0..99999}-{0..99999}.tar`
    const unexpanded = await refused({ kind: "webdataset", train: many })
    assert.include(unexpanded, `found nothing at ${many}`)
  })

  it("is read again only if a file has changed", async () => {
    const train = await folderWith()
    const cache = join(scratch, "index")
    const digest = async () =>
      (await Effect.runPromise(pack({ kind: "folder", train }, cache))).packed?.digest
    const before = await digest()
    assert.strictEqual(await digest(), before)
    writeFileSync(join(train, "a/1.png"), await png(99))
    utimesSync(join(train, "a/1.png"), 1, 1)
    assert.notStrictEqual(await digest(), before)
  })
})

describe("a manifest", () => {
  it("may have a byte order mark, quotes, other columns and groups", async () => {
    const folder = await folderWith()
    await write(folder, {
      "all.csv":
        '\uFEFFid,"class, name",split,group\r\n"a/1",x,train,p\r\n"b/1","y ""z""",test,q\r\na/2,x,,\r\n',
    })
    const { classNames, packed: found } = await packed({
      kind: "manifest",
      train: join(folder, "all.csv"),
      suffix: ".png",
      columns: { path: "id", label: "class, name" },
    })
    assert.deepStrictEqual(classNames, ["x", 'y "z"'])
    assert.isDefined(found?.groups)
  })

  it("names missing files, unknown splits, rows without a label and missing columns", async () => {
    const folder = await folderWith()
    await write(folder, {
      "bad.csv": "path,label,split\na/1.png,x,train\nnone.png,y,train\na/2.png,y,dev\nb/1.png,,train\n",
      "columns.csv": "file,label\na/1.png,x\n",
      "ragged.csv": "path,label\na/1.png,x,more\n",
      "twice.csv": "path,label,label\na/1.png,x,y\n",
      "bad.jsonl": '{"path": "a/1.png", "label": "x"}\nnot json\n',
    })
    const of = (name: string) => refused({ kind: "manifest", train: join(folder, name) })
    const message = await of("bad.csv")
    assert.match(message, /none\.png: .*does not exist/)
    assert.match(message, /bad\.csv:4: found split "dev", expected train or test/)
    assert.match(message, /bad\.csv:5: found no label/)
    assert.match(await of("columns.csv"), /found the columns file, label, expected a column path/)
    assert.match(await of("twice.csv"), /found the column "label" twice, expected a header that names each/)
    assert.match(await of("ragged.csv"), /ragged\.csv: found Invalid Record Length/)
    assert.match(await of("bad.jsonl"), /bad\.jsonl:2: found .*expected one JSON object a line/)
    assert.match(await of("gone.csv"), /found nothing at .*gone\.csv/)
  })
})

describe("the labels of a manifest in JSON Lines", () => {
  const of = async (...labels: ReadonlyArray<string>) => {
    const folder = await folderWith()
    const paths = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    const lines = labels.map((label, i) => `{"path": "${paths[i]}", "label": ${label}}\n`)
    await write(folder, { "all.jsonl": lines.join("") })
    return { kind: "manifest", train: join(folder, "all.jsonl") }
  }

  it("may be texts, numbers, and true and false", async () => {
    assert.deepStrictEqual((await packed(await of('"b"', '"a"'))).classNames, ["a", "b"])
    assert.deepStrictEqual((await packed(await of("10", "2", "10.0"))).classNames, ["2", "10"])
    assert.deepStrictEqual((await packed(await of("true", "false"))).classNames, ["false", "true"])
  })

  it("of other types, and numbers that are not exact, are named", async () => {
    const message = await refused(await of("null", '["a"]', '{"id": 1}', "12345678901234567890"))
    assert.match(message, /all\.jsonl:1: found no label/)
    assert.match(message, /all\.jsonl:2: found the label \["a"\], expected a text, a number or true or false/)
    assert.match(message, /all\.jsonl:3: found the label \{"id":1\}/)
    assert.match(message, /all\.jsonl:4: found the label 1234567890123456\d{4}/)
  })
})

describe("the groups and splits of a manifest in JSON Lines", () => {
  const of = async (...rows: ReadonlyArray<string>) => {
    const folder = await folderWith()
    const lines = ["a/1", "a/2", "b/1", "b/2"].map((name, i) => {
      const more = rows[i] === undefined ? "" : `, ${rows[i]}`
      return `{"path": "${name}.png", "label": "${name[0]}"${more}}\n`
    })
    await write(folder, { "all.jsonl": lines.join("") })
    return { kind: "manifest", train: join(folder, "all.jsonl") }
  }

  it("may be texts, numbers, or nothing", async () => {
    const { packed: found } = await packed(
      await of('"group": 7', '"group": "7"', '"group": null, "split": null', '"group": "", "split": "test"'),
    )
    const groups = readFileSync(found?.groups?.path ?? "").subarray(-32)
    const at = (example: number) => groups.subarray(8 * example, 8 * example + 8).toString("hex")
    assert.strictEqual(at(0), at(1))
    assert.strictEqual(new Set([at(0), at(2), at(3)]).size, 3)
  })

  it("of other types, and numbers that are not exact, are named: without its group, an example could be in any split", async () => {
    const groups = await refused(
      await of('"group": 12345678901234567890', '"group": ["p"]', '"group": {"id": 1}', '"group": "p"'),
    )
    assert.match(groups, /all\.jsonl:1: found the group 1234567890123456\d{4}, expected a text, a number/)
    assert.match(groups, /all\.jsonl:2: found the group \["p"\]/)
    assert.match(groups, /all\.jsonl:3: found the group \{"id":1\}/)
    assert.notMatch(groups, /all\.jsonl:4/)
    const splits = await refused(await of('"split": ["test"]'))
    assert.match(splits, /all\.jsonl:1: found the split \["test"\], expected a text, a number/)
  })

  it("that are not train or test are one kind of problem", async () => {
    const message = await refused(await of(...["w", "x", "y", "z"].map((name) => `"split": "${name}"`)))
    assert.match(message, /all\.jsonl:3: found split "y", expected train or test\n {2}and 1 more like them/)
  })
})

describe("a text in another encoding", () => {
  it("is refused, because two names could become one", async () => {
    const folder = await folderWith()
    const latin = Buffer.from("path,label\na/1.png,caf\u00e9\nb/1.png,caf\u00e8\n", "latin1")
    const wide = Buffer.from("\ufeffpath,label\na/1.png,x\n", "utf16le")
    const table = Buffer.from("label,a,b\n\u00e9,1,2\n", "latin1")
    await write(folder, { "latin.csv": latin, "wide.csv": wide, "table.csv": table })
    const of = (name: string, fields: object = { kind: "manifest" }) =>
      refused({ ...fields, train: join(folder, name) })
    assert.match(await of("latin.csv"), /latin\.csv: found bytes that are not UTF-8, expected text in UTF-8/)
    assert.match(await of("wide.csv"), /wide\.csv: found text in UTF-16, expected text in UTF-8/)
    assert.match(
      await of("table.csv", { kind: "table", imageShape: [1, 2] }),
      /table\.csv:2: found a label that is not in UTF-8/,
    )
  })
})

describe("NumPy arrays", () => {
  const images = Uint8Array.from({ length: 48 }, (_, i) => i)
  const arrays = (more: Readonly<Record<string, Uint8Array>> = {}) =>
    zip({
      "x_train.npy": npy(images, [3, 4, 4]),
      "y_train.npy": npy(Uint8Array.from([0, 1, 0]), [3]),
      ...more,
    })
  const withFile = async (content: Uint8Array) => {
    const file = join(scratch, `${made++}.npz`)
    mkdirSync(scratch, { recursive: true })
    writeFileSync(file, content)
    return { kind: "npz", file }
  }

  it("in Fortran order are transposed, and other integers are read", async () => {
    const transposed = Uint8Array.from({ length: 48 }, (_, at) => {
      const [example, row, column] = [at % 3, Math.floor(at / 3) % 4, Math.floor(at / 12)]
      return images[example * 16 + row * 4 + column]
    })
    const labels = new Uint8Array(BigInt64Array.from([0n, 1n, 0n]).buffer)
    const c = await packed(await withFile(arrays()))
    const fortran = await packed(
      await withFile(
        arrays({
          "x_train.npy": npy(transposed, [3, 4, 4], { fortran: true }),
          "y_train.npy": npy(labels, [3], { descr: "<i8" }),
        }),
      ),
    )
    assert.strictEqual(fortran.packed?.digest, c.packed?.digest)
  })

  it("with pickled objects, decimals, other shapes or labels that do not fit are refused", async () => {
    const of = async (more: Readonly<Record<string, Uint8Array>>) => refused(await withFile(arrays(more)))
    const pickled = npy(new Uint8Array(24), [3], { descr: "|O" })
    assert.match(await of({ "y_train.npy": pickled }), /found pickled objects, expected numbers/)
    const decimals = npy(new Uint8Array(192), [3, 4, 4], { descr: "<f4" })
    assert.match(await of({ "x_train.npy": decimals }), /found values of type f4, expected whole numbers/)
    assert.match(
      await of({ "x_train.npy": npy(images, [12, 2, 2]) }),
      /shape \[12, 2, 2\], expected \[examples, 4, 4\]/,
    )
    const two = npy(new Uint8Array(2), [2])
    assert.match(await of({ "y_train.npy": two }), /shape \[2\], expected \[3\], one label for each image/)
    assert.match(await of({ "x_train.npy": npy(images, [4, 4, 4]) }), /found 48 bytes of values, expected 64/)
    assert.match(await of({ "x_train.npy": images }), /found another file, expected an array of numpy\.save/)
    assert.match(
      await refused({ ...(await withFile(arrays())), arrays: { trainImages: "images" } }),
      /found the arrays x_train, y_train, expected an array images/,
    )
  })

  it("with texts as labels have their names, whatever their byte order and encoding", async () => {
    const of = async (bytes: Uint8Array, descr: string, more: object = {}) =>
      (await packed({ ...(await withFile(arrays({ "y_train.npy": npy(bytes, [3], { descr }) }))), ...more }))
        .classNames
    const names = ["cat", "é"]
    const units = [0, 1, 0].flatMap((label) =>
      [...names[label].padEnd(3, "\0")].map((char) => char.codePointAt(0)!),
    )
    const little = Buffer.alloc(36)
    const big = Buffer.alloc(36)
    units.forEach((unit, i) => {
      little.writeUInt32LE(unit, 4 * i)
      big.writeUInt32BE(unit, 4 * i)
    })
    assert.deepStrictEqual(await of(little, "<U3"), names)
    assert.deepStrictEqual(await of(big, ">U3"), names)
    assert.deepStrictEqual(
      await of(Buffer.from("cat\0é\0cat\0".replace("é", "é\0").slice(0, 11)), "|S4"),
      names,
    )
    assert.deepStrictEqual(await of(little, "<U3", { classes: ["é", "cat"] }), ["é", "cat"])
    const images = npy(new Uint8Array(48 * 4), [3, 4, 4], { descr: "<U1" })
    assert.match(
      await refused(await withFile(arrays({ "x_train.npy": images }))),
      /found the pixel "" of type U1, expected pixels 0 to 255/,
    )
    const none = npy(new Uint8Array(0), [10 ** 15], { descr: "|S0" })
    assert.match(await refused(await withFile(arrays({ "y_train.npy": none }))), /found values of type S0/)
    const long = npy(new Uint8Array(3 * 4 * 2000), [3], { descr: "<U2000" })
    assert.match(await refused(await withFile(arrays({ "y_train.npy": long }))), /found values of type U2000/)
  })

  it("in a damaged archive are refused", async () => {
    const whole = arrays()
    assert.match(await refused(await withFile(whole.subarray(0, 200))), /expected a ZIP archive/)
    const changed = Uint8Array.from(whole)
    changed[150] ^= 1
    assert.match(await refused(await withFile(changed)), /content that does not have its checksum/)
    assert.match(
      await refused(await withFile(deflateSync(whole))),
      /found another file, expected a ZIP archive; save the arrays again with numpy\.savez$/,
    )
    const xz = Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4])
    assert.match(
      await refused(await withFile(xz)),
      /found an xz file, expected a ZIP archive; save the arrays again with numpy\.savez$/,
    )
  })
})

describe("CIFAR's binary files", () => {
  const record = (label: number) =>
    Uint8Array.from([label, ...Array.from({ length: 3072 }, (_, i) => i >> 10)])
  const batches = (train: Uint8Array, test: Uint8Array) => ({
    ...Object.fromEntries([1, 2, 3, 4, 5].map((batch) => [`data_batch_${batch}.bin`, train])),
    "test_batch.bin": test,
    "batches.meta.txt": `${[..."jihgfedcba"].join("\n")}\n\n`,
  })
  const fields = (folder: string) => ({
    kind: "cifar",
    labels: 10,
    classes: 10,
    imageShape: [32, 32, 3],
    folder,
  })

  it("become pixels of three bytes, with the names of the file next to them", async () => {
    const folder = join(scratch, "cifar")
    await write(folder, batches(Uint8Array.from([0, 1].flatMap((label) => [...record(label)])), record(9)))
    const fetched = await packed(fields(folder))
    assert.deepStrictEqual(fetched.classNames, [..."jihgfedcba"])
    const loaded = await Effect.runPromise(
      loadDataset(fetched).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    )
    assert.deepStrictEqual([...inMemory(loaded).subarray(0, 6)], [0, 1, 2, 0, 1, 2])
    assert.deepStrictEqual([...loaded.labels], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 9])
  })

  it("that are truncated or have a label beyond the classes are refused", async () => {
    const folder = join(scratch, "cifar-bad")
    await write(folder, batches(record(10), record(9)))
    assert.match(await refused(fields(folder)), /found the label 10 at example 0, expected labels 0 to 9/)
    await write(folder, batches(record(1).subarray(1), record(9)))
    assert.match(await refused(fields(folder)), /found 3072 bytes, expected a multiple of 3073/)
  })
})
